"""Order, limits and locks: what a year comes to depends on its claims, never on how or when they arrived."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import permutations

import pytest
from django.db import IntegrityError, connection, transaction

from claims import columns, facts
from claims.eligibility import Approval
from claims.errors import CannotSettle, ClaimRefused, NotAllowed
from claims.models import Claim, PersonYear, Settlement
from claims.services import preview_claim, record_claim, settle_person_year
from policies.engine import chain
from policies.engine.measures import MEASURE_LABELS, measures_of
from policies.engine.settlement import Spell, settle_claim
from tests.claims.makers import fen, make_person, make_spell, new_claim, now, record, result, snapshot
from tests.policies.making import claim as engine_claim
from tests.policies.making import rules_of

BILLS = (
    ("2023-02-01", 30000, 12000, 900),
    ("2023-03-05", 52000.55, 20000, 4000),
    ("2023-03-05", 90000, 30000.01, 12000),
    ("2023-07-19", 260000, 80000, 0),
)


def settled(person) -> dict[str, tuple[str, ...]]:
    rows = Settlement.objects.filter(superseded_at=None, claim__person=person).select_related("claim")
    return {row.claim.claim_no: result(row) for row in rows}


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(range(4)))[::4])
def test_the_order_of_arrival_is_irrelevant(order, law):
    person, other = make_person(), make_person()
    for one in (person, other):
        make_spell(one, "subsistence")
    for n, bill in enumerate(BILLS):
        record(other, *bill, claim_no=f"B{n}-other")
    for n in order:
        record(person, *BILLS[n], claim_no=f"B{n}")
    assert [settled(person)[f"B{n}"] for n in range(4)] == [settled(other)[f"B{n}-other"] for n in range(4)]
    years = snapshot()
    assert years[person.pk, 2023] == years[other.pk, 2023]


@pytest.mark.django_db
def test_a_late_claim_supersedes_what_it_moves_and_nothing_else(law):
    """Before the first of March stands what was settled; after it both answers are kept."""
    person = make_person()
    make_spell(person, "subsistence")
    first = record(person, "2023-01-10", 3000, 1000)
    later = record(person, "2023-06-01", 6000, 2000)
    kept, moved = now(first), now(later)
    record(person, "2023-03-01", 60000, 20000)
    assert now(first).pk == kept.pk
    assert now(later).pk != moved.pk
    moved.refresh_from_db()
    assert moved.superseded_at is not None
    assert moved.cii_paid == 0 < now(later).cii_paid  # the deductible was used up by the claim between them
    assert list(now(later).before) == list(facts.unflat(now(Claim.objects.get(settled_on="2023-03-01")).steps).state)


@pytest.mark.django_db
def test_a_claim_in_order_leaves_earlier_results_alone_even_if_the_register_changed(law):
    """A category that arrives with a past date is a matter for a person, not for the next bill."""
    person = make_person()
    first = record(person, "2023-01-10", 80000, 12000)
    make_spell(person, "extreme_poverty", "2023-01-01")
    second = record(person, "2023-05-10", 80000, 12000)
    assert (now(first).category, now(second).category) == ("none", "extreme_poverty")
    assert now(first).settled_at < now(second).settled_at
    settle_person_year(person_id=person.pk, year=2023, actor=None)
    assert now(first).category == "extreme_poverty"
    assert first.settlements.count() == 2


@pytest.mark.django_db
def test_every_settlement_is_what_the_engine_gives_for_a_person_year(law):
    """Claim by claim with the pure engine, from the same facts: amounts, state and the warning measure."""
    person = make_person()
    make_spell(person, "subsistence", "2023-03-01", "2023-06-30")
    make_spell(person, "relapsed_poverty", "2023-06-01", department="rural_revitalization")
    state, rules = chain.State(), rules_of("tongliao")
    spells = [
        Spell("subsistence", date(2023, 3, 1), date(2023, 6, 30)),
        Spell("relapsed_poverty", date(2023, 6, 1)),
    ]
    measure = 0
    for n, (day, in_scope, basic, outside) in enumerate(BILLS):
        made = now(record(person, day, in_scope, basic, outside, claim_no=f"T{n}"))
        want = settle_claim(rules, state, engine_claim(day, in_scope, basic, outside=outside, claim_no=f"T{n}"), spells)
        state = want.state
        measure += measures_of(want).in_scope_after_insurance
        assert facts.unflat(made.steps) == want.steps
        assert (made.category, made.assistance) == (want.category, want.assistance)
    year = PersonYear.objects.get(person=person)
    assert chain.State.from_dict(year.state) == state
    assert year.measure == measure


@pytest.mark.parametrize("measure", MEASURE_LABELS)
def test_the_measure_kept_with_the_year_is_the_engines(measure):
    want = settle_claim(rules_of("tongliao"), chain.State(), engine_claim("2023-05-01", 90000, 20000, outside=700), [])
    kept = Claim(**{name: getattr(want.claim, name) for name in type(want.claim).__slots__ if name != "given_cii"})
    fact = facts.fact_of(kept)
    assert facts.measured(fact, want.steps, measure) == getattr(measures_of(want), measure) > 0


def test_the_stored_trace_keeps_its_layout():
    """Settlements hold the trace as a row of integers. Who changes a field of the engine's steps must convert them."""
    layout = {
        "steps": chain.Steps._fields,
        "control": chain.Control._fields,
        "cii": chain.CriticalIllness._fields,
        "assistance": chain.Assistance._fields,
        "top_up": chain.TopUp._fields,
        "state": chain.State._fields,
    }
    assert layout == {
        "steps": (
            "category", "total", "control", "cii", "assistance", "outside", "top_up", "in_scope_burden",
            "personal_burden", "spare", "state",
        ),
        "control": ("share", "line", "over", "borne"),
        "cii": ("own", "deductible", "payable", "ratio", "computed", "left", "paid", "rest"),
        "assistance": (
            "covered", "deferred", "pool", "deductible", "base", "payable", "ratio", "computed", "reach", "left",
            "paid",
        ),
        "top_up": ("burden", "payable", "computed", "left", "paid"),
        "state": (
            "cii_base", "cii_paid", "deductible_base", "deductible_base_2", "deductible_base_3", "assist_paid",
            "assist_major_paid", "topup_base", "topup_paid", "annual_base", "major_seen",
        ),
    }  # fmt: skip
    row = list(range(45))
    assert facts.flat(facts.unflat(row)) == row


