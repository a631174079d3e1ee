"""The files at the edges: what is refused row by row, what stops a command, and that nothing half-done remains."""

import io
import os
import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from policies.csv_rows import FileError
from policies.file_rows import CLAIM_COLUMNS, People, read_categories, read_claims, read_persons
from policies.files import settle_file, subsidy_file, warnings_file
from policies.statement import explain_claim
from tests.policies.making import CASES, PARAMETERS

GOOD = {
    "claim_no": "A1",
    "id_number": "150500199708130005",
    "service": "inpatient",
    "settled_on": "2023-05-01",
    "hospital_level": "3",
    "charge_class": "1",
    "location": "city",
    "referred": "yes",
    "major_disease": "no",
    "control_waived": "no",
    "chronic_management": "",
    "total": "1000.00",
    "in_scope": "900.00",
    "out_of_catalogue": "100.00",
    "basic_paid": "400.00",
    "other_paid": "0.00",
}
NOBODY = "id_number,category,valid_from,valid_to,approved\n"
NO_VERSION = "政策 tongliao 在 2022-12-31 没有有效的政策版本，请核对结算日期或补充当时的政策文件"
NO_FIGURES = (
    "缺少年度参数：大病保险起付标准（tongliao cii_deductible 2025）、大病保险最高支付限额（tongliao cii_cap 2025）、"
    "全市全体居民人均可支配收入（tongliao income_all_city 2024），"
    "请在参数文件中补充后重新计算"
)
ERRORS_HEAD = "row,field,value,reason\n"


def row(**changes: str) -> str:
    return ",".join({**GOOD, **changes}.values())


def claims_text(*rows: str) -> str:
    return "\n".join([",".join(CLAIM_COLUMNS), *rows]) + "\n"


def settle(tmp_path: Path, claims: str, categories: str = NOBODY, policy: str = "tongliao") -> tuple[str, str | None]:
    """Output and errors file of one run."""
    (tmp_path / "X.csv").write_bytes(claims.encode())
    (tmp_path / "C.csv").write_text(categories, encoding="utf-8")
    output = tmp_path / "out.csv"
    settle_file(policy, PARAMETERS, tmp_path / "C.csv", tmp_path / "X.csv", output)
    errors = tmp_path / "out.csv.errors.csv"
    return output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8") if errors.exists() else None


def numbers(output: str) -> list[str]:
    return [line.split(",")[0] for line in output.splitlines()[1:]]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("claim_no", "", "是空的，请填写"),
        ("id_number", "", "是空的，请填写"),
        ("service", "surgery", "代码不认识，可用：inpatient、outpatient、chronic、major_chronic、special_drug"),
        ("service", "", "代码不认识，可用：inpatient、outpatient、chronic、major_chronic、special_drug"),
        ("settled_on", "2023-02-30", "不是日期，请写成 2023-05-01"),
        ("settled_on", "2023/05/01", "不是日期，请写成 2023-05-01"),
        ("settled_on", "20230501", "不是日期，请写成 2023-05-01"),
        ("settled_on", "2023-W18-1", "不是日期，请写成 2023-05-01"),
        ("settled_on", "", "不是日期，请写成 2023-05-01"),
        ("hospital_level", "4", "代码不认识，可用：1、2、3"),
        ("charge_class", "0", "代码不认识，可用：1、2、3"),
        ("location", "home", "代码不认识，可用：county、city、province、outside"),
        ("referred", "maybe", "代码不认识，可用：yes、no、not_needed"),
        ("referred", "excepted", "代码不认识，可用：yes、no、not_needed"),
        ("major_disease", "是", "代码不认识，可用：yes、no"),
        ("control_waived", "Yes", "代码不认识，可用：yes、no"),
        ("chronic_management", "monthly", "门诊慢特病的管理方式应为 per_visit、annual，其他服务留空"),
        *(
            (field, "-1.00", "金额不能为负数")
            for field in ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")
        ),
        *(
            ("other_paid", value, "不是金额，请写成 1234.50 这样最多两位小数、不带单位和分隔符的数（不超过百亿元）")
            for value in ("abc", "", "1.005", "+1.00", "1e3", ".50", "1.", "１２.00", "1元", "99999999999.00", "nan")
        ),
        ("basic_paid", "900.01", "基本医保支付大于政策范围内费用 900.00，请核对两项金额"),
        ("basic_paid", "901", "基本医保支付大于政策范围内费用 900.00，请核对两项金额"),
        ("total", "999.99", "总费用小于政策范围内费用 900.00 与目录外费用 100.00 之和，请核对"),
        ("settled_on", "2022-12-31", NO_VERSION),
        ("settled_on", "2025-01-01", NO_FIGURES),
    ],
)  # fmt: skip
def test_a_faulty_claim_is_refused_and_the_rest_goes_on(field, value, reason, tmp_path):
    output, errors = settle(tmp_path, claims_text(row(claim_no="A0"), row(**{field: value}), row(claim_no="A2")))
    assert numbers(output) == ["A0", "A2"]
    assert errors == f"{ERRORS_HEAD}3,{field},{value},{reason}\n"


