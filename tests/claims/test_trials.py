"""Trial runs: equal to real settlement where the text is the same, exact where it differs, and nothing written."""

import io
import re
from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import InternalError

from accounts.models import Region
from accounts.vocabulary import Role
from claims.eligibility import Approval
from claims.models import Claim, Settlement
from claims.services import settle_person_year
from claims.trials import figures, reading, services, texts
from claims.trials.figures import TIERS
from claims.trials.models import TrialPerson, TrialRun
from claims.trials.results import Results
from claims.trials.selectors import has_effect
from claims.trials.services import TrialRefused, reading_only, run_trial
from policies.models import PolicyVersion
from policies.selectors import days
from policies.services import figures_now
from tests.claims.makers import COUNTY, DATA, fen, import_claims, make_person, make_spell, now, record
from tests.policies.making import CASES, POLICIES

CITY = "150500000000"
pytestmark = pytest.mark.django_db


@pytest.fixture
def city(law) -> Region:
    return Region.objects.get(pk=CITY)


@pytest.fixture
def shipped(law) -> PolicyVersion:
    return PolicyVersion.objects.get(name="tongliao-2023")


def draft(shipped: PolicyVersion, *changes: tuple[str, str], name: str = "tongliao-2024") -> PolicyVersion:
    """The shipped text with some words changed, as a draft of the same region."""
    body = shipped.body.replace("valid_from = 2023-01-01", "valid_from = 2024-01-01")
    for old, new in changes:
        assert old in body, old
        body = body.replace(old, new)
    import hashlib

    return PolicyVersion.objects.create(
        policy="tongliao",
        name=name,
        title="修订草案",
        region=shipped.region,
        validity=days(date(2024, 1, 1), None),
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        based_on=shipped,
    )


@pytest.fixture
def may(law):
    """通辽 after the three rosters and the claims of May 2023."""
    for department in ("civil_affairs", "rural_revitalization", "disabled_federation"):
        options = ("--department", department, "--month", "2023-05", "--region", "150500", "--confirm")
        call_command("import_roster", str(DATA / f"{department}-2023-05.csv"), *options, stdout=io.StringIO())
    import_claims(DATA / "claims-2023-05.csv", "150500", "--confirm")


def computed(version, baseline, region, year=2023):
    return services.compute(version=version, baseline=baseline, region=region, year=year)[0]


def tiers(totals: figures.Totals, side: int) -> dict[str, int]:
    return dict(zip(TIERS, totals.sums["month"][side].sum(axis=0).tolist(), strict=True))


STORED = {
    "cii": "cii_paid",
    "assistance": "assistance",
    "outside": "out_of_catalogue_assistance",
    "top_up": "top_up",
    "borne": "institution_borne",
    "in_scope_burden": "in_scope_burden",
    "burden": "personal_burden",
}


def test_the_same_text_equals_the_real_settlements(may, city, shipped):
    totals = computed(shipped, None, city)
    stored = list(Settlement.objects.filter(superseded_at=None))
    assert (totals.claims, totals.persons, totals.unsettled) == (738, len({s.claim.person_id for s in stored}), 0)
    assert totals.changed_claims == 0
    assert totals.same == totals.persons
    assert not totals.histogram.any()
    for side in (0, 1):
        found = tiers(totals, side)
        assert (found.pop("year_end"), found.pop("county_finance")) == (0, 0)
        assert found == {tier: sum(getattr(s, name) for s in stored) for tier, name in STORED.items()}
    assert totals.counts["category"][0].sum() == 738


