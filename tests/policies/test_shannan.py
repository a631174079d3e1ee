"""S0, provision by provision: what the chain pays under Shannan's plan. Income of the region in 2021: 24,950."""

from datetime import date

import pytest

from policies.engine import Book, Rules, State, load_parameters, parse_document
from tests.policies.making import DOCUMENTS, PARAMETERS, claim, fen, held, rules_of, settle, settle_one

FULL = ("extreme_poverty", "relapsed_poverty")
LOW_INCOME = ("unstable_exit", "marginal_risk", "sudden_hardship", "subsistence_margin")
SERVICES = ("inpatient", "outpatient", "chronic", "major_chronic", "special_drug")


def test_s0_09_deductible_is_half_the_income_of_last_year_ratio_sixty():
    settled = settle_one("shannan", [], claim("2022-05-01", 22_475))
    assert (settled.steps.cii.deductible, settled.cii_paid) == (fen(12_475), fen(6_000))


@pytest.mark.parametrize("code", ["extreme_poverty", "subsistence", "relapsed_poverty"])
def test_s0_10_tilt_half_deductible_five_points_no_cap(code):
    settled = settle_one("shannan", held(code), claim("2022-05-01", 16_237.5), State(cii_paid=fen(140_000)))
    assert (settled.steps.cii.deductible, settled.cii_paid) == (fen(6_237.5), fen(6_500))


@pytest.mark.parametrize("code", LOW_INCOME)
def test_s0_10_no_tilt_for_the_others(code):
    assert settle_one("shannan", held(code), claim("2022-05-01", 12_475)).cii_paid == 0


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("code", "paid"), [*((c, 1_000) for c in FULL), ("subsistence", 950), *((c, 900) for c in LOW_INCOME)]
)
def test_s0_11_ratio_on_in_scope_cost_of_every_service_without_deductible(code, paid, service):
    managed = "annual" if service == "chronic" else ""
    one = claim("2022-05-01", 1_000, service=service, chronic_management=managed)
    settled = settle_one("shannan", held(code, approved=False), one)
    assert (settled.category, settled.assistance) == (code, fen(paid))


def test_s0_12_two_pools_of_150000_and_300000():
    state = State(assist_paid=fen(149_000), assist_major_paid=fen(299_500))
    ordinary, major, outpatient = settle(
        "shannan",
        held("extreme_poverty"),
        claim("2022-05-01", 2_000),
        claim("2022-05-02", 2_000, major_disease=True),
        claim("2022-05-03", 2_000, service="outpatient"),
        state=state,
    )
    assert [s.assistance for s in (ordinary, major, outpatient)] == [fen(1_000), fen(500), 0]
    assert (outpatient.state.assist_paid, outpatient.state.assist_major_paid) == (fen(150_000), fen(300_000))


def test_s0_12_the_other_reading_is_one_pool_raised_once_a_major_disease_is_recorded():
    text = (DOCUMENTS / "shannan-2022.toml").read_text(encoding="utf-8").replace('"分别累计"', '"合并累计"')
    rules = Rules(Book([parse_document(text, "shannan-2022.toml")]), "shannan", load_parameters(PARAMETERS))
    from policies.engine import settle_claim

    state = State(assist_paid=fen(150_000))
    before = settle_claim(rules, state, claim("2022-05-01", 2_000), held("extreme_poverty"))
    major = settle_claim(rules, before.state, claim("2022-05-02", 2_000, major_disease=True), held("extreme_poverty"))
    after = settle_claim(rules, major.state, claim("2022-05-03", 2_000), held("extreme_poverty"))
    assert [s.assistance for s in (before, major, after)] == [0, fen(2_000), fen(2_000)]
    assert after.state.assist_paid == fen(154_000)


def test_s0_13_exited_poverty_only_on_application_until_2025():
    settled = settle_one("shannan", held("exited_poverty"), claim("2022-05-01", 5_000))
    assert (settled.category, settled.assistance) == ("none", 0)
    document = rules_of("shannan").document_on(date(2022, 5, 1))
    kind = next(kind for kind in document.applications if "S0-13" in kind.clauses)
    assert (kind.who, kind.decides, kind.until) == (("exited_poverty",), "assistance", date(2025, 12, 31))


def test_s0_18_case_by_case_help_is_an_amount_of_the_panel():
    document = rules_of("shannan").document_on(date(2022, 5, 1))
    assert [kind.decides for kind in document.applications if "S0-18" in kind.clauses] == ["case"]


def test_s0_19_other_payments_lower_the_burden_never_below_zero():
    some = settle_one("shannan", [], claim("2022-05-01", 1_000, 400, outside=100, other=200))
    assert (some.personal_burden, some.in_scope_burden, some.unused_other) == (fen(500), fen(600), 0)
    more = settle_one("shannan", [], claim("2022-05-01", 1_000, 400, outside=100, other=900))
    assert (more.personal_burden, more.unused_other) == (0, fen(200))


def test_ties_fall_in_the_order_of_the_policy():
    settled = settle_one("shannan", held("relapsed_poverty", "extreme_poverty"), claim("2022-05-01", 1_000))
    assert settled.category == "extreme_poverty"