def test_chronic_needs_its_management(tmp_path):
    output, errors = settle(
        tmp_path,
        claims_text(row(service="chronic"), row(claim_no="A2", service="chronic", chronic_management="annual")),
    )
    assert numbers(output) == ["A2"]
    assert errors.splitlines()[1].startswith("2,chronic_management,,")


def test_a_claim_number_seen_before_is_refused_even_if_the_first_was(tmp_path):
    rows = [row(), row(), row(claim_no="B", total="x"), row(claim_no="B"), row(claim_no="C")]
    output, errors = settle(tmp_path, claims_text(*rows))
    assert numbers(output) == ["A1", "C"]
    assert [line.split(",")[:3] for line in errors.splitlines()[1:]] == [
        ["3", "claim_no", "A1"],
        ["4", "total", "x"],
        ["5", "claim_no", "B"],
    ]


def test_lines_are_counted_as_the_file_has_them(tmp_path):
    text = claims_text(
        "", row(), "   ", ",,,,,,,,,,,,,,,", '"B\n1"' + row()[2:], row(claim_no="C", total="x"), "short,row"
    )
    output, errors = settle(tmp_path, text)
    assert output.splitlines()[1:] and "A1" in output
    assert [line.split(",")[:2] for line in errors.splitlines()[1:]] == [["8", "total"], ["9", ""]]


def test_refusals_of_both_kinds_stand_in_the_order_of_the_file(tmp_path):
    rows = [
        row(claim_no="A", settled_on="2025-01-01"),
        row(claim_no="B", total="x"),
        row(claim_no="C", settled_on="2022-01-01"),
    ]
    output, errors = settle(tmp_path, claims_text(*rows))
    assert numbers(output) == []
    assert [line.split(",")[0] for line in errors.splitlines()[1:]] == ["2", "3", "4"]


def test_byte_order_mark_crlf_other_order_and_extra_columns(tmp_path):
    plain, _ = settle(tmp_path, claims_text(row(), row(claim_no="A2", total="1000.5")))
    columns = [*reversed(CLAIM_COLUMNS), "备注"]
    lines = [",".join([*reversed(row(**c).split(",")), "x"]) for c in ({}, {"claim_no": "A2", "total": " 1000.5 "})]
    odd = "\ufeff" + "\r\n".join([",".join(columns), *lines]) + "\r\n\r\n"
    assert settle(tmp_path, odd) == (plain, None)


def test_a_file_without_rows_gives_a_header_alone(tmp_path):
    output, errors = settle(tmp_path, claims_text())
    assert output.count("\n") == 1
    assert errors is None


def test_an_errors_file_of_an_earlier_run_goes(tmp_path):
    assert settle(tmp_path, claims_text(row(total="x")))[1] is not None
    assert settle(tmp_path, claims_text(row()))[1] is None


def test_lower_case_x_of_one_file_meets_upper_case_of_the_other(tmp_path):
    categories = NOBODY + "15050020000101001x,subsistence,2020-01-01,,no\n"
    output, _ = settle(tmp_path, claims_text(row(id_number="15050020000101001X")), categories)
    assert output.splitlines()[1].split(",")[1] == "subsistence"


def test_two_settlement_years_start_from_nothing(tmp_path):
    one = {"total": "14000.00", "in_scope": "14000.00", "out_of_catalogue": "0.00", "basic_paid": "0.00"}
    rows = [
        row(claim_no=f"A{k}", settled_on=day, **one) for k, day in enumerate(("2024-01-01", "2023-12-31", "2023-12-31"))
    ]
    output, _ = settle(tmp_path, claims_text(*rows))
    assert [line.split(",")[2] for line in output.splitlines()[1:]] == ["0.00", "0.00", "8400.00"]


@pytest.mark.parametrize("policy", ["tongliao", "yangcheng"])
def test_the_order_of_rows_does_not_matter(policy, tmp_path):
    folder = CASES / policy
    lines = (folder / "claims.csv").read_text(encoding="utf-8").splitlines()
    expected = (folder / "settle.csv").read_text(encoding="utf-8").splitlines()
    for seed in range(3):
        shuffled = lines[1:]
        random.Random(seed).shuffle(shuffled)
        output, _ = settle(
            tmp_path, "\n".join([lines[0], *shuffled]), (folder / "categories.csv").read_text(encoding="utf-8"), policy
        )
        assert sorted(output.splitlines()) == sorted(expected)


