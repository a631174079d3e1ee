"""S2 and S3, provision by provision: Jining's insurance, Guangxi's chain and help on application."""

from datetime import date

import pytest

from policies.engine import (
    MONITORED,
    Book,
    Measures,
    NotGoverned,
    Rules,
    State,
    entitlement_of,
    load_parameters,
    measures_of,
    parse_document,
)
from tests.policies.making import DOCUMENTS, PARAMETERS, claim, fen, held, rules_of, settle, settle_one

FORMER = ("exited_poverty", "exited_2014_2015")
DAY = date(2022, 12, 31)


@pytest.mark.parametrize("code", ["extreme_poverty", "subsistence", "relapsed_poverty"])
def test_s2_06_tilt_is_illustrative_and_says_so(code):
    settled = settle_one("jining", held(code), claim("2023-05-01", 17_000), State(cii_paid=fen(400_000)))
    assert settled.cii_paid == fen(6_500)
    line = next(line for line in settled.lines if line.step == "cii")
    assert "倾斜幅度：示例，待替换" in line.marks
    assert settle_one("jining", [], claim("2023-05-01", 24_000)).cii_paid == fen(6_000)


def test_s2_15_assistance_stands_elsewhere_and_is_no_entitlement_of_nothing():
    settled = settle_one("jining", held("subsistence"), claim("2023-05-01", 17_000))
    line = next(line for line in settled.lines if line.step == "assistance")
    assert (settled.assistance, line.amount, line.clauses) == (0, None, ("S2-15",))
    assert "济政办发〔2022〕14号" in line.formula
    document = rules_of("jining").document_on(date(2023, 5, 1))
    assert document.governed_elsewhere("subsistence_margin").document == "济政办发〔2022〕14号"


@pytest.mark.parametrize(("codes", "paid"), [(MONITORED, 7_000), (FORMER, 6_500)])
def test_s3_09_tilt(codes, paid):
    for code in codes:
        settled = settle_one("guangxi", held(code), claim("2022-05-01", 16_000), State(cii_paid=fen(500_000)))
        assert settled.cii_paid == fen(paid)
    assert settle_one("guangxi", held("subsistence"), claim("2022-05-01", 12_000)).cii_paid == 0


def test_s3_09_the_notice_settles_all_of_2022():
    document = rules_of("guangxi").document_on(date(2022, 1, 1))
    assert (document.effective_from, document.valid_to) == (date(2022, 8, 1), date(2025, 12, 31))
    assert settle_one("guangxi", held("marginal_risk"), claim("2022-01-01", 5_000)).assistance == fen(1_400)


@pytest.mark.parametrize(("codes", "percent"), [(MONITORED, 70), (FORMER, 50)])
def test_s3_10_s3_11_inpatient_over_3000_up_to_20000(codes, percent):
    for code in codes:
        first, second = settle("guangxi", held(code), claim("2022-05-01", 2_000), claim("2022-05-02", 2_000))
        assert (first.assistance, second.assistance) == (0, fen(10) * percent)
        full = settle_one(
            "guangxi",
            held(code),
            claim("2022-05-03", 2_000),
            State(deductible_base=fen(3_000), assist_paid=fen(19_900)),
        )
        assert full.assistance == fen(100)


@pytest.mark.parametrize(("codes", "payer"), [(MONITORED, "fund"), (FORMER, "county_finance")])
def test_s3_10_s3_11_who_pays(codes, payer):
    for code in codes:
        settled = settle_one("guangxi", held(code), claim("2022-05-01", 5_000))
        assert settled.table.rules[settled.steps.category, settled.facts.service, settled.facts.location].payer == payer
        line = next(line for line in settled.lines if line.step == "assistance")
        assert ("县级财政承担" in line.label) == (payer == "county_finance")


def test_s3_12_major_chronic_shares_deductible_and_limit_with_inpatient():
    one, two, three = settle(
        "guangxi",
        held("marginal_risk"),
        claim("2022-05-01", 2_000, service="major_chronic"),
        claim("2022-05-02", 2_000),
        claim("2022-05-03", 1_000, service="major_chronic"),
        state=State(assist_paid=fen(19_000)),
    )
    assert [s.assistance for s in (one, two, three)] == [0, fen(700), fen(300)]


@pytest.mark.parametrize("service", ["outpatient", "chronic", "special_drug"])
def test_s3_12_other_outpatient_is_not_named(service):
    managed = "per_visit" if service == "chronic" else ""
    one = claim("2022-05-01", 5_000, service=service, chronic_management=managed)
    settled = settle_one("guangxi", held("marginal_risk"), one)
    assert (settled.assistance, settled.state.deductible_base) == (0, 0)


def sums(**changes: float) -> Measures:
    return Measures(**{name: fen(value) for name, value in changes.items()})


def entitled(measures: Measures, *codes: str, granted: float = 0) -> int:
    return entitlement_of(rules_of("guangxi"), DAY, measures, codes or ("marginal_risk",), fen(granted)).amount


