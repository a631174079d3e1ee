"""Claims, contributions and feedback: words of both vocabularies, the checks between amounts, repeated numbers."""

import pytest

from exchange.reader import CLAIMS, CONTRIBUTIONS, FEEDBACK, Context, FileRefused, read
from exchange.reader.duplicates import SeenBefore
from tests.exchange.reader.samples import GOOD_NUMBERS, TODAY, csv_bytes

CLAIM = {
    "claim_no": "S1", "id_number": GOOD_NUMBERS[0], "service": "inpatient", "settled_on": "2023-05-01",
    "hospital_level": "3", "charge_class": "2", "location": "county", "referred": "yes", "major_disease": "yes",
    "control_waived": "no", "chronic_management": "", "total": "100.00", "in_scope": "80.00",
    "out_of_catalogue": "20.00", "basic_paid": "50.00", "other_paid": "0.00",
}  # fmt: skip
NATIONAL = {
    "setl_id": "S1", "certno": GOOD_NUMBERS[0], "setl_time": "2023-05-01 08:00:00", "med_type": "21",
    "medfee_sumamt": "100.00", "fulamt_ownpay_amt": "15.00", "overlmt_selfpay": "5.00", "inscp_scp_amt": "80.00",
    "hifp_pay": "50.00",
}  # fmt: skip


def claims(*rows):
    return list(read(csv_bytes([list(rows[0]), *[list(row.values()) for row in rows]]), CLAIMS, Context(today=TODAY)))


def claim(**cells):
    return claims(CLAIM | cells)[0]


def test_both_vocabularies_mean_the_same():
    ours, theirs = claims(CLAIM)[0].values, claims(NATIONAL)[0].values
    for name in (
        "claim_no",
        "id_number",
        "service",
        "settled_on",
        "total",
        "in_scope",
        "out_of_catalogue",
        "basic_paid",
    ):
        assert ours[name] == theirs[name]
    assert (theirs["referred"], theirs["major_disease"], theirs["other_paid"]) == ("not_needed", False, 0)
    assert (theirs["hospital_level"], theirs["location"], theirs["charge_class"]) == (None, None, None)
    assert (ours["referred"], ours["major_disease"], ours["charge_class"]) == ("yes", True, 2)


@pytest.mark.parametrize(
    ("code", "service"),
    [("21", "inpatient"), ("22", "inpatient"), ("11", "outpatient"), ("13", "outpatient"), ("14", "chronic"),
     ("major_chronic", "major_chronic"), ("special_drug", "special_drug"), ("门诊慢特病", "chronic")],
)  # fmt: skip
def test_services(code, service):
    row = claims(NATIONAL | {"med_type": code})[0]
    assert (row.code, row.values["service"]) == ("", service)


@pytest.mark.parametrize("code", ["12", "24", "41", "51", "x"])
def test_other_services_are_faults_that_name_the_code(code):
    problem = claims(NATIONAL | {"med_type": code})[0].problems[0]
    assert (problem.code, problem.field, problem.header) == ("code_unknown", "service", "med_type")
    assert f"“{code}”" in problem.reason


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({}, "", ""),
        ({"basic_paid": "80.00"}, "", ""),
        ({"basic_paid": "80.01"}, "basic_paid", "basic_paid"),
        ({"basic_paid": "-0.01"}, "basic_paid", "money_negative"),
        ({"out_of_catalogue": "20.01"}, "total", "total"),
        ({"total": "99.99"}, "total", "total"),
        ({"basic_paid": "90.00", "total": "10.00"}, "basic_paid", "basic_paid"),
        ({"in_scope": ""}, "in_scope", "missing"),
        ({"out_of_catalogue": ""}, "out_of_catalogue", "missing"),
        ({"total": "1e2"}, "total", "money"),
        ({"total": "100.001"}, "total", "money_decimals"),
        ({"hospital_level": "4"}, "hospital_level", "code_unknown"),
        ({"charge_class": "0"}, "charge_class", "code_unknown"),
        ({"location": "village"}, "location", "code_unknown"),
        ({"referred": "maybe"}, "referred", "code_unknown"),
        ({"major_disease": "maybe"}, "major_disease", "code_unknown"),
        ({"chronic_management": "daily"}, "chronic_management", "code_unknown"),
        ({"settled_on": "2023-02-29"}, "settled_on", "date"),
        ({"settled_on": ""}, "settled_on", "missing"),
        ({"claim_no": ""}, "claim_no", "missing"),
        ({"claim_no": "2.0230500000000E+17"}, "claim_no", "number_spreadsheet"),
        ({"claim_no": "S" * 41}, "claim_no", "too_long"),
        ({"id_number": ""}, "id_number", "missing"),
    ],
)  # fmt: skip
def test_checks(cells, field, code):
    row = claim(**cells)
    assert row.code == code
    assert [problem.field for problem in row.problems] == [field] * bool(field)
    assert all(problem.reason.endswith("。") for problem in row.problems)


