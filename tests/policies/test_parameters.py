"""The yearly figures: strict to parse, marked as published or illustrative, named when missing."""

from datetime import date

import pytest

from policies.engine import MissingParameter, ParameterError, Rules, load_parameters, parse_parameters
from tests.policies.making import PARAMETERS, claim, fen, held, rules_of, settle_one

HEAD = "policy,key,year,value,status,source\n"
ROW = "tongliao,cii_cap,2023,300000.00,illustrative,to be replaced\n"


def test_the_shipped_figures_say_where_they_come_from():
    rows = list(load_parameters(PARAMETERS))
    assert {row.status for row in rows} == {"published", "illustrative"}
    assert all(row.source for row in rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["是空的", "policy,key,year"]),
        ("policy,key,year,value,status\n", ["首行应为", "现在是"]),
        (HEAD + ROW + ROW, ["第3行与第2行重复", "tongliao cii_cap 2023"]),
        (HEAD + ROW.replace("illustrative", "guess"), ["第2行", "“guess”", "published（已公布）"]),
        (HEAD + ROW.replace("2023", "23"), ["第2行", "year“23”"]),
        (HEAD + ROW.replace("300000.00", "300,000.00"), ["第2行有7列，应为6列"]),
        (HEAD + ROW.replace("300000.00", '"300,000.00"'), ["value“300,000.00”", "千位分隔符"]),
        (HEAD + ROW.replace("300000.00", "-1"), ["value“-1”"]),
        (HEAD + ROW.replace("to be replaced", ""), ["第2行缺少 source"]),
        (HEAD + "\n" + ROW.replace("cii_cap", ""), ["第3行缺少 key"]),
        (HEAD + '"tongliao', ["引号不成对"]),
    ],
)
def test_a_faulty_file_is_refused_with_line_and_remedy(text, said):
    with pytest.raises(ParameterError) as refused:
        parse_parameters(text, "P.csv")
    assert str(refused.value).startswith("参数文件 P.csv")
    for words in said:
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [(ROW.replace("tongliao", "tonglia"), "“tonglia”不存在"), (ROW.replace("cii_cap", "cii_cup"), "没有参数“cii_cup”")],
)
def test_slips_in_names_are_refused(row, said):
    with pytest.raises(ParameterError, match=said):
        parse_parameters(HEAD + row).check(rules_of("tongliao").book.parameter_keys())


def with_figure(policy: str, old: str, new: str) -> Rules:
    text = PARAMETERS.read_text(encoding="utf-8")
    assert old in text
    return Rules(rules_of(policy).book, policy, parse_parameters(text.replace(old, new)))


def test_an_empty_cap_is_no_cap():
    rules = with_figure("tongliao", "tongliao,cii_cap,2023,300000.00", "tongliao,cii_cap,2023,")
    from policies.engine import State, settle_claim

    settled = settle_claim(rules, State(cii_base=fen(14_000), cii_paid=fen(900_000)), claim("2023-05-01", 1_000), [])
    assert settled.cii_paid == fen(600)


@pytest.mark.parametrize(
    ("policy", "old", "new", "said"),
    [
        ("tongliao", "cii_deductible,2023,14000.00", "cii_deductible,2023,", "没有数值"),
        ("tongliao", "cii_deductible,2023,14000.00", "cii_deductible,2023,14000.001", "位数过多"),
        ("jining", "cii_ratio,2023,0.60", "cii_ratio,2023,0.60001", "位数过多"),
        ("jining", "cii_ratio,2023,0.60", "cii_ratio,2023,60", "超过100%"),
        ("jining", "cii_ratio,2023,0.60", "cii_ratio,2023,0.96", "倾斜后的支付比例超过100%"),
    ],
)
def test_a_figure_that_cannot_be_used_is_refused(policy, old, new, said):
    with pytest.raises(ParameterError, match=said):
        with_figure(policy, old, new).table_on(date(2023, 5, 1))


@pytest.mark.parametrize(
    ("policy", "day", "missing"),
    [
        (
            "tongliao",
            "2025-01-01",
            "（tongliao cii_deductible 2025）、.+（tongliao cii_cap 2025）、.+（tongliao income_all_city 2024）",
        ),
        ("shannan", "2025-01-01", "shannan income_all_region 2024"),
        ("jining", "2025-01-01", "jining cii_deductible 2025"),
    ],
)
def test_a_missing_figure_is_named_with_policy_key_and_year(policy, day, missing):
    with pytest.raises(MissingParameter, match=missing):
        settle_one(policy, [], claim(day, 100))


def test_the_mark_goes_wherever_the_figure_goes():
    lines = settle_one("tongliao", held("subsistence_margin"), claim("2023-05-01", 20_000)).lines
    marked = {line.step: line.marks for line in lines if line.marks}
    assert set(marked) == {"cii_payable", "cii", "assistance_payable", "top_up_payable"}
    assert all("示例，待替换" in mark for marks in marked.values() for mark in marks)