@pytest.mark.parametrize("compiled", [False, True])
def test_every_claim_and_person_equals_its_settlement(may, city, shipped, monkeypatch, compiled):
    if compiled:
        monkeypatch.setattr(texts, "COMPILE_FROM", 1)
    low, high = "150500000000", "150599999999"
    claims = reading.read_claims(low, high, 2023)
    spells = reading.read_spells(low, high, 2023, claims.person_ids)
    in_force = list(PolicyVersion.objects.filter(state="published"))
    side = texts.text_of(None, claims, 2023, in_force, texts.Figures())
    columns = claims.columns(0, len(claims.person_ids))
    part = figures.settled_slice(columns, spells, (side, side))
    before, after = part.sides
    assert part.unsettled == 0 and part.claims is columns
    stored = {s.claim_id: s for s in Settlement.objects.filter(superseded_at=None)}
    amounts = before.amounts.reshape(-1, 7).tolist()
    assert len(amounts) == 738
    for claim_id, row, category in zip(columns.claim_id.tolist(), amounts, before.category.tolist(), strict=True):
        settlement = stored.pop(claim_id)
        assert row == [getattr(settlement, name) for name in STORED.values()]
        assert figures.code_of(category) == settlement.category
    assert (before.amounts == after.amounts).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_golden_case_comes_out_as_settled(policy, law, approve):
    """All five policies with approvals, employees' and out-of-order claims, and year-end payments beside."""
    from tests.claims.test_cases import REGIONS, register_categories

    register_categories(policy, approve)
    import_claims(CASES / policy / "claims.csv", REGIONS[policy], "--confirm")
    region = Region.objects.get(pk=REGIONS[policy])
    for year in sorted({day.year for day in Claim.objects.dates("settled_on", "year")}):
        stored = Settlement.objects.filter(superseded_at=None, claim__settled_on__year=year)
        version = PolicyVersion.objects.get(pk=stored.first().version_id)
        totals = computed(version, None, region, year)
        assert totals.changed_claims == 0
        found = tiers(totals, 0)
        paid, by_county = found.pop("year_end"), found.pop("county_finance")
        assert by_county == 0 or (policy == "guangxi" and by_county <= found["assistance"])
        want = {tier: sum(getattr(s, name) for s in stored) for tier, name in STORED.items()}
        want["burden"] -= paid
        want["in_scope_burden"] -= paid
        assert found == want
        assert paid == year_end_of(policy, year)


def year_end_of(policy: str, year: int) -> int:
    import csv

    with (CASES / policy / "settle.csv").open(encoding="utf-8") as file:
        return sum(
            fen(row["assistance"])
            for row in csv.DictReader(file)
            if re.fullmatch(rf"YEAREND-.*-{year}", row["claim_no"])
        )


# --- what a change does -------------------------------------------------------------------------------------------
SUBSISTENCE = 'name = "低保对象、返贫致贫人口住院救助"'
RULE = (
    SUBSISTENCE
    + """
clauses = ["S1-12", "S1-11", "S1-10"]
who = ["低保对象", "返贫致贫人口"]
services = ["住院"]
deductible = "不设"
ratio = "{}%"
"""
)


def lowered(shipped: PolicyVersion, name: str = "tongliao-2024") -> PolicyVersion:
    """低保对象 and 返贫致贫人口 in hospital get 50 % instead of 70 % (S1-12)."""
    return draft(shipped, (RULE.format(70), RULE.format(50)), name=name)


@pytest.fixture
def three_claims(city):
    """A 低保对象 in hospital and as outpatient, and someone without a category in hospital."""
    poor, other = make_person(name="甲"), make_person(name="乙")
    make_spell(poor, "subsistence")
    return (
        poor,
        record(poor, "2023-03-01", 10_000, 4_000),
        record(poor, "2023-04-01", 500, 100, service="outpatient"),
        record(other, "2023-03-02", 10_000, 4_000),
    )


def test_a_changed_ratio_changes_exactly_the_claims_it_names(city, shipped, three_claims):
    """Own cost 6,000, below the halved line of critical illness (7,000): 70 % are 4,200, 50 % are 3,000."""
    poor, hit, _outpatient, untouched = three_claims
    assert (now(hit).category, now(hit).assistance, now(untouched).category) == ("subsistence", fen(4_200), "none")
    run = run_trial(actor=None, version=lowered(shipped), baseline=None, region=city, year=2023)
    assert (run.claims, run.persons, run.changed_claims, run.gained, run.lost) == (3, 2, 1, 0, 1)
    (row,) = TrialPerson.objects.all()
    assert (row.person_id, row.number, row.region_id, row.claims) == (poor.pk, 1, COUNTY, 2)
    # The last claim, an outpatient one, has no benefit and so no winner but the category listed first.
    assert (row.assistance, row.trial_assistance, row.cii, row.trial_cii) == (fen(4_200), fen(3_000), 0, 0)
    assert (row.burden, row.trial_burden) == (fen(1_800 + 400), fen(3_000 + 400))
    assert (row.gain, row.size, run.fund_change) == (fen(-1_200), fen(1_200), fen(-1_200))
    assert run.summary["losses"] == [0, 0, 0, 1, 0, 0, 0]
    assert run.summary["tiers"]["assistance"] == [fen(4_200), fen(3_000)]
    march, april = run.summary["month"]
    assert (march["key"], march["claims"], april["key"], april["claims"]) == (3, [2, 2], 4, [1, 1])
    assert march["before"]["assistance"] - march["after"]["assistance"] == fen(1_200)
    assert april["before"] == april["after"]
    (county,) = run.summary["county"]
    assert (county["key"], county["gained"], county["lost"]) == ("150521", 0, 1)
    given = {"total": 20_500, "in_scope": 20_500, "out_of_catalogue": 0, "basic_paid": 8_100, "other_paid": 0}
    assert run.summary["given"] == {name: fen(yuan) for name, yuan in given.items()}


