"""The five laws as documents, and what the strict parser refuses, with the words that it says."""

import re
from datetime import date

import pytest

from policies.engine import Book, DocumentError, load_book, load_document, parse_document
from policies.engine.codes import CATEGORIES
from policies.engine.parse_work import KINDS
from tests.policies.making import DOCUMENTS, POLICIES, rules_of

KEYS = ("guangxi-2022", "jining-2023", "shannan-2022", "tongliao-2023", "yangcheng-2021", "yangcheng-2022")
COUNTS = {
    "shannan": ("S0", 22),
    "tongliao": ("S1", 27),
    "jining": ("S2", 16),
    "guangxi": ("S3", 20),
    "yangcheng": ("S4", 13),
}
REGIONS = {
    "shannan": "540500000000",
    "tongliao": "150500000000",
    "jining": "370800000000",
    "guangxi": "450000000000",
    "yangcheng": "140522000000",
}
TEXT = (DOCUMENTS / "tongliao-2023.toml").read_text(encoding="utf-8")


def problem(text: str) -> str:
    with pytest.raises(DocumentError) as refused:
        parse_document(text, "test.toml")
    return str(refused.value)


def changed(old: str, new: str, count: int = 1) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, count)


@pytest.mark.parametrize("key", KEYS)
def test_documents_parse_with_source_and_region(key):
    document = load_document(DOCUMENTS / f"{key}.toml")
    assert (document.key, document.region) == (key, REGIONS[document.policy])
    assert document.title
    assert document.issuer
    assert re.fullmatch(r"[0-9a-f]{64}", document.sha256)
    assert set(document.deadlines) == {"accept", "check", "panel", "decide", "pay"}
    assert all(reading.clause in document.clauses for reading in document.readings)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_provision_is_a_clause_of_its_policy(policy):
    prefix, count = COUNTS[policy]
    clauses = {id for document in load_book(DOCUMENTS).versions[policy] for id in document.clauses}
    assert clauses == {f"{prefix}-{number:02d}" for number in range(1, count + 1)}


READ = {
    "shannan": "S0-02 S0-09 S0-10 S0-11 S0-12",
    "tongliao": "S1-02 S1-05 S1-10 S1-11 S1-12 S1-13 S1-14 S1-16 S1-19 S1-21 S1-23",
    "jining": "S2-06 S2-08",
    "guangxi": "S3-03 S3-09 S3-10 S3-13 S3-16",
    "yangcheng": "S4-02 S4-04 S4-05 S4-06",
}


@pytest.mark.parametrize(("policy", "clause"), [(p, c) for p, cs in READ.items() for c in cs.split()])
def test_where_the_text_leaves_room_the_reading_stands_beside_the_clause(policy, clause):
    for document in load_book(DOCUMENTS).versions[policy]:
        if clause in document.clauses:
            assert [reading.text for reading in document.readings if reading.clause == clause]


def test_every_figure_of_the_parameter_file_is_known_to_its_policy():
    rules = rules_of("shannan")
    rules.parameters.check(rules.book.parameter_keys())


def test_s4_02_two_versions_meet_without_gap():
    first, second = load_book(DOCUMENTS).versions["yangcheng"]
    assert (first.valid_to, second.valid_from) == (date(2021, 12, 31), date(2022, 1, 1))


def test_categories_carry_the_official_labels():
    assert [(c.code, c.label) for c in CATEGORIES[:1]] == [("extreme_poverty", "特困人员（五保）")]
    assert len({c.label for c in CATEGORIES}) == len(CATEGORIES) == 16


# ———— categories that cannot hold at once ————


def pairs_of(policy: str) -> set[frozenset[str]]:
    document = rules_of(policy).book.versions[policy][-1]
    return {frozenset(pair) for rule in document.exclusive for pair in rule.pairs()}


def test_s1_02_the_test_presupposes_that_no_other_category_fits():
    assert {frozenset({"illness_poverty", one}) for one in ("extreme_poverty", "subsistence", "subsistence_margin")} < (
        pairs_of("tongliao")
    )


@pytest.mark.parametrize("policy", ["shannan", "tongliao", "jining", "guangxi", "yangcheng"])
def test_who_is_monitored_has_not_left_poverty_unmonitored(policy):
    assert {frozenset({"exited_poverty", one}) for one in ("unstable_exit", "marginal_risk", "sudden_hardship")} < (
        pairs_of(policy)
    )


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('who = ["孤儿", "事实无人抚养儿童"]\n\n', 'who = ["孤儿"]\n\n', "exclusive[3].who"),
        ('others = ["特困', 'others = ["因病致贫重病患者", "特困', "exclusive[2].others"),
    ],
)
def test_a_category_is_not_excluded_from_itself(old, new, key):
    assert old in TEXT
    with pytest.raises(DocumentError) as told:
        parse_document(TEXT.replace(old, new, 1), "tongliao-2023.toml")
    assert told.value.key == key


