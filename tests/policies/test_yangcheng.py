"""S4, provision by provision: both versions of Yangcheng. Deductible 10,000 and ratio 60 % in the parameters."""

from datetime import date

import pytest

from policies.engine import State
from tests.policies.making import claim, close, fen, held, rules_of, settle, settle_one

POOR_2021 = ("exited_poverty", "exited_2014_2015", "unstable_exit")
NAMED = ("extreme_poverty", "relapsed_poverty", "subsistence")


@pytest.mark.parametrize(("where", "cap"), [("county", 1_000), ("city", 3_000), ("province", 6_000)])
@pytest.mark.parametrize("code", POOR_2021)
def test_s4_02_self_pay_of_2021_is_capped_by_location(code, where, cap):
    one, two = settle(
        "yangcheng",
        held(code, approved=False),
        claim("2021-05-01", cap - 100, location=where),
        claim("2021-05-02", 700, location=where),
    )
    assert (one.assistance, two.assistance, two.in_scope_burden) == (0, fen(600), fen(100))


def test_s4_02_one_pool_per_location_filled_by_everyone():
    before, county, city = settle(
        "yangcheng",
        held("exited_poverty", since="2021-05-02"),
        claim("2021-05-01", 1_000, location="county"),
        claim("2021-05-02", 500, location="county"),
        claim("2021-05-03", 3_000, location="city"),
    )
    assert (before.category, county.assistance, city.assistance) == ("none", fen(500), 0)
    assert (city.state.deductible_base, city.state.deductible_base_2) == (fen(1_500), fen(3_000))


def test_s4_02_outside_and_other_services_have_no_cap():
    outside = settle_one("yangcheng", held("exited_poverty"), claim("2021-05-01", 9_000, location="outside"))
    chronic = claim("2021-05-01", 9_000, service="chronic", chronic_management="annual")
    assert (outside.assistance, settle_one("yangcheng", held("exited_poverty"), chronic).assistance) == (0, 0)
    assert outside.state.deductible_base_3 == 0
    assert close("yangcheng", held("extreme_poverty"), 2021, chronic) is None


def test_s4_02_insurance_of_2021_has_no_tilt_and_no_control():
    settled = settle_one("yangcheng", held("extreme_poverty"), claim("2021-05-01", 10_000, outside=9_000))
    assert (settled.category, settled.cii_paid, settled.institution_borne) == ("none", 0, 0)


def test_s4_02_from_2022_the_standard_rules():
    last = settle_one("yangcheng", held("exited_poverty"), claim("2021-12-31", 9_000, location="county"))
    first = settle_one("yangcheng", held("exited_poverty"), claim("2022-01-01", 9_000, location="county"))
    assert (last.assistance, first.assistance) == (fen(8_000), 0)


@pytest.mark.parametrize("code", NAMED)
def test_s4_03_tilt_half_deductible_five_points_no_cap(code):
    settled = settle_one("yangcheng", held(code), claim("2022-05-01", 15_000), State(cii_paid=fen(400_000)))
    assert settled.cii_paid == fen(6_500)


def test_s4_04_extreme_poverty_in_full_without_limit():
    settled = settle_one(
        "yangcheng", held("extreme_poverty"), claim("2022-05-01", 4_000), State(assist_paid=fen(90_000))
    )
    assert settled.assistance == fen(4_000)


def test_s4_04_relapsed_poverty_seventy_per_cent_or_up_to_ninety_of_cost_in_the_province():
    lifted = settle_one("yangcheng", held("relapsed_poverty"), claim("2022-05-01", 5_000, 1_000))
    assert lifted.assistance == fen(4_500 - 1_000)
    enough = settle_one("yangcheng", held("relapsed_poverty"), claim("2022-05-01", 5_000, 4_000))
    assert enough.assistance == fen(700)
    away = settle_one("yangcheng", held("relapsed_poverty"), claim("2022-05-01", 5_000, 1_000, location="outside"))
    assert away.assistance == fen(2_800)


def test_s4_04_subsistence_seventy_per_cent_up_to_60000():
    assert settle_one("yangcheng", held("subsistence"), claim("2022-05-01", 1_000)).assistance == fen(700)
    full = settle_one("yangcheng", held("subsistence"), claim("2022-05-01", 1_000), State(assist_paid=fen(59_600)))
    assert full.assistance == fen(400)


def test_s4_05_top_up_on_application_with_an_amount_decided():
    document = rules_of("yangcheng").document_on(date(2022, 5, 1))
    assert document.top_up.mode == "decided"
    kind = next(kind for kind in document.applications if "S4-05" in kind.clauses)
    assert (set(kind.who), kind.decides) == (set(NAMED), "case")
    assert settle_one("yangcheng", held("subsistence"), claim("2022-05-01", 90_000)).top_up == 0


@pytest.mark.parametrize(("code", "percent"), [("extreme_poverty", 60), ("subsistence", 30), ("relapsed_poverty", 30)])
def test_s4_06_per_visit_at_once_and_quota_at_year_end(code, percent):
    visit = claim("2022-05-01", 1_000, service="chronic", chronic_management="per_visit")
    quota = [claim(f"2022-0{m}-01", 1_000, service="chronic", chronic_management="annual") for m in (6, 7)]
    done = settle("yangcheng", held(code), visit, *quota)
    assert [s.assistance for s in done] == [fen(10) * percent, 0, 0]
    year_end = close("yangcheng", held(code), 2022, visit, *quota)
    assert (year_end.category, year_end.base, year_end.assistance) == (code, fen(2_000), fen(20) * percent)
    assert year_end.personal_burden == year_end.in_scope_burden == -year_end.assistance
    assert year_end.state.assist_paid == done[-1].state.assist_paid + year_end.assistance