@pytest.mark.django_db
def test_s1_19_an_approval_opens_direct_settlement_from_its_day(law, approve):
    person = make_person()
    make_spell(person, "subsistence_margin", "2023-01-01")
    approve(Approval(person.pk, "subsistence_margin", date(2023, 4, 1)))
    before, after = record(person, "2023-03-31", 50000, 10000), record(person, "2023-04-01", 50000, 10000)
    assert (now(before).category, now(before).assistance) == ("none", 0)
    assert now(after).category == "subsistence_margin"
    assert now(after).assistance > 0
    assert now(after).approved == ["subsistence_margin"]


@pytest.mark.django_db
def test_s1_21_a_share_outside_the_catalogue_is_flagged_for_every_patient(law):
    person = make_person()
    over = now(record(person, "2023-05-01", 9000, 1000, 1000.01))
    exact = now(record(person, "2023-05-02", 9000, 1000, 1000))
    second = now(record(person, "2023-05-03", 9500, 1000, 500.03, hospital_level=2))
    first = now(record(person, "2023-05-04", 1000, 100, 9000, hospital_level=1))
    assert [one.over_control for one in (over, exact, second, first)] == [True, False, True, False]
    assert {one.institution_borne for one in (over, exact, second, first)} == {0}


@pytest.mark.django_db
def test_s1_23_care_without_referral_is_not_covered_and_fills_no_base(law):
    person = make_person()
    make_spell(person, "extreme_poverty")
    no = now(record(person, "2023-05-01", 90000, 20000, referred="no"))
    assert no.cii_paid > 0
    assert (no.assistance, no.top_up) == (0, 0)
    state = chain.State.from_dict(PersonYear.objects.get(person=person).state)
    assert (state.deductible_base, state.topup_base, state.assist_paid) == (0, 0, 0)