def test_s3_13_lifts_inpatient_to_ninety_and_special_outpatient_to_eighty():
    measures = sums(
        in_scope_burden=40_000, in_scope_inpatient=100_000, paid_inpatient=70_000,
        in_scope_chronic=6_000, paid_chronic=3_000, in_scope_major_chronic=4_000, paid_major_chronic=4_000,
    )  # fmt: skip
    assert entitled(measures) == fen(20_000 + 1_000)


def test_s3_13_from_a_burden_of_10000_on():
    measures = sums(in_scope_burden=10_000, in_scope_inpatient=20_000, paid_inpatient=10_000)
    assert entitled(measures) == fen(8_000)
    assert entitled(measures - Measures(in_scope_burden=1)) == 0


@pytest.mark.parametrize("code", [*FORMER, "subsistence"])
def test_s3_13_for_monitored_people_alone(code):
    measures = sums(in_scope_burden=50_000, in_scope_inpatient=100_000, paid_inpatient=50_000)
    assert entitled(measures, code) == 0


def test_s3_13_at_most_100000_a_year_and_never_twice():
    measures = sums(in_scope_burden=400_000, in_scope_inpatient=500_000, paid_inpatient=100_000)
    assert entitled(measures) == fen(100_000)
    assert entitled(measures, granted=90_000) == fen(10_000)
    assert entitled(measures, granted=100_000) == 0
    small = sums(in_scope_burden=10_000, in_scope_inpatient=20_000, paid_inpatient=10_000)
    assert entitled(small, granted=8_000) == 0


def test_s3_13_a_group_above_its_target_does_not_lower_the_other():
    measures = sums(
        in_scope_burden=12_000, in_scope_inpatient=10_000, paid_inpatient=10_000,
        in_scope_chronic=20_000, paid_chronic=8_000,
    )  # fmt: skip
    assert entitled(measures) == fen(8_000)


def test_s3_13_the_other_reading_counts_ordinary_assistance_within_the_limit():
    text = (DOCUMENTS / "guangxi-2022.toml").read_text(encoding="utf-8")
    text = text.replace("limit_includes_base = false", "limit_includes_base = true")
    rules = Rules(Book([parse_document(text, "guangxi-2022.toml")]), "guangxi", load_parameters(PARAMETERS))
    measures = sums(in_scope_burden=400_000, in_scope_inpatient=500_000, paid_inpatient=100_000)
    found = entitlement_of(rules, DAY, measures, {"marginal_risk"}, assist_paid=fen(20_000))
    assert found.amount == fen(80_000)


def test_s3_13_from_settled_claims_with_every_figure_shown():
    done = settle("guangxi", held("marginal_risk"), claim("2022-05-01", 200_000, 50_000), claim("2022-05-02", 90_000))
    year = measures_of(done[0]) + measures_of(done[1])
    found = entitlement_of(rules_of("guangxi"), DAY, year, {"marginal_risk"})
    paid = fen(50_000) + sum(s.cii_paid + s.assistance for s in done)
    assert found.amount == fen(290_000) * 90 // 100 - paid
    assert [line.step for line in found.lines] == ["threshold", "need", "need", "entitlement"]
    assert all(line.clauses == ("S3-13",) for line in found.lines)


def test_s3_13_elsewhere_not_governed():
    with pytest.raises(NotGoverned, match="没有规定按公式核定"):
        entitlement_of(rules_of("tongliao"), date(2023, 5, 1), Measures(), {"marginal_risk"})


CONTROLLED = ("extreme_poverty", "orphan", "unsupported_child", "subsistence", *FORMER, *MONITORED)


@pytest.mark.parametrize("code", CONTROLLED)
@pytest.mark.parametrize("service", ["inpatient", "outpatient"])
def test_s3_16_more_than_a_tenth_outside_the_catalogue_falls_to_the_institution(code, service):
    one = claim("2022-05-01", 1_000, outside=1_500, total=10_000, service=service)
    settled = settle_one("guangxi", held(code, approved=False), one)
    assert (settled.institution_borne, settled.over_control) == (fen(500), True)


def test_s3_16_not_when_approved_not_for_others_not_at_the_line():
    over = {"outside": 1_500, "total": 10_000}
    assert (
        settle_one("guangxi", held("orphan"), claim("2022-05-01", 1_000, control_waived=True, **over)).institution_borne
        == 0
    )
    assert settle_one("guangxi", held("relapsed_poverty"), claim("2022-05-01", 1_000, **over)).institution_borne == 0
    line = settle_one("guangxi", held("orphan"), claim("2022-05-01", 1_000, outside=1_000, total=10_000))
    assert (line.institution_borne, line.over_control) == (0, False)


@pytest.mark.parametrize("code", ["extreme_poverty", "subsistence"])
def test_s3_20_other_categories_are_governed_elsewhere(code):
    document = rules_of("guangxi").document_on(DAY)
    assert document.governed_elsewhere(code).document == "桂政办发〔2022〕5号"
    assert document.governed_elsewhere("marginal_risk") is None
    assert settle_one("guangxi", held(code), claim("2022-05-01", 5_000)).category == "none"