# ———— files that stop a command ————


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "身份文件 C.csv 是空的"),
        ("id_number,category\n1,subsistence\n", "缺少列：valid_from、valid_to、approved"),
        ("id_number,id_number,category,valid_from,valid_to,approved\n", "列重复：id_number"),
        (NOBODY + "1,poor,2020-01-01,,no\n", "第2行 category“poor”不是人员类别代码，可用：extreme_poverty"),
        (NOBODY + "\n1,subsistence,2020-13-01,,no\n", "第3行 valid_from“2020-13-01”不是日期"),
        (NOBODY + "1,subsistence,2020-01-01,2019-12-31,no\n", "第2行 valid_to“2019-12-31”早于 valid_from“2020-01-01”"),
        (NOBODY + "1,subsistence,2020-01-01,,maybe\n", "第2行 approved“maybe”应为 yes 或 no"),
        (NOBODY + ",subsistence,2020-01-01,,no\n", "第2行 id_number 是空的"),
        (NOBODY + "1,subsistence\n", "第2行列数与首行不同"),
        (NOBODY + '1,"subsistence,2020-01-01,,no\n', "引号不成对"),
    ],
)
def test_a_faulty_category_file_stops_everything(text, said, tmp_path):
    (tmp_path / "C.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=said):
        read_categories(tmp_path / "C.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id_number,rural\n", "人员文件 N.csv 缺少列：exempt"),
        ("id_number,rural,exempt\n1,yes,no\n2,rural,no\n", "第3行 rural“rural”应为 yes 或 no"),
        ("id_number,rural,exempt\n1x,yes,no\n1X,no,no\n", "第3行与第2行是同一人"),
        ("id_number,rural,exempt\n,yes,no\n", "第2行 id_number 是空的"),
        ("id_number,rural,exempt\n1,yes\n", "第2行列数与首行不同"),
    ],
)
def test_a_faulty_person_file_stops_everything(text, said, tmp_path):
    (tmp_path / "N.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=said):
        read_persons(tmp_path / "N.csv")


def test_a_file_of_another_encoding_is_named(tmp_path):
    (tmp_path / "X.csv").write_bytes(claims_text(row(claim_no="通辽")).encode("gb18030"))
    with pytest.raises(FileError, match=r"X\.csv 不是 UTF-8 编码"):
        read_claims(tmp_path / "X.csv", People())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match="打不开，请核对路径"):
        read_claims(tmp_path / "gone.csv", People())


def command(tmp_path: Path, name: str = "settle", **changes: object) -> str:
    folder = CASES / "tongliao"
    printed = io.StringIO()
    options = {
        "policy": "tongliao",
        "parameters": PARAMETERS,
        "categories": folder / "categories.csv",
        "claims": folder / "claims.csv",
        "output": tmp_path / "out.csv",
        **changes,
    }
    call_command(name, stdout=printed, **options)
    return printed.getvalue()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claims": Path("gone.csv")}, "打不开"),
        ({"categories": CASES / "tongliao" / "claims.csv"}, "缺少列：category"),
        ({"parameters": CASES / "tongliao" / "claims.csv"}, "首行应为：policy,key,year"),
        ({"output": Path("nowhere") / "out.csv"}, "输出文件夹 nowhere 不存在"),
    ],
)
def test_a_command_that_fails_leaves_the_old_result(changes, said, tmp_path):
    old = tmp_path / "out.csv"
    old.write_text("old", encoding="utf-8")
    with pytest.raises(CommandError, match=said):
        command(tmp_path, **changes)
    assert old.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_an_output_never_overwrites_an_input(tmp_path):
    claims = tmp_path / "claims.csv"
    claims.write_bytes((CASES / "tongliao" / "claims.csv").read_bytes())
    with pytest.raises(CommandError, match="与输入文件相同"):
        command(tmp_path, claims=claims, output=claims)
    with pytest.raises(CommandError, match="是文件夹"):
        command(tmp_path, output=tmp_path)


def test_an_output_never_takes_the_place_of_a_device(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CommandError, match="不是普通文件"):
        command(tmp_path, output=pipe)
    assert pipe.is_fifo()