def test_s4_06_year_end_goes_by_the_categories_of_31_december():
    quota = claim("2022-06-01", 1_000, service="chronic", chronic_management="annual")
    gone = close("yangcheng", held("extreme_poverty", until="2022-12-30"), 2022, quota)
    assert (gone.category, gone.assistance) == ("none", 0)
    came = close("yangcheng", held("subsistence", since="2022-12-31"), 2022, quota)
    assert (came.category, came.assistance) == ("subsistence", fen(300))
    both = close("yangcheng", held("subsistence", "extreme_poverty"), 2022, quota)
    assert (both.category, both.assistance) == ("extreme_poverty", fen(600))
    tied = close("yangcheng", held("subsistence", "relapsed_poverty"), 2022, quota)
    assert tied.category == "relapsed_poverty"


def test_s4_06_year_end_within_what_is_left_of_the_limit():
    claims = [
        claim("2022-05-01", 120_000, service="chronic", chronic_management="annual"),
        claim("2022-06-01", 85_000, 0),
    ]
    done = settle("yangcheng", held("subsistence"), *claims, state=State(assist_paid=fen(50_000)))
    assert done[1].state.assist_paid == fen(60_000)
    spent = close("yangcheng", held("subsistence"), 2022, *claims)
    assert spent.assistance <= fen(60_000)
    assert spent.assistance == min(spent.steps.computed, fen(60_000) - spent.before.assist_paid)


def test_s4_06_a_limit_used_up_still_names_the_category():
    year = State(annual_base=fen(1_000), assist_paid=fen(60_000))
    from policies.engine import settle_year_end

    found = settle_year_end(rules_of("yangcheng"), year, 2022, held("subsistence"))
    assert (found.category, found.assistance) == ("subsistence", 0)


def test_s4_06_no_row_when_nothing_was_gathered():
    assert close("yangcheng", held("subsistence"), 2022, claim("2022-05-01", 1_000)) is None


def test_s4_06_covers_chronic_alone():
    major = claim("2022-05-01", 1_000, service="major_chronic")
    assert settle_one("yangcheng", held("extreme_poverty"), major).assistance == 0


@pytest.mark.parametrize(("code", "percent"), [("extreme_poverty", 20), ("subsistence", 10), ("relapsed_poverty", 10)])
def test_s4_07_special_drugs(code, percent):
    one = claim("2022-05-01", 1_000, service="special_drug")
    assert settle_one("yangcheng", held(code), one).assistance == fen(10) * percent


def test_s4_07_special_drugs_share_the_limit_of_subsistence():
    one = claim("2022-05-01", 1_000, service="special_drug")
    assert settle_one("yangcheng", held("subsistence"), one, State(assist_paid=fen(59_990))).assistance == fen(10)


@pytest.mark.parametrize(("charge_class", "borne"), [(1, 0), (2, 1_000), (3, 1_500)])
@pytest.mark.parametrize("code", NAMED)
def test_s4_08_excess_outside_the_catalogue_by_charge_class(code, charge_class, borne):
    one = claim("2022-05-01", 1_000, outside=3_000, total=10_000, charge_class=charge_class)
    settled = settle_one("yangcheng", held(code), one)
    assert (settled.institution_borne, settled.over_control) == (fen(borne), borne > 0)


@pytest.mark.parametrize(
    "changes",
    [{"location": "outside"}, {"service": "special_drug"}, {"control_waived": True}],
    ids=lambda c: next(iter(c)),
)
def test_s4_08_only_in_province_inpatient_and_not_when_waived(changes):
    one = claim("2022-05-01", 1_000, outside=3_000, total=10_000, **changes)
    settled = settle_one("yangcheng", held("subsistence"), one)
    assert (settled.institution_borne, settled.over_control) == (0, False)


def test_s4_08_holds_for_any_valid_category_even_if_another_wins_or_none():
    one = claim("2022-05-01", 0, outside=3_000, total=10_000)
    assert settle_one("yangcheng", held("orphan"), one).institution_borne == 0
    assert settle_one("yangcheng", held("orphan", "subsistence", approved=False), one).institution_borne == fen(1_500)


def test_s4_09_relapsed_poverty_outside_the_catalogue_within_the_share():
    one = claim("2022-05-01", 1_000, outside=3_000, total=10_000)
    settled = settle_one("yangcheng", held("relapsed_poverty"), one)
    assert settled.out_of_catalogue_assistance == fen(1_500) * 85 // 100
    # It does not use up the limit, and other categories have none.
    assert settled.state.assist_paid == settled.assistance
    assert settle_one("yangcheng", held("subsistence"), one).out_of_catalogue_assistance == 0
    away = claim("2022-05-01", 1_000, outside=3_000, total=10_000, location="outside")
    assert settle_one("yangcheng", held("relapsed_poverty"), away).out_of_catalogue_assistance == 0


def test_s4_09_ends_with_2025():
    rule = rules_of("yangcheng").document_on(date(2022, 5, 1)).assistance.out_of_catalogue[0]
    assert rule.valid[1] == date(2025, 12, 31)
