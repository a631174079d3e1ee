"""The S1-02 test of a household, leg by leg, and the funding of S1-08."""

from dataclasses import replace
from datetime import date

import pytest

from policies.engine import Household, NotGoverned, fund_due, months_of, need_test
from tests.policies.making import fen, rules_of

# Three persons: income per head 28,499.99 < 28,500; after costs 12,299.99 < 1.5 × 8,200.
HOUSEHOLD = Household(
    persons=3,
    income=3 * fen(28_500) - 1,
    costs_borne=3 * fen(16_200),
    locally_registered=True,
    seriously_ill=True,
    property_within_rules=True,
)
DAY = date(2023, 5, 10)


def failed(household: Household) -> list[str]:
    result = need_test(rules_of("tongliao"), DAY, household)
    assert result.passed == all(leg.passed for leg in result.legs)
    return [leg.name for leg in result.legs if not leg.passed]


def test_s1_02_passes_when_every_leg_does():
    assert failed(HOUSEHOLD) == []


@pytest.mark.parametrize(
    ("change", "leg"),
    [
        ({"locally_registered": False}, "local"),
        ({"seriously_ill": False}, "illness"),
        ({"categories": frozenset({"subsistence"})}, "not_otherwise_eligible"),
        ({"categories": frozenset({"extreme_poverty"})}, "not_otherwise_eligible"),
        ({"categories": frozenset({"subsistence_margin"})}, "not_otherwise_eligible"),
        ({"property_within_rules": False}, "property"),
        ({"income": 3 * fen(28_500), "costs_borne": 3 * fen(20_000)}, "income"),
        ({"costs_borne": 3 * fen(16_200) - 1}, "after_costs"),
    ],
)
def test_s1_02_each_leg_alone_decides(change, leg):
    assert failed(replace(HOUSEHOLD, **change)) == [leg]


def test_s1_02_monitored_people_may_apply():
    assert failed(replace(HOUSEHOLD, categories=frozenset({"marginal_risk"}))) == []


def test_s1_02_costs_above_income_leave_a_negative_income():
    result = need_test(rules_of("tongliao"), DAY, replace(HOUSEHOLD, costs_borne=fen(200_000)))
    leg = next(leg for leg in result.legs if leg.name == "after_costs")
    assert leg.passed
    assert leg.line.amount < 0


def test_s1_02_every_leg_shows_its_figures_and_is_stored():
    stored = need_test(rules_of("tongliao"), DAY, HOUSEHOLD).as_dict()
    income = next(leg for leg in stored["legs"] if leg["name"] == "income")
    assert "85499.99 ÷ 3人 = 28500.00，低于 28500.00" in income["formula"]
    assert income["clauses"] == ["S1-02"]
    assert income["marks"] == ["全市全体居民人均可支配收入（2022年）28500.00元：示例，待替换"]
    after = next(leg for leg in stored["legs"] if leg["name"] == "after_costs")
    assert "年最低生活保障标准（2023年）8200.00元 × 150%" in after["formula"]
    assert "12个月" in after["reading"]


def test_s1_02_twelve_months_before_the_month_of_application():
    assert months_of(rules_of("tongliao"), DAY) == (date(2022, 5, 1), date(2023, 4, 30))
    assert months_of(rules_of("tongliao"), date(2024, 1, 31)) == (date(2023, 1, 1), date(2023, 12, 31))


def test_s1_02_is_refused_where_the_document_has_no_such_test():
    with pytest.raises(NotGoverned, match="没有规定因病致贫重病患者的认定条件"):
        need_test(rules_of("shannan"), DAY, HOUSEHOLD)


def test_s1_08_sixty_yuan_a_resident_two_to_eight():
    due = fund_due(rules_of("tongliao"), 2023)
    assert due.total == 2_834_600 * fen(60)
    assert due.shares == (("市级财政", due.total // 5), ("旗县级财政", due.total - due.total // 5))
    assert [line.clauses for line in due.lines] == [("S1-08",)] * 3
    with pytest.raises(NotGoverned, match="筹资"):
        fund_due(rules_of("jining"), 2023)
