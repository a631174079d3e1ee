"""S1, provision by provision: what the chain pays under Tongliao's plan. Income of the city in 2022: 28,500."""

from dataclasses import replace

import pytest

from policies.engine import MONITORED, State
from tests.policies.making import claim, fen, held, rules_of, settle, settle_one

DOCUMENT = rules_of("tongliao").document_on(claim("2023-05-01", 1).settled_on)
DIRECT = ("extreme_poverty", "subsistence", "relapsed_poverty")
ON_APPLICATION = (*MONITORED, "subsistence_margin", "illness_poverty")


@pytest.mark.parametrize("code", [*DIRECT, *ON_APPLICATION])
def test_s1_01_each_named_category_receives_assistance(code):
    settled = settle_one("tongliao", held(code), claim("2023-05-01", 13_000))
    assert settled.category == code
    assert settled.assistance > 0


def test_s1_01_other_hardship_is_left_to_the_category_that_the_banner_names():
    settled = settle_one("tongliao", held("other_hardship"), claim("2023-05-01", 13_000))
    assert (settled.category, settled.assistance) == ("none", 0)
    assert "县级以上政府规定的其他特殊困难人员不在本政策列明的身份之内" in settled.lines[0].formula
    assert DOCUMENT.categories.as_named_by_county == ("other_hardship",)


def test_s1_07_the_highest_of_several_categories_once():
    settled = settle_one(
        "tongliao", held("subsistence", "marginal_risk", "extreme_poverty"), claim("2023-05-01", 5_000)
    )
    assert (settled.category, settled.assistance) == ("extreme_poverty", fen(5_000))
    assert dict(settled.candidates) == {
        "extreme_poverty": fen(5_000),
        "subsistence": fen(3_500),
        "marginal_risk": fen(3_000),
        "none": 0,
    }


def test_s1_07_equal_results_fall_to_the_first_of_the_list():
    assert settle_one("tongliao", held("relapsed_poverty", "subsistence"), claim("2023-05-01", 5_000)).category == (
        "subsistence"
    )
    nothing = settle_one("tongliao", held("relapsed_poverty"), claim("2023-05-01", 5_000, 5_000))
    assert (nothing.category, nothing.steps.total) == ("relapsed_poverty", 0)


def test_s1_09_cost_under_the_insurance_deductibles_counts():
    settled = settle_one("tongliao", held("subsistence"), claim("2023-05-01", 10_000, 4_000))
    assert (settled.cii_paid, settled.assistance) == (0, fen(4_200))


@pytest.mark.parametrize("code", ["subsistence", "relapsed_poverty", "marginal_risk", "illness_poverty"])
def test_s1_10_yearly_limit_of_130000_shared_by_inpatient_and_outpatient(code):
    nearly = State(assist_paid=fen(129_900), deductible_base=fen(10_000))
    first, second = settle(
        "tongliao",
        held(code),
        claim("2023-05-01", 1_000, service="chronic"),
        claim("2023-05-02", 1_000),
        state=nearly,
    )
    assert (first.assistance, second.assistance) == (fen(100), 0)
    assert second.state.assist_paid == fen(130_000)


def test_s1_10_the_limit_reached_exactly_leaves_nothing_and_takes_nothing():
    settled = settle_one("tongliao", held("subsistence"), claim("2023-05-01", 100), State(assist_paid=fen(129_930)))
    assert (settled.assistance, settled.state.assist_paid) == (fen(70), fen(130_000))


def test_s1_10_extreme_poverty_has_no_limit_but_uses_up_the_pool_of_others():
    over = State(assist_paid=fen(500_000))
    assert settle_one("tongliao", held("extreme_poverty"), claim("2023-05-01", 6_000), over).assistance == fen(6_000)
    after = settle_one("tongliao", held("extreme_poverty"), claim("2023-05-01", 6_000), State(assist_paid=fen(129_000)))
    assert settle_one("tongliao", held("subsistence"), claim("2023-05-02", 6_000), after.state).assistance == 0


@pytest.mark.parametrize(("code", "deductible"), [("subsistence_margin", 2_850), ("illness_poverty", 7_125)])
def test_s1_11_deductible_is_a_share_of_income_and_cumulative(code, deductible):
    first, second = settle("tongliao", held(code), claim("2023-05-01", deductible - 10), claim("2023-05-02", 1_010))
    assert (first.assistance, second.assistance) == (0, fen(600))