@pytest.mark.django_db
def test_s0_19_what_others_paid_lowers_the_burden_and_nothing_else(law):
    region = "540500000000"
    one, other = make_person(region=region), make_person(region=region)
    alone = now(record(one, "2023-05-01", 40000, 10000, 2000))
    helped = now(record(other, "2023-05-01", 40000, 10000, 2000, other_paid=fen(5000)))
    assert helped.personal_burden == alone.personal_burden - fen(5000)
    assert (helped.cii_paid, helped.assistance, helped.in_scope_burden) == (
        alone.cii_paid,
        alone.assistance,
        alone.in_scope_burden,
    )
    assert PersonYear.objects.get(person=other).measure == helped.personal_burden


@pytest.mark.django_db
def test_an_employees_own_payment_stands_in_for_critical_illness(law):
    person = make_person()
    made = now(record(person, "2023-05-01", 90000, 30000, insurance="310", platform_cii=fen(12345.67)))
    assert made.cii_paid == fen(12345.67)
    assert chain.State.from_dict(PersonYear.objects.get(person=person).state).cii_base == 0
    with pytest.raises(ClaimRefused) as refused:
        record(person, "2023-05-02", 1000, 900, insurance="310", platform_cii=fen(101))
    assert refused.value.field == "platform_cii"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"basic_paid": 100_01}, "basic_paid"),
        ({"total": 99_99}, "total"),
        ({"other_paid": -1}, "other_paid"),
        ({"settled_on": date(2099, 1, 1)}, "settled_on"),
    ],
)
def test_a_faulty_claim_is_refused_with_its_field_and_nothing_is_written(changes, field, law):
    values = new_claim("2023-05-01", 100, 0).__dict__ | changes
    with pytest.raises(ClaimRefused) as refused:
        record_claim(actor=None, person=make_person(), claim=type(new_claim("2023-05-01", 1))(**values))
    assert refused.value.field == field
    assert "请核对" in str(refused.value)
    assert not Claim.objects.exists()


@pytest.mark.django_db
def test_a_day_without_law_or_figure_is_refused_by_name(law):
    with pytest.raises(CannotSettle, match="没有适用于该地区的政策版本"):
        record(make_person(), "2022-05-01", 1000)
    with pytest.raises(CannotSettle, match="cii_deductible 2025"):
        record(make_person(), "2025-05-01", 1000)
    assert not Claim.objects.exists()
    assert not PersonYear.objects.exists()


@pytest.mark.django_db
def test_a_number_that_is_there_is_refused(law):
    person = make_person()
    record(person, "2023-05-01", 1000, claim_no="A1")
    with pytest.raises(ClaimRefused, match="已经登记"):
        record(person, "2023-05-02", 1000, claim_no="A1")
    assert Claim.objects.count() == 1


@pytest.mark.django_db
def test_only_a_case_worker_of_the_region_enters_claims(law, users):
    mine, far = make_person(), make_person(region="370800000000")
    assert record_claim(actor=users["case_worker"], person=mine, claim=new_claim("2023-05-01", 10)).entered_by
    with pytest.raises(NotAllowed, match="管辖范围"):
        record_claim(actor=users["case_worker"], person=far, claim=new_claim("2023-05-01", 10))
    for role in ("reviewer", "supervisor", "clerk", "liaison"):
        with pytest.raises(NotAllowed, match="角色"):
            record_claim(actor=users[role], person=mine, claim=new_claim("2023-05-01", 10))