# ———— calendar, targets, duties ————


def due_of(policy: str, clause: str) -> list[tuple[str, str, int]]:
    document = rules_of(policy).book.versions[policy][-1]
    return [(o.every, o.due.kind, o.due.number) for o in document.obligations if clause in o.clauses]


def test_s1_03_targets_of_enrolment():
    targets = {t.name: t.value for t in rules_of("tongliao").book.versions["tongliao"][0].targets}
    assert targets == {"基本医疗保险参保率": 9_500, "困难群众参保率": 10_000}


def test_s1_04_rosters_by_the_20th():
    assert due_of("tongliao", "S1-04") == [("month", "day_of_month", 20)]
    obligation = rules_of("tongliao").book.versions["tongliao"][0].obligations[0]
    assert obligation.by == ("民政", "乡村振兴", "残联")


def test_s1_06_within_a_month_after_the_window():
    assert due_of("tongliao", "S1-06") == [("year", "months", 1)]


def test_s1_17_monthly_push_and_reply():
    assert due_of("tongliao", "S1-17") == [("month", "end_of_month", 0)] * 2


def test_s2_03_target_of_enrolment():
    assert [t.value for t in rules_of("jining").book.versions["jining"][0].targets] == [9_900]


def test_s2_05_before_the_window_closes():
    assert due_of("jining", "S2-05") == [("year", "before", 0)]


def test_s3_01_all_enrolled_by_the_end_of_december():
    assert due_of("guangxi", "S3-01") == [("year", "day_of_year", 31)]
    assert [t.value for t in rules_of("guangxi").book.versions["guangxi"][0].targets] == [10_000]


def test_s3_05_first_five_working_days():
    assert due_of("guangxi", "S3-05") == [("month", "working_day_of_month", 5)]


def test_s3_06_five_working_days_after_roster_and_payment():
    assert due_of("guangxi", "S3-06") == [("time", "working_days", 5)] * 2 + [("month", "end_of_month", 0)]


def test_s4_11_plan_items_have_an_owner_section_and_a_date():
    document = rules_of("yangcheng").book.versions["yangcheng"][-1]
    items = [o for o in document.obligations if "S4-11" in o.clauses]
    assert {o.by for o in items} == {("征缴股",), ("待遇股",), ("慢病股",)}
    assert all(o.due.kind == "on_date" and o.due.day for o in items)


def test_s4_12_full_coverage_due_on_28_february_2022():
    document = rules_of("yangcheng").book.versions["yangcheng"][-1]
    assert [(t.value, t.due) for t in document.targets if "S4-12" in t.clauses] == [(10_000, date(2022, 2, 28))]


def test_s4_13_about_seventy_five_per_cent():
    document = rules_of("yangcheng").book.versions["yangcheng"][-1]
    assert [(t.value, t.about) for t in document.targets if "S4-13" in t.clauses] == [(7_500, True)]