def test_a_disk_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(CommandError, match="写不进去，请核对权限和磁盘空间"):
        command(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_subsidy_of_a_year_without_figures_names_them(tmp_path):
    folder = CASES / "tongliao"
    with pytest.raises(CommandError, match="tongliao contribution_standard 2030"):
        call_command(
            "subsidy",
            policy="tongliao",
            parameters=PARAMETERS,
            categories=folder / "categories.csv",
            persons=folder / "persons.csv",
            year=2030,
            output=tmp_path / "out.csv",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("on", "said"), [("2024-13-01", "日期“2024-13-01”看不懂"), ("2022-10-31", "没有有效的政策版本")]
)
def test_warnings_on_a_day_that_cannot_be(on, said, tmp_path):
    with pytest.raises(CommandError, match=said):
        command(tmp_path, "warnings", persons=CASES / "tongliao" / "persons.csv", on=on)


def test_warnings_count_claims_up_to_the_day_and_of_the_year(tmp_path):
    one = {"total": "9000.00", "in_scope": "9000.00", "out_of_catalogue": "0.00", "basic_paid": "0.00"}
    days = ("2022-12-31", "2023-01-01", "2023-10-31", "2023-11-01")
    (tmp_path / "X.csv").write_text(
        claims_text(*(row(claim_no=f"A{k}", settled_on=day, **one) for k, day in enumerate(days))), encoding="utf-8"
    )
    (tmp_path / "C.csv").write_text(NOBODY + f"{GOOD['id_number']},marginal_risk,2023-10-31,,no\n", encoding="utf-8")
    (tmp_path / "N.csv").write_text(f"id_number,rural,exempt\n99,yes,no\n{GOOD['id_number']},no,no\n", encoding="utf-8")
    from datetime import date

    done = warnings_file(
        "tongliao",
        PARAMETERS,
        tmp_path / "C.csv",
        tmp_path / "N.csv",
        tmp_path / "X.csv",
        date(2023, 10, 31),
        tmp_path / "o.csv",
    )
    assert (done.written, done.refused) == (1, 1)
    # 18,000 less 60 % of what lies over 14,000.
    assert (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()[1] == (
        f"{GOOD['id_number']},relapse,15600.00,10150.00,no"
    )


def test_subsidy_file_answers_for_people_without_category(tmp_path):
    (tmp_path / "C.csv").write_text(NOBODY, encoding="utf-8")
    (tmp_path / "N.csv").write_text("id_number,rural,exempt\n99,yes,no\n", encoding="utf-8")
    subsidy_file("shannan", PARAMETERS, tmp_path / "C.csv", tmp_path / "N.csv", 2023, tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()[1:] == ["99,none,0.00,0.00,380.00"]


# ———— explain ————


def test_explain_prints_the_statement_in_chinese(tmp_path):
    folder = CASES / "tongliao"
    printed = io.StringIO()
    call_command(
        "explain",
        policy="tongliao",
        parameters=PARAMETERS,
        categories=folder / "categories.csv",
        claims=folder / "claims.csv",
        claim_no="TO000229",
        stdout=printed,
    )
    text = printed.getvalue()
    assert "通政办字〔2022〕143号" in text
    assert "19245.29 × 60% = 11547.17" in text
    assert "10. 个人负担：37240.37元" in text
    assert "大病保险起付标准（2023年）14000.00元：示例，待替换" in text


@pytest.mark.parametrize("policy", ["shannan", "tongliao", "jining", "guangxi", "yangcheng"])
def test_explain_agrees_with_the_file_to_the_fen(policy):
    folder = CASES / policy
    rows = [line.split(",") for line in (folder / "settle.csv").read_text(encoding="utf-8").splitlines()[1:]]
    for cells in [*rows[:6], *rows[-3:]]:
        text = explain_claim(policy, PARAMETERS, folder / "categories.csv", folder / "claims.csv", cells[0])
        if cells[0].startswith("YEAREND"):
            assert f"：{cells[3]}元" in text
        else:
            assert f"政策范围内个人负担：{cells[8]}元" in text
            assert f"个人负担：{cells[9]}元" in text


@pytest.mark.parametrize("claim_no", ["TO999", "YEAREND-1-2023"])
def test_explain_of_an_unknown_claim_is_refused(claim_no):
    folder = CASES / "tongliao"
    with pytest.raises(FileError, match=claim_no):
        explain_claim("tongliao", PARAMETERS, folder / "categories.csv", folder / "claims.csv", claim_no)


def test_parameters_of_the_file_rule_not_those_of_the_system(tmp_path):
    text = PARAMETERS.read_text(encoding="utf-8").replace(
        "tongliao,cii_deductible,2023,14000.00", "tongliao,cii_deductible,2023,0.00"
    )
    (tmp_path / "P.csv").write_text(text, encoding="utf-8")
    (tmp_path / "X.csv").write_text(claims_text(row()), encoding="utf-8")
    (tmp_path / "C.csv").write_text(NOBODY, encoding="utf-8")
    settle_file("tongliao", tmp_path / "P.csv", tmp_path / "C.csv", tmp_path / "X.csv", tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[2] == "300.00"
