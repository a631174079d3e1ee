"""Subsidised contributions: every rule of the five policies, the highest once, and the working."""

import pytest

from policies.engine import (
    MONITORED,
    MissingParameter,
    NotGoverned,
    NoVersion,
    Rules,
    held_in,
    parse_parameters,
    subsidy_of,
    subsidy_table,
)
from policies.engine.codes import CATEGORY_CODES
from tests.policies.making import PARAMETERS, POLICIES, fen, held, rules_of

LOW_INCOME = ("unstable_exit", "marginal_risk", "sudden_hardship", "subsistence_margin")


def shares(policy: str, year: int, *codes: str, exempt: bool = False) -> tuple[str, float, float, float]:
    found = subsidy_of(rules_of(policy), year, held(*codes, approved=False), exempt)
    return found.category, found.fund / 100, found.county_finance / 100, found.person / 100


@pytest.mark.parametrize("code", ["extreme_poverty", "severe_disability", "orphan"])
def test_s0_01_full_at_the_highest_tier(code):
    assert shares("shannan", 2022, code) == (code, 350, 0, 0)


@pytest.mark.parametrize("code", ["subsistence", "relapsed_poverty", *LOW_INCOME])
def test_s0_02_the_person_pays_a_tenth_of_the_highest_tier(code):
    assert shares("shannan", 2023, code) == (code, 342, 0, 38)


def test_s0_02_the_persons_tenth_is_rounded_and_the_fund_pays_the_rest():
    text = PARAMETERS.read_text(encoding="utf-8").replace("tier,2023,380.00", "tier,2023,380.05")
    rules = Rules(rules_of("shannan").book, "shannan", parse_parameters(text))
    found = subsidy_of(rules, 2023, held("subsistence"))
    assert (found.fund, found.person) == (38_005 - 3_801, 3_801)


def test_s0_02_relapsed_poverty_and_low_income_until_2025_subsistence_without_end():
    rules = subsidy_table(rules_of("shannan"), 2022).subsidy.rules
    until = {code: rule.years[1] for rule in rules for code in rule.who}
    assert {until[code] for code in ("relapsed_poverty", *LOW_INCOME)} == {2025}
    assert until["subsistence"] == until["orphan"] > 2900


@pytest.mark.parametrize("code", ["exited_poverty", "exited_2014_2015"])
def test_s0_03_former_poor_who_are_not_monitored_have_left(code):
    assert shares("shannan", 2022, code) == ("none", 0, 0, 350)


def test_s0_03_the_older_policy_of_2021_is_not_this_document():
    with pytest.raises(NoVersion, match="shannan"):
        subsidy_of(rules_of("shannan"), 2021, held("subsistence"))


@pytest.mark.parametrize(
    ("first", "last"), [("2022-12-31", None), ("2010-01-01", "2022-01-01"), ("2022-06-01", "2022-06-01")]
)
def test_s0_04_one_day_of_the_year_is_enough(first, last):
    assert held_in(2022, held("subsistence", since=first, until=last)) == {"subsistence"}
    assert held_in(2022, held("subsistence", since="2023-01-01") + held("orphan", until="2021-12-31")) == set()


def test_s0_04_the_highest_of_several_once():
    assert shares("shannan", 2022, "subsistence", "severe_disability") == ("severe_disability", 350, 0, 0)


@pytest.mark.parametrize("code", ["extreme_poverty", "orphan", "unsupported_child"])
def test_s1_05_full(code):
    assert shares("tongliao", 2023, code) == (code, 350, 0, 0)


@pytest.mark.parametrize("code", ["subsistence", "relapsed_poverty"])
def test_s1_05_forty_five_per_cent(code):
    assert shares("tongliao", 2023, code) == (code, 157.5, 0, 192.5)


def test_s1_07_highest_subsidy_once_and_ties_in_order():
    assert shares("tongliao", 2023, "subsistence", "orphan") == ("orphan", 350, 0, 0)
    assert shares("tongliao", 2023, "relapsed_poverty", "subsistence")[0] == "subsistence"
    assert shares("tongliao", 2023, "unsupported_child", "orphan", "extreme_poverty")[0] == "extreme_poverty"


@pytest.mark.parametrize("code", [*MONITORED, "subsistence_margin", "illness_poverty", "exited_poverty"])
def test_s1_05_nobody_else(code):
    assert shares("tongliao", 2024, code) == ("none", 0, 0, 380)


@pytest.mark.parametrize(
    ("code", "exempt", "expected"),
    [
        ("extreme_poverty", False, (380, 0, 0)),
        ("subsistence", False, (300, 80, 0)),
        *((code, True, (280, 100, 0)) for code in ("relapsed_poverty", "subsistence_margin", *MONITORED)),
        *((code, False, (280, 0, 100)) for code in ("relapsed_poverty", "subsistence_margin", *MONITORED)),
    ],
)
def test_s2_01_fund_county_finance_and_person(code, exempt, expected):
    assert shares("jining", 2024, code, exempt=exempt) == (code, *expected)