# ———— what is refused ————


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('ratio = "70%"', 'ratio = "70"', ["assistance.rules[2].ratio", "“70”", "写成“70%”"]),
        ('ratio = "70%"', 'ratio = "170%"', ["assistance.rules[2].ratio", "超过100%"]),
        ('ratio = "70%"', "ratio = 70", ["assistance.rules[2].ratio", "加引号的文字"]),
        ('limit = "130000元"', 'limit = "130000"', ["assistance.rules[2].limit", "缺少单位", "“3000元”", "“不设”"]),
        ('limit = "130000元"', 'limit = "70%"', ["assistance.rules[2].limit", "“70%”"]),
        ('limit = "130000元"', 'limit = "13.001元"', ["assistance.rules[2].limit", "“13.001元”"]),
        ('limit = "130000元"', 'limits = "130000元"', ["assistance.rules[2].limit", "缺少这一项"]),
        ('limit = "130000元"', 'limit = "130000元"\nceil = "1元"', ["assistance.rules[2].ceil：不认识这一项", "limit"]),
        ("（上年）× 10%", "（前年）× 10%", ["assistance.rules[4].deductible", "看不懂"]),
        ("人均可支配收入（上年）× 10%", "人均收入（上年）× 10%", ["没有在 parameters 中登记", "全市全体"]),
        ('deductible = "降低50%"', 'deductible = "50%"', ["critical_illness.tilt[1].deductible", "写成“降低50%”"]),
        ('ratio = "提高5个百分点"', 'ratio = "提高5%"', ["critical_illness.tilt[1].ratio", "写成“提高5个百分点”"]),
        ('who = ["特困人员（五保）"]', 'who = ["五保户"]', ["assistance.rules[1].who", "“五保户”", "特困人员（五保）"]),
        ('who = ["特困人员（五保）"]', 'who = ["孤儿"]', ["assistance.rules[1].who", "没有列入 categories.order"]),
        ('who = ["特困人员（五保）"]', "who = []", ["assistance.rules[1].who", "是空的"]),
        ('who = ["低保对象", "返贫致贫人口"]', 'who = ["低保对象", "低保对象"]', ["who", "“低保对象”重复"]),
        ('services = ["住院"]', 'services = ["急诊"]', ["assistance.deductibles[1].services", "“急诊”", "门诊特药"]),
        ('clauses = ["S1-22"]', 'clauses = ["S1-99"]', ["duties[1].clauses", "S1-99 没有列出"]),
        ('clauses = ["S1-22"]', 'clauses = ["S1-18"]', ["clauses S1-22", "没有任何规则引用这一条款"]),
        ('id = "S1-02"', 'id = "S1-01"', ["clauses[2].id", "S1-01 重复"]),
        ('clause = "S1-02"', 'clause = "S1-88"', ["readings[3].clause", "S1-88 没有列出"]),
        ('key = "cii_cap"', 'key = "cii_deductible"', ["parameters[5].key", "重复登记"]),
        ("valid_from = 2023-01-01", 'valid_from = "2023-01-01"', ["document.valid_from", "不加引号写成 2023-01-01"]),
        ("valid_from = 2023-01-01", "valid_from = 2023-01-01\nvalid_to = 2022-12-31", ["valid_to", "早于生效日期"]),
        ("valid_from = 2023-01-01", "", ["document.valid_from", "缺少这一项"]),
        ('region = "150500000000"', 'region = "150500"', ["document.region", "12位行政区划代码"]),
        ("referral_needed = true", 'referral_needed = "是"', ["assistance.referral_needed", "true（是）"]),
        ('due = "20日"', 'due = "第20日"', ["obligations[1].due", "“第20日”看不懂", "前5个工作日"]),
        ('every = "每月"', 'every = "每周"', ["obligations[1].every", "“每周”不在可选范围内"]),
        ('every = "每月"\ndue = "20日"', 'every = "每月"\ndue = "12月31日"', ["obligations[1].due", "不相配"]),
        ('accept = "5个工作日"', 'accept = "5天"', ["deadlines.accept", "带单位写成“5个工作日”"]),
        ('payer = "市级财政"\nshare = "20%"', 'payer = "市级财政"\nshare = "30%"', ["funding.shares", "合计应为100%"]),
        ('fund = "45%"', 'fund = "45%"\nperson = "55%"', ["subsidy.rules[2]", "只写明一方的数额"]),
        ('compare = "超过"', 'compare = "多于"', ["warnings.lines[1].compare", "超过、达到"]),
        ('hospital_level = "三级"', 'hospital_level = "二级"', ["control.shares", "写了两个比例"]),
        ('months = "12个月"', 'months = "12"', ["need_test.months", "带单位写成“5个月”"]),
        ("[categories]", "[category]", ["categories", "缺少 [categories] 小节"]),
        ('policy = "tongliao"', 'policy = "tongliao"\npolicy = "jining"', ["行", "列有重复的项"]),
        ("[document]", "[document", ["写法有误"]),
        ("# ———— 筹资 ————", "[extra]\nx = 1", ["extra", "不认识这一项"]),
    ],
)  # fmt: skip
def test_a_faulty_document_is_refused_with_place_and_remedy(old, new, said):
    message = problem(changed(old, new))
    assert message.startswith("政策文件 test.toml")
    for words in said:
        assert words in message


def test_two_rules_for_one_case_are_an_overlap():
    rule = TEXT[
        TEXT.index('[[assistance.rules]]\nname = "特困人员住院救助"') : TEXT.index(
            '[[assistance.rules]]\nname = "低保对象、返贫'
        )
    ]
    message = problem(TEXT.replace(rule, rule + rule.replace("特困人员住院救助", "再来一条")))
    assert "assistance.rules[2]" in message
    assert "“特困人员（五保）”的“住院”已由“特困人员住院救助”规定，有效期重叠" in message