def test_money_in_is_money_out_on_both_sides(may, city, shipped):
    run = run_trial(actor=None, version=lowered(shipped), baseline=None, region=city, year=2023)
    given, found = run.summary["given"], run.summary["tiers"]
    for side in (0, 1):
        paid = sum(found[tier][side] for tier in ("cii", "assistance", "outside", "top_up", "borne", "burden"))
        # Other payments beyond what was left to pay are nobody's cost.
        assert 0 <= given["total"] - paid - given["basic_paid"] <= given["other_paid"]
    payers = Results(run).payers()
    assert sum(row.before for row in payers) == sum(row.after for row in payers) == given["total"]
    for name in figures.DIMENSIONS:
        for tier in TIERS:
            assert sum(row["before"][tier] for row in run.summary[name]) == found[tier][0]
            assert sum(row["after"][tier] for row in run.summary[name]) == found[tier][1]
    assert run.lost > 0
    assert run.gained == 0
    assert sum(row.gain for row in TrialPerson.objects.all()) == found["burden"][0] - found["burden"][1]
    assert TrialPerson.objects.filter(gain__lt=0).count() == run.lost == sum(run.summary["losses"])


def test_a_trial_of_a_county_knows_what_its_people_had_elsewhere(city, shipped):
    """The deductible base that a person filled in another county counts, its claims do not."""
    county, other = Region.objects.get(pk=COUNTY), "150502000000"
    person = make_person(region=other)
    first = record(person, "2023-02-01", 30_000, 10_000)
    type(person).objects.filter(pk=person.pk).update(region_id=COUNTY)
    person.region_id = COUNTY
    person.refresh_from_db()
    second = record(person, "2023-03-01", 10_000, 4_000)
    assert (first.region_id, second.region_id) == (other, COUNTY)
    assert now(second).cii_paid == fen(3_600)  # the 14,000 were used up in February
    totals = computed(shipped, None, county)
    assert (totals.claims, totals.persons, tiers(totals, 1)["cii"]) == (1, 1, fen(3_600))
    assert totals.given.tolist()[0] == fen(10_000)


def test_claims_of_one_day_run_in_the_order_of_their_numbers(city, shipped):
    person = make_person()
    for number, scope in (("b2", 9_000), ("B1", 30_000), ("Á", 7_000), ("a", 14_500)):
        record(person, "2023-02-01", scope, claim_no=number)
    settle_person_year(person_id=person.pk, year=2023, actor=None)
    claims = reading.read_claims("150500000000", "150599999999", 2023)
    columns = claims.columns(0, len(claims.person_ids))
    numbers = dict(Claim.objects.values_list("pk", "claim_no"))
    assert [numbers[pk] for pk in columns.claim_id.tolist()] == ["B1", "a", "b2", "Á"]
    totals = computed(shipped, None, city)
    assert tiers(totals, 0)["cii"] == sum(s.cii_paid for s in Settlement.objects.filter(superseded_at=None))


def test_s1_19_approvals_count_on_the_days_they_share_with_the_category(city, shipped, approve):
    person = make_person()
    make_spell(person, "illness_poverty", "2023-02-01", "2023-06-30")
    approve(Approval(person.pk, "illness_poverty", date(2023, 4, 1), date(2023, 12, 31)))
    approve(Approval(person.pk, "subsistence", date(2023, 1, 1)))
    claims = [record(person, f"2023-{month:02d}-05", 30_000, 5_000) for month in (3, 5, 8)]
    assert [now(claim).category for claim in claims] == ["none", "illness_poverty", "none"]
    totals = computed(shipped, None, city)
    assert totals.changed_claims == 0
    assert tiers(totals, 0)["assistance"] == sum(now(claim).assistance for claim in claims) > 0


# --- nothing in the register changes ------------------------------------------------------------------------------
TABLES = (
    "claims_claim",
    "claims_settlement",
    "claims_personyear",
    "beneficiaries_person",
    "beneficiaries_categoryspell",
    "policies_policyversion",
    "policies_policyfigures",
    "policies_policyparameter",
)