def test_the_two_parts_of_the_cost_outside_the_catalogue():
    rows = claims(
        NATIONAL,
        NATIONAL | {"setl_id": "S2", "overlmt_selfpay": ""},
        NATIONAL | {"setl_id": "S3", "fulamt_ownpay_amt": ""},
        NATIONAL | {"setl_id": "S4", "fulamt_ownpay_amt": "x"},
    )
    assert [row.values["out_of_catalogue"] for row in rows] == [2000, 1500, None, None]
    assert [row.code for row in rows] == ["", "", "missing", "money"]
    assert [len(row.problems) for row in rows] == [0, 0, 1, 1]


def test_one_of_the_ways_to_give_it_must_be_there():
    header = [name for name in CLAIM if name != "out_of_catalogue"]
    with pytest.raises(FileRefused, match="目录外费用或全自费金额"):
        read(csv_bytes([header]), CLAIMS)


def test_a_claim_number_seen_before_is_a_fault_that_names_the_first_row():
    rows = [CLAIM | {"claim_no": name} for name in ("S1", "S2", "S1", "", "", "S2", "S1", "S3")]
    rows[1] |= {"total": "x"}  # refused itself, yet seen
    found = claims(*rows)
    assert [row.code for row in found] == ["", "money", "repeated", "missing", "missing", "repeated", "repeated", ""]
    assert [problem.params["first"] for row in found for problem in row.problems if problem.code == "repeated"] == [
        2,
        3,
        2,
    ]


def test_repeats_are_found_across_batches_and_after_settling(monkeypatch):
    monkeypatch.setattr(SeenBefore, "_RECENT", 50)
    monkeypatch.setattr(SeenBefore, "_FILTER", 1 << 8)  # so narrow that most slots are taken
    seen = SeenBefore()
    expected, known = [], {}
    found = []
    for start in range(0, 3000, 37):
        values = [f"S{(n * 7919) % 2100}" if n % 5 else None for n in range(start, start + 37)]
        lines = range(start + 2, start + 39)
        found += [(lines[i], first) for i, first in seen.repeats(values, lines)]
        for value, line in zip(values, lines, strict=True):
            if value in known:
                expected.append((line, known[value]))
            elif value is not None:
                known[value] = line
    assert found == expected
    assert len(expected) > 100


def test_contributions():
    header = ["身份证号", "姓名", "年度", "金额", "缴费日期", "类型", "档次"]
    good = [GOOD_NUMBERS[0], "张三", "2023", "350.00", "2022-10-23", "缴费", "一档"]
    cases = {
        3: ("退费", ""), 4: ("转移", "code_unknown"), 5: ("", ""),
    }  # fmt: skip
    rows = [
        good,
        *[[*good[:5], kind, ""] for kind, _ in cases.values()],
        [*good[:2], "23", *good[3:]],
        [*good[:3], "", *good[4:]],
    ]
    found = list(read(csv_bytes([header, *rows]), CONTRIBUTIONS, Context(today=TODAY)))
    assert [row.code for row in found] == ["", "", "code_unknown", "", "number", "missing"]
    assert [row.values["kind"] for row in found][:4] == ["payment", "refund", None, "payment"]
    assert found[0].values["tier"] == "一档"


def test_feedback():
    header = ["预警编号", "身份证号", "核实结果", "人员类别", "认定日期", "备注", "核实日期"]
    base = ["W1", GOOD_NUMBERS[0]]
    rows = [
        [*base, "已纳入", "低保对象", "2023-06-01", "", "2023-06-10"],
        [*base, "certified", "", "", "", ""],
        [*base, "已纳入", "困难群众", "", "", ""],
        [*base, "已纳入", "脱贫人口", "", "", ""],
        [*base, "不符合", "", "", "收入超过标准", "2023/6/10"],
        [*base, "already", "", "", "", ""],
        [*base, "查无此人", "", "", "", ""],
        [*base, "待定", "", "", "", ""],
        ["", GOOD_NUMBERS[0], "不符合", "", "", "", ""],
    ]
    found = list(read(csv_bytes([header, *rows]), FEEDBACK, Context(department="civil_affairs", today=TODAY)))
    assert [row.code for row in found] == [
        "",
        "missing",
        "category_unknown",
        "category_not_yours",
        "",
        "",
        "",
        "code_unknown",
        "missing",
    ]
    assert [row.values["result"] for row in found][:7] == ["certified"] * 4 + ["not_eligible", "already", "not_found"]
    assert found[1].problems[0].field == "category"
    assert found[0].values["category"] == "subsistence"