def test_the_same_rule_in_other_years_is_no_overlap():
    rule = TEXT[
        TEXT.index('[[assistance.rules]]\nname = "特困人员住院救助"') : TEXT.index(
            '[[assistance.rules]]\nname = "低保对象、返贫'
        )
    ]
    split = rule.rstrip() + "\nvalid_to = 2023-12-31\n\n" + rule.rstrip() + "\nvalid_from = 2024-01-01\n\n"
    document = parse_document(TEXT.replace(rule, split), "test.toml")
    assert [r.valid[1].year for r in document.assistance.rules[:2]] == [2023, 9999]


def test_a_year_without_rule_between_two_rules_is_a_gap():
    rule = TEXT[
        TEXT.index('[[assistance.rules]]\nname = "特困人员住院救助"') : TEXT.index(
            '[[assistance.rules]]\nname = "低保对象、返贫'
        )
    ]
    split = rule.rstrip() + "\nvalid_to = 2023-12-31\n\n" + rule.rstrip() + "\nvalid_from = 2025-01-01\n\n"
    message = problem(TEXT.replace(rule, split))
    assert "“特困人员（五保）”的“住院”在 2023-12-31 与 2025-01-01 之间没有规则" in message
    text = (DOCUMENTS / "guangxi-2022.toml").read_text(encoding="utf-8")
    start = text.index('[[subsidy.rules]]\nname = "脱贫人口渐退资助（2023年）"')
    message = problem(text[:start] + text[text.index('[[subsidy.rules]]\nname = "脱贫人口渐退资助（2024年）"') :])
    assert "“脱贫人口（未纳入监测）”的“参保资助”在 2022-12-31 与 2024-01-01 之间没有规则" in message


@pytest.mark.parametrize(
    ("line", "said"),
    [("valid_to = 2023-06-30", "应为某年12月31日"), ("valid_from = 2023-06-30", "应为某年1月1日")],
)
def test_rules_begin_and_end_with_the_year(line, said):
    assert said in problem(changed('limit = "130000元"', f'limit = "130000元"\n{line}'))


def test_a_deductible_needs_a_base():
    text = changed('[[assistance.deductibles]]\nclauses = ["S1-11"]\nservices = ["住院"]', "")
    assert "没有列入 assistance.deductibles 的累计范围" in problem(text)


def test_two_subsidies_in_one_year_are_an_overlap():
    text = changed('who = ["低保对象", "返贫致贫人口"]\nfund', 'who = ["低保对象", "孤儿"]\nfund')
    assert "“孤儿”在同一年度有两条资助规则" in problem(text)


@pytest.mark.parametrize(
    ("valid_to", "said"), [("2021-12-30", "有空档"), ("2022-01-01", "有效期重叠"), (None, "有效期重叠")]
)
def test_versions_with_a_gap_or_an_overlap_in_time_are_refused(valid_to, said):
    text = (DOCUMENTS / "yangcheng-2021.toml").read_text(encoding="utf-8")
    text = text.replace("valid_to = 2021-12-31\n", f"valid_to = {valid_to}\n" if valid_to else "")
    first, second = parse_document(text, "yangcheng-2021.toml"), load_document(DOCUMENTS / "yangcheng-2022.toml")
    with pytest.raises(DocumentError, match=said) as refused:
        Book([second, first])
    assert "yangcheng-2022.toml，document.valid_from" in str(refused.value)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(DocumentError, match=r"gone\.toml：打不开"):
        load_document(tmp_path / "gone.toml")
    (tmp_path / "gbk.toml").write_bytes("title = '通辽'".encode("gb18030"))
    with pytest.raises(DocumentError, match="不是 UTF-8 编码"):
        load_document(tmp_path / "gbk.toml")
    with pytest.raises(DocumentError, match="没有政策文件"):
        load_book(tmp_path / "nothing")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "tongliao-2023.toml").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert load_document(tmp_path / "tongliao-2023.toml").policy == "tongliao"


def test_warning_kinds_have_chinese_names():
    assert set(KINDS) == {"因病致贫", "因病返贫"}


@pytest.mark.parametrize(
    ("key", "events"),
    [
        ("shannan-2022", ["warnings", "roster", "monastic_roster"]),
        ("tongliao-2023", ["roster", "warnings", "feedback", "subsidy_request"]),
        ("jining-2023", ["warnings", "subsidy_money", "out_of_catalogue", ""]),
        ("yangcheng-2022", ["target", "", "", ""]),
    ],
)
def test_obligations_say_what_fulfils_them(key, events):
    (document,) = [one for one in rules_of(key.split("-")[0]).book.versions[key.split("-")[0]] if one.key == key]
    assert [duty.event for duty in document.obligations] == events
