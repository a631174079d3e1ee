"""Warning lines: who, over what, how near, and why."""

from datetime import date

import pytest

from policies.engine import (
    MONITORED,
    NotGoverned,
    held_on,
    measures_of,
    warning_table,
    warnings_of,
)
from tests.policies.making import claim, fen, held, rules_of, settle_one

FORMER = ("exited_poverty", "exited_2014_2015", "unstable_exit")
DAYS = {
    "shannan": date(2022, 10, 31),
    "tongliao": date(2023, 10, 31),
    "jining": date(2023, 10, 31),
    "guangxi": date(2023, 10, 31),
}


def warned(policy: str, measure: int, *codes: str, rural: bool = True, **dates: str) -> tuple[str, int, bool] | None:
    """(kind, line, approaching) of a person with these categories and this measure in fen."""
    found = warnings_of(rules_of(policy), DAYS[policy], measure, held(*codes, **dates), rural)
    return found and (found.kind, found.line, found.approaching)


@pytest.mark.parametrize("rural", [True, False])
@pytest.mark.parametrize("code", FORMER)
def test_s0_15_former_poor_over_half_the_rural_income(code, rural):
    line = fen(9_300)
    assert warned("shannan", line + 1, code, rural=rural) == ("relapse", line, False)
    assert warned("shannan", line, code, rural=rural) == ("relapse", line, True)


def test_s0_15_an_earlier_spell_counts_a_later_one_does_not():
    assert warned("shannan", fen(9_301), "unstable_exit", until="2015-01-01")[0] == "relapse"
    assert warned("shannan", fen(9_301), "unstable_exit", since="2022-11-01") is None


@pytest.mark.parametrize("codes", [(), ("subsistence",), ("marginal_risk",)])
def test_s0_16_other_rural_residents_over_the_whole_income(codes):
    assert warned("shannan", fen(18_600) + 1, *codes) == ("illness_poverty", fen(18_600), False)
    assert warned("shannan", fen(18_600), *codes) == ("illness_poverty", fen(18_600), True)
    assert warned("shannan", fen(90_000), *codes, rural=False) is None


LOW_INCOME = ("extreme_poverty", "subsistence", "subsistence_margin", *MONITORED)


@pytest.mark.parametrize("code", LOW_INCOME)
def test_s1_16_two_lines_the_higher_kind_only(code):
    whole, half = fen(20_300), fen(10_150)
    assert warned("tongliao", whole + 1, code) == ("illness_poverty", whole, False)
    assert warned("tongliao", whole, code) == ("relapse", half, False)
    assert warned("tongliao", half + 1, code, rural=False) == ("relapse", half, False)
    assert warned("tongliao", half, code) == ("relapse", half, True)


@pytest.mark.parametrize("codes", [(), ("relapsed_poverty",), ("illness_poverty",), ("exited_poverty",)])
def test_s1_16_nobody_else(codes):
    assert warned("tongliao", fen(90_000), *codes) is None


def test_s1_16_names_who_stands_first_in_the_list():
    assert warning_table(rules_of("tongliao"), DAYS["tongliao"]).warnings.first == ("subsistence_margin", *MONITORED)


def test_s1_16_approval_does_not_matter():
    spells = held("marginal_risk", approved=False)
    assert warnings_of(rules_of("tongliao"), DAYS["tongliao"], fen(30_000), spells, True).kind == "illness_poverty"


@pytest.mark.parametrize("code", ["subsistence_margin", *MONITORED])
def test_s2_08_half_the_income_of_the_province(code):
    line = fen(18_780)
    assert warned("jining", line + 1, code, rural=False) == ("relapse", line, False)
    assert warned("jining", fen(90_000), code)[0] == "relapse"


@pytest.mark.parametrize("codes", [(), ("subsistence",), ("extreme_poverty",), ("exited_poverty",)])
@pytest.mark.parametrize("rural", [True, False])
def test_s2_08_one_and_a_half_times_the_income_for_everyone_else(codes, rural):
    line = fen(56_340)
    assert warned("jining", line + 1, *codes, rural=rural) == ("illness_poverty", line, False)
    assert warned("jining", line, *codes, rural=rural) == ("illness_poverty", line, True)