def test_s2_01_never_more_than_the_contribution():
    text = PARAMETERS.read_text(encoding="utf-8").replace("standard,2024,380.00", "standard,2024,250.00")
    rules = Rules(rules_of("jining").book, "jining", parse_parameters(text))
    for code in ("subsistence", "marginal_risk"):
        found = subsidy_of(rules, 2024, held(code), exempt=True)
        assert (found.fund, found.county_finance, found.person) == (fen(250), 0, 0)


@pytest.mark.parametrize("code", MONITORED)
def test_s3_02_sixty_per_cent_from_the_fund(code):
    assert shares("guangxi", 2024, code) == (code, 228, 0, 152)


@pytest.mark.parametrize(("year", "percent"), [(2022, 60), (2023, 50), (2024, 40), (2025, 30)])
def test_s3_03_former_poor_step_down_at_county_finance(year, percent):
    standard = {2022: 320, 2023: 350, 2024: 380, 2025: 400}[year]
    paid = standard * percent / 100
    assert shares("guangxi", year, "exited_poverty") == ("exited_poverty", 0, paid, standard - paid)
    least = standard * 30 / 100
    assert shares("guangxi", year, "exited_2014_2015") == ("exited_2014_2015", 0, least, standard - least)


def test_s3_04_the_highest_counts():
    assert shares("guangxi", 2024, "exited_poverty", "marginal_risk")[0] == "marginal_risk"
    # In 2022 both come to 60 %: the order decides.
    assert shares("guangxi", 2022, "exited_poverty", "marginal_risk") == ("marginal_risk", 192, 0, 128)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("extreme_poverty", (320, 0, 0)),
        ("relapsed_poverty", (288, 0, 32)),
        ("subsistence", (280, 0, 40)),
        ("unstable_exit", (280, 0, 40)),
        ("marginal_risk", (280, 0, 40)),
    ],
)
def test_s4_01_amounts_of_2022(code, expected):
    assert shares("yangcheng", 2022, code) == (code, *expected)


@pytest.mark.parametrize("code", ["exited_poverty", "exited_2014_2015", "sudden_hardship"])
def test_s4_01_none_for_the_others(code):
    assert shares("yangcheng", 2022, code) == ("none", 0, 0, 320)


def test_s4_01_eighty_per_cent_once_it_is_more_than_280():
    text = PARAMETERS.read_text(encoding="utf-8").replace("standard,2023,350.00", "standard,2023,360.00")
    rules = Rules(rules_of("yangcheng").book, "yangcheng", parse_parameters(text))
    assert subsidy_of(rules, 2023, held("subsistence")).fund == fen(288)


def test_s4_01_monitored_who_are_also_subsistence_go_by_subsistence():
    assert shares("yangcheng", 2023, "marginal_risk", "subsistence") == ("subsistence", 280, 0, 70)
    alone = subsidy_of(rules_of("yangcheng"), 2023, held("marginal_risk", "subsistence"))
    assert [code for code, _ in alone.considered] == ["subsistence"]


def test_s4_01_not_in_the_version_of_2021():
    with pytest.raises(NotGoverned, match="没有规定 2021 年度的参保资助"):
        subsidy_of(rules_of("yangcheng"), 2021, [])


@pytest.mark.parametrize("policy", POLICIES)
def test_shares_add_up_for_every_pair_of_categories(policy):
    table = subsidy_table(rules_of(policy), 2023)
    for one in CATEGORY_CODES:
        for other in CATEGORY_CODES:
            for exempt in (False, True):
                found = table.of({one, other}, exempt)
                parts = (found.fund, found.county_finance, found.person)
                assert sum(parts) == table.base
                assert min(parts) >= 0
                assert found.subsidy == max([0, *(amount for _, amount in found.considered)])


def test_the_working_names_base_rule_and_clause():
    found = subsidy_of(rules_of("yangcheng"), 2023, held("subsistence"))
    assert [(line.step, line.amount) for line in found.lines] == [
        ("base", fen(350)),
        ("category", None),
        ("fund", fen(280)),
        ("person", fen(70)),
    ]
    assert "× 80%，不低于 280元" in found.lines[2].formula
    assert found.lines[2].clauses == ("S4-01",)
    assert "350.00元：已公布" in found.lines[0].marks[0]


def test_the_working_says_why_nothing_is_paid():
    found = subsidy_of(rules_of("tongliao"), 2023, held("special_care"))
    assert [line.step for line in found.lines] == ["base", "person"]
    assert "没有可以资助的身份" in found.lines[1].formula


def test_a_missing_contribution_standard_is_named():
    with pytest.raises(MissingParameter, match="tongliao contribution_standard 2030"):
        subsidy_of(rules_of("tongliao"), 2030, [])