@pytest.mark.parametrize("code", [*DIRECT, *MONITORED])
def test_s1_11_no_deductible_for_the_others(code):
    assert settle_one("tongliao", held(code), claim("2023-05-01", 100)).assistance > 0


def test_s1_11_what_others_spent_before_counts_towards_the_deductible():
    none, margin = settle(
        "tongliao", held("subsistence_margin", since="2023-05-02"), claim("2023-05-01", 2_850), claim("2023-05-02", 100)
    )
    assert (none.category, margin.assistance) == ("none", fen(60))


@pytest.mark.parametrize(
    ("code", "paid"),
    [
        ("extreme_poverty", 5_000),
        ("subsistence", 3_500),
        ("relapsed_poverty", 3_500),
        ("unstable_exit", 3_000),
        ("marginal_risk", 3_000),
        ("sudden_hardship", 3_000),
        ("subsistence_margin", 3_000),
        ("illness_poverty", 3_000),
    ],
)
def test_s1_12_ratio_inpatient(code, paid):
    over_all_deductibles = State(deductible_base=fen(20_000))
    settled = settle_one("tongliao", held(code), claim("2023-05-01", 8_000, 3_000), over_all_deductibles)
    assert (settled.cii_paid, settled.assistance) == (0, fen(paid))


@pytest.mark.parametrize("service", ["chronic", "major_chronic", "special_drug"])
@pytest.mark.parametrize("code", [*DIRECT, *ON_APPLICATION])
def test_s1_13_long_term_outpatient_seventy_per_cent_without_deductible(service, code):
    managed = "annual" if service == "chronic" else ""
    settled = settle_one(
        "tongliao", held(code), claim("2023-05-01", 1_000, service=service, chronic_management=managed)
    )
    assert (settled.assistance, settled.state.deductible_base) == (fen(700), 0)


@pytest.mark.parametrize("code", [*DIRECT, *ON_APPLICATION])
def test_s1_13_ordinary_outpatient_is_not_assisted(code):
    assert settle_one("tongliao", held(code), claim("2023-05-01", 1_000, service="outpatient")).assistance == 0


def test_s1_14_top_up_seventy_per_cent_above_income_even_without_assistance():
    settled = settle_one(
        "tongliao", held("subsistence"), claim("2023-05-01", 1_000, service="outpatient"), State(topup_base=fen(28_000))
    )
    assert (settled.assistance, settled.top_up, settled.in_scope_burden) == (0, fen(350), fen(650))
    # What top-up pays does not lower the base.
    assert settled.state.topup_base == fen(29_000)


def test_s1_14_at_most_50000_a_year_apart_from_the_other_limit():
    used_up = State(topup_base=fen(30_000), topup_paid=fen(49_990), assist_paid=fen(130_000))
    first, second = settle(
        "tongliao", held("subsistence"), claim("2023-05-01", 5_000), claim("2023-05-02", 5_000), state=used_up
    )
    assert (first.assistance, first.top_up, second.top_up) == (0, fen(10), 0)
    assert second.state.topup_paid == fen(50_000)


def test_s1_14_base_grows_for_everyone_but_none_receives():
    settled = settle_one("tongliao", [], claim("2023-05-01", 1_000), State(topup_base=fen(30_000)))
    assert (settled.top_up, settled.state.topup_base) == (0, fen(31_000))