@pytest.mark.parametrize("code", [*FORMER, "marginal_risk", "sudden_hardship"])
def test_s3_15_five_thousand_or_more(code):
    assert warned("guangxi", fen(5_000), code, rural=False) == ("relapse", fen(5_000), False)
    assert warned("guangxi", fen(5_000) - 1, code) == ("relapse", fen(5_000), True)


def test_s3_15_ten_thousand_or_more_for_other_rural_households():
    assert warned("guangxi", fen(10_000), "subsistence") == ("illness_poverty", fen(10_000), False)
    assert warned("guangxi", fen(10_000) - 1) == ("illness_poverty", fen(10_000), True)
    assert warned("guangxi", fen(90_000), rural=False) is None
    assert warned("guangxi", fen(5_000), "exited_poverty", until="2023-10-30") is None


@pytest.mark.parametrize(("measure", "near"), [(fen(4_000), True), (fen(4_000) - 1, False)])
def test_approaching_from_exactly_eighty_per_cent(measure, near):
    found = warned("guangxi", measure, "marginal_risk")
    assert (found is not None and found[2]) is near


def test_eighty_per_cent_of_an_odd_line_is_exact():
    line = warning_table(rules_of("shannan"), DAYS["shannan"]).lines[0]
    for fen_of_line in (9_301, 9_302, 9_303, 9_304, 9_305):
        from dataclasses import replace

        odd = replace(line, line=fen_of_line)
        assert 10 * odd.near_from >= 8 * fen_of_line > 10 * (odd.near_from - 1)


@pytest.mark.parametrize("policy", DAYS)
def test_the_set_based_form_agrees_with_the_rule(policy):
    """What a scan in SQL compares: measure ≥ over_from and ≥ near_from."""
    table = warning_table(rules_of(policy), DAYS[policy])
    for line in table.lines:
        codes = set(line.categories[:1])
        for measure in (line.near_from - 1, line.near_from, line.over_from - 1, line.over_from):
            found = table.assess(measure, codes, codes, True)
            lines = table.applicable(codes, codes, True)
            over = [x for x in lines if measure >= x.over_from]
            near = measure >= min(x.near_from for x in lines)
            assert (found is not None) == bool(over or near)
            if found:
                assert found.approaching == (not over)
                assert found.line == (max(x.line for x in over) if over else min(x.line for x in lines))


@pytest.mark.parametrize(
    ("policy", "measure", "expected"),
    [
        ("shannan", "personal_burden", 11_000 + 500 - 300),
        ("guangxi", "personal_burden", 11_000 + 500 - 300),
        ("jining", "total_after_insurance", 11_000 + 500),
        ("tongliao", "in_scope_after_insurance", 11_000),
    ],
)
def test_each_policy_measures_its_own_burden(policy, measure, expected):
    table = warning_table(rules_of(policy), DAYS[policy])
    assert table.measure == measure
    one = claim(DAYS[policy].isoformat(), 12_000, 1_000, outside=500, other=300)
    assert getattr(measures_of(settle_one(policy, [], one)), measure) == fen(expected)


def test_held_on_tells_valid_from_begun():
    spells = (
        held("subsistence", until="2022-10-30")
        + held("orphan", since="2022-10-31")
        + held("monastic", since="2023-01-01")
    )
    assert held_on(date(2022, 10, 31), spells) == ({"orphan"}, {"orphan", "subsistence"})


def test_explains_every_line_with_the_distance():
    table = warning_table(rules_of("tongliao"), DAYS["tongliao"])
    lines = table.explain(fen(9_000), {"marginal_risk"}, set(), True)
    assert [line.step for line in lines] == ["measure", "line_illness_poverty", "line_relapse", "verdict"]
    assert "还差 11300.01" in lines[1].formula
    assert "还差 1150.01，已到八成" in lines[2].formula
    assert "接近预警线" in lines[3].formula
    assert all(line.clauses == ("S1-16",) for line in lines)
    assert "示例，待替换" in lines[1].marks[0]


def test_explains_why_someone_is_not_on_the_list():
    lines = warning_table(rules_of("tongliao"), DAYS["tongliao"]).explain(fen(90_000), {"orphan"}, set(), True)
    assert all("此人不属于" in line.formula for line in lines[1:3])
    assert lines[-1].formula == "不在预警名单中"


def test_a_policy_without_lines_says_so():
    with pytest.raises(NotGoverned, match="没有规定因病致贫"):
        warning_table(rules_of("yangcheng"), date(2022, 10, 31))