def fingerprint() -> dict[str, tuple]:
    """Rows, their contents and their last transactions."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*), md5(string_agg(xmin::text || t::text, '|' ORDER BY id)) FROM {table} t")
            found[table] = cursor.fetchone()
    return found


@pytest.mark.django_db(transaction=True)
def test_nothing_in_the_register_changes(three_claims, shipped, city):
    version = lowered(shipped)
    figures_now(shipped)
    before = fingerprint()
    run = run_trial(actor=None, version=version, baseline=shipped, region=city, year=2023)
    assert run.changed_claims == 1
    assert fingerprint() == before
    assert before["claims_claim"][0] == 3


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_refuses_writes_while_a_trial_reads(city):
    with reading_only(), pytest.raises(InternalError, match="read-only"), transaction.atomic():
        Region.objects.filter(pk=CITY).update(name="别处")
    assert Region.objects.get(pk=CITY).name == "通辽市"


# --- runs ---------------------------------------------------------------------------------------------------------
def test_a_new_run_of_the_same_pair_replaces_the_old_one(three_claims, city, shipped):
    version = lowered(shipped)
    first = run_trial(actor=None, version=version, baseline=None, region=city, year=2023)
    people = list(TrialPerson.objects.values_list("pk", flat=True))
    second = run_trial(actor=None, version=version, baseline=None, region=city, year=2023)
    assert first.pk == second.pk
    assert TrialPerson.objects.count() == len(people) == 1
    assert set(TrialPerson.objects.values_list("pk", flat=True)).isdisjoint(people)
    other = run_trial(actor=None, version=version, baseline=shipped, region=city, year=2023)
    assert other.pk != first.pk
    assert TrialRun.objects.count() == 2


def test_a_superseded_start_leaves_its_result_unwritten(three_claims, city, shipped, users):
    officer = users[Role.POLICY_OFFICER]
    given = {"actor": officer, "version": lowered(shipped), "baseline": None, "region": city, "year": 2023}
    first = services.start_trial(**given)
    second = services.start_trial(**given)
    assert (first.pk, first.job_id != second.job_id) == (second.pk, True)
    assert services.perform(run_id=first.pk, job_id=first.job_id).finished_at is None
    assert services.perform(run_id=first.pk, job_id=second.job_id).finished_at


def test_has_effect_speaks_of_exactly_this_text(three_claims, city, shipped):
    version, same = lowered(shipped), draft(shipped, name="tongliao-2025")
    assert has_effect(version) is None
    run_trial(actor=None, version=version, baseline=None, region=city, year=2023)
    run_trial(actor=None, version=same, baseline=None, region=city, year=2023)
    assert has_effect(version) is True
    assert has_effect(same) is False
    assert TrialRun.objects.get(version=version).is_current
    PolicyVersion.objects.filter(pk=version.pk).update(sha256="0" * 64)
    version.refresh_from_db()
    assert has_effect(version) is None
    assert not TrialRun.objects.select_related("version").get(version=version).is_current


REFUSED = {
    "no claims": ({"year": 2022}, "还没有费用"),
    "same texts": ({"baseline": "version"}, "相同"),
    "a year to come": ({"year": 2090}, "2090"),
}


@pytest.mark.parametrize(("changed", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_tried_says_why(three_claims, city, shipped, changed, words):
    version = lowered(shipped)
    given = {"version": version, "baseline": None, "region": city, "year": 2023} | changed
    if given["baseline"] == "version":
        given["baseline"] = version
    with pytest.raises(TrialRefused, match=words):
        run_trial(actor=None, **given)
    assert not TrialPerson.objects.exists()


def test_a_missing_figure_is_named(three_claims, city, shipped):
    from policies.models import PolicyParameter

    PolicyParameter.objects.filter(policy="tongliao", key="cii_deductible", year=2023).delete()
    with pytest.raises(TrialRefused, match=r"cii_deductible|大病保险"):
        run_trial(actor=None, version=lowered(shipped), baseline=None, region=city, year=2023)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.POLICY_OFFICER])
def test_only_the_policy_officer_tries(three_claims, city, shipped, users, role):
    with pytest.raises(TrialRefused, match="政策管理"):
        run_trial(actor=users[role], version=lowered(shipped), baseline=None, region=city, year=2023)
    assert not TrialRun.objects.exists()


def test_the_officer_tries_at_home(three_claims, city, shipped, users):
    officer = users[Role.POLICY_OFFICER]
    elsewhere = Region.objects.get(pk="370800000000")
    version = lowered(shipped)
    with pytest.raises(TrialRefused, match="管辖"):
        run_trial(actor=officer, version=version, baseline=None, region=elsewhere, year=2023)
    assert run_trial(actor=officer, version=version, baseline=None, region=city, year=2023).actor == officer


def test_reading_takes_a_fixed_number_of_queries(three_claims, city, shipped, django_assert_num_queries):
    """Copies do not pass Django's cursor; beside them: versions, parameters, claims of other regions."""
    version = lowered(shipped)
    computed(version, None, city)
    with django_assert_num_queries(3):
        computed(version, None, city)