def test_s1_15_one_deductible_sixty_per_cent_up_to_the_cap():
    first, second = settle("tongliao", [], claim("2023-05-01", 10_000), claim("2023-05-02", 10_000, 1_000))
    assert (first.cii_paid, second.cii_paid) == (0, fen(5_000) * 60 // 100)
    capped = settle_one(
        "tongliao", [], claim("2023-05-01", 100_000), State(cii_base=fen(14_000), cii_paid=fen(299_000))
    )
    assert (capped.cii_paid, capped.state.cii_paid) == (fen(1_000), fen(300_000))


@pytest.mark.parametrize("code", DIRECT)
def test_s1_15_tilt_half_deductible_five_points_no_cap(code):
    settled = settle_one("tongliao", held(code), claim("2023-05-01", 17_000), State(cii_paid=fen(300_000)))
    assert settled.cii_paid == fen(6_500)
    after = settle_one("tongliao", [], claim("2023-05-02", 1_000), settled.state)
    assert after.cii_paid == 0


def test_s1_15_a_halved_deductible_is_rounded_half_up():
    # A base of one fen over the halved deductible of 7,000 pays round(65 % of a fen).
    settled = settle_one("tongliao", held("subsistence"), claim("2023-05-01", 7_000.01))
    assert settled.cii_paid == 1


@pytest.mark.parametrize("code", DIRECT)
def test_s1_19_settles_directly_without_approval(code):
    assert settle_one("tongliao", held(code, approved=False), claim("2023-05-01", 5_000)).category == code


@pytest.mark.parametrize("code", ON_APPLICATION)
def test_s1_19_on_application_only_when_approved(code):
    settled = settle_one("tongliao", held(code, approved=False), claim("2023-05-01", 20_000))
    assert (settled.category, settled.assistance, settled.top_up) == ("none", 0, 0)
    assert "申请尚未批准" in settled.lines[0].formula
    kinds = [a for a in DOCUMENT.applications if a.decides == "eligibility"]
    assert code in kinds[0].who


def test_s1_19_either_of_two_spells_may_be_the_approved_one():
    spells = held("marginal_risk", approved=False) + held("marginal_risk", since="2023-05-01", until="2023-05-31")
    days = ("2023-04-30", "2023-05-01", "2023-05-31", "2023-06-01")
    categories = [settled.category for settled in settle("tongliao", spells, *(claim(day, 100) for day in days))]
    assert categories == ["none", "marginal_risk", "marginal_risk", "none"]


@pytest.mark.parametrize(
    ("level", "outside", "over"),
    [(1, 5_000, False), (2, 500, False), (2, 500.01, True), (3, 1_000, False), (3, 1_000.01, True)],
)
@pytest.mark.parametrize("waived", [False, True])
def test_s1_21_flags_the_share_outside_the_catalogue_of_anyone(level, outside, over, waived):
    one = claim("2023-05-01", 1_000, outside=outside, total=10_000, hospital_level=level, control_waived=waived)
    settled = settle_one("tongliao", [], one)
    assert (settled.over_control, settled.institution_borne) == (over, 0)


def test_s1_22_treat_first_pay_later_names_its_people():
    duty = next(duty for duty in DOCUMENT.duties if "S1-22" in duty.clauses)
    assert set(duty.who) == {"extreme_poverty", "subsistence"}


def test_s1_23_without_referral_no_assistance_and_no_growth_of_bases():
    before = State(deductible_base=fen(1_000), topup_base=fen(28_500))
    settled = settle_one("tongliao", held("subsistence"), claim("2023-05-01", 17_000, referred="no"), before)
    assert (settled.cii_paid, settled.assistance, settled.top_up) == (fen(6_500), 0, 0)
    assert (settled.state.deductible_base, settled.state.topup_base) == (fen(1_000), fen(28_500))
    assert any("S1-23" in line.clauses for line in settled.lines)


@pytest.mark.parametrize("referred", ["yes", "not_needed", "excepted"])
def test_s1_23_covered_when_referred_not_needed_or_excepted(referred):
    settled = settle_one("tongliao", held("subsistence"), claim("2023-05-01", 5_000, referred=referred))
    assert (settled.assistance, settled.state.deductible_base) == (fen(3_500), fen(5_000))


def test_s1_23_out_of_region_care_follows_the_rules_of_the_household():
    at_home, away = (
        settle_one("tongliao", held("subsistence"), claim("2023-05-01", 5_000, location=where))
        for where in ("county", "outside")
    )
    assert at_home.steps == away.steps


def test_employee_keeps_the_platforms_own_payment_and_assistance_follows():
    one = replace(claim("2023-05-01", 20_000, 10_000), given_cii=fen(4_000))
    settled = settle_one("tongliao", held("subsistence"), one)
    assert (settled.cii_paid, settled.assistance) == (fen(4_000), fen(4_200))
    assert (settled.state.cii_base, settled.state.cii_paid) == (0, 0)