@pytest.mark.django_db
def test_the_preview_is_what_entering_gives_and_writes_nothing(law):
    person = make_person()
    make_spell(person, "extreme_poverty")
    record(person, "2023-01-05", 60000, 20000, claim_no="A")
    record(person, "2023-09-05", 60000, 20000, claim_no="C")
    claim = new_claim("2023-05-05", 80000, 20000, 3000, claim_no="B")
    seen, before = preview_claim(person=person, claim=claim), Settlement.objects.count()
    assert Claim.objects.count() == 2
    assert facts.unflat(now(record_claim(actor=None, person=person, claim=claim)).steps) == seen.steps
    assert Settlement.objects.count() == before + 2


@pytest.mark.django_db
def test_a_settlement_cannot_be_changed_once_made(law):
    made = now(record(make_person(), "2023-05-01", 20000))
    for change in ({"assistance": 1}, {"category": "subsistence"}, {"steps": [1]}, {"version_id": 1}):
        with pytest.raises(IntegrityError, match="不能修改"), transaction.atomic():
            Settlement.objects.filter(pk=made.pk).update(**change)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_ends_in_what_settling_from_zero_gives(seed, law, approve, monkeypatch):
    """Bills in any order, categories known beforehand: sums, states and results equal one pass over the year.

    That pass is made claim by claim and once more by columns: neither finds a number that is otherwise.
    """
    chance = random.Random(seed)
    people = [make_person() for _ in range(3)]
    for person in people:
        for category in chance.sample(["subsistence", "extreme_poverty", "subsistence_margin", "marginal_risk"], 2):
            first = date(2023, chance.randint(1, 9), 1)
            make_spell(person, category, first.isoformat())
            approve(Approval(person.pk, category, first))
    for n in range(40):
        day = date(2023, 1, 1) + timedelta(days=chance.randrange(360))
        in_scope = chance.randrange(1, 120_000) + chance.randrange(100) / 100
        record(
            chance.choice(people),
            day.isoformat(),
            in_scope,
            round(in_scope * chance.choice((0, 0.3, 0.6)), 2),
            chance.choice((0, 500.5, 30_000)),
            claim_no=f"R{n:03d}",
            service=chance.choice(Claim.Service.values),
            referred=chance.choice(Claim.Referred.values),
        )
    gone_along = {person.pk: settled(person) for person in people}, snapshot()
    for person in people:
        for least in (columns.FROM, 1):
            monkeypatch.setattr(columns, "FROM", least)
            totals = settle_person_year(person_id=person.pk, year=2023, actor=None)
            assert totals.claims == totals.superseded == 0
    assert ({person.pk: settled(person) for person in people}, snapshot()) == gone_along
    state = chain.State.from_dict(PersonYear.objects.get(person=people[0]).state)
    assert state.topup_paid <= fen(50_000)
    assert state.assist_paid <= fen(130_000) or "extreme_poverty" in {
        row[0] for row in gone_along[0][people[0].pk].values()
    }


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_lose_nothing_and_pass_no_limit(law):
    """Twenty clerks enter bills of the same ten persons, each in another order; the yearly limit is nearly used up."""
    people = [make_person() for _ in range(10)]
    for person in people:
        make_spell(person, "subsistence")
    gate = threading.Barrier(20)

    def enter(n: int) -> None:
        try:
            gate.wait()
            for person in random.Random(n).sample(people, 10):
                record(person, f"2023-{n % 12 + 1:02d}-15", 60_000, 10_000, claim_no=f"C{n:02d}-{person.pk}")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(enter, range(20)))
    assert Claim.objects.count() == 200
    assert Settlement.objects.filter(superseded_at=None).count() == 200
    years = snapshot()
    for person in people:
        paid = sum(row.assistance for row in Settlement.objects.filter(superseded_at=None, claim__person=person))
        assert paid == fen(130_000)  # S1-10
        assert years[person.pk, 2023][0] == 20
        settle_person_year(person_id=person.pk, year=2023, actor=None)
    assert snapshot() == years
