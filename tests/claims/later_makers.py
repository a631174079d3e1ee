"""What later truth must come to: all waiting settled, and checked against settling the final facts from zero."""

from collections import defaultdict

from django.db import connection

from accounts.models import Region
from claims.facts import fact_of, flat
from claims.later import services
from claims.later.computing import TIERS
from claims.later.models import Adjustment, LaterFact, Resettlement, YearEnd
from claims.models import Claim, PersonYear, Settlement
from claims.settling import Categories, Run, settle_fact
from policies.engine.chain import State

CITY = "150500000000"
YANGCHENG = "140522000000"
COLUMNS = ("cii_paid", "assistance", "out_of_catalogue_assistance", "top_up")  # of TIERS


def settle_all(hands, region: str = CITY) -> list[Resettlement]:
    """Every waiting cause prepared by one and confirmed by the other, until nothing waits."""
    worker, reviewer = hands
    done = []
    facts = LaterFact.objects.filter(done_at=None, region__code__startswith=Region.objects.get(pk=region).prefix)
    while waiting := facts.order_by("pk").first():
        case = services.prepare(actor=worker, region=Region.objects.get(pk=region), cause=waiting.cause)
        if case.state == Resettlement.State.PREPARED:
            case = services.confirm(actor=reviewer, case=case)
        assert case.state in (Resettlement.State.CONFIRMED, Resettlement.State.NOTHING)
        done.append(case)
    return done


def paid(claim: Claim) -> dict[str, int]:
    """What was paid of a claim: its first settlement and all adjustments."""
    first = claim.settlements.order_by("pk")[0]
    sums = {tier: getattr(first, column) for tier, column in zip(TIERS, COLUMNS, strict=True)}
    for one in claim.adjustments.all():
        sums[one.tier] += one.signed
    return sums


def from_zero(person_id: int, year: int) -> dict[int, list[int]]:
    """The trace of each valid claim, settled one after the other by the engine alone."""
    run, state, found = Run(actor=None, from_zero=True), State(), {}
    claims = Claim.objects.filter(person_id=person_id, settled_on__year=year, reversed_at=None)
    categories = Categories.of([person_id])
    for claim in sorted(claims, key=lambda c: (c.settled_on, c.claim_no)):
        fact = fact_of(claim)
        outcome = settle_fact(run.ruling(fact), fact, state, *categories.on(person_id, claim.settled_on))
        state, found[claim.pk] = outcome.steps.state, flat(outcome.steps)
    return found


def check_everything() -> None:
    """Settlements in force, accumulators and what was paid are those of the facts as they are: a fixed few queries."""
    in_force: dict[int, Settlement] = {}
    first: dict[int, Settlement] = {}
    for row in Settlement.objects.select_related("claim").order_by("pk"):
        first.setdefault(row.claim_id, row)
        if row.superseded_at is None:
            in_force[row.claim_id] = row
    booked: dict[tuple[int, str], int] = defaultdict(int)
    for one in Adjustment.objects.exclude(claim=None):
        booked[one.claim_id, one.tier] += one.signed
    for year in PersonYear.objects.all():
        want = from_zero(year.person_id, year.year)
        rows = [
            r for r in in_force.values() if (r.claim.person_id, r.claim.settled_on.year) == (year.person_id, year.year)
        ]
        assert {row.claim_id: row.steps for row in rows} == want
        assert year.claims == len(want)
        assert year.personal_burden == sum(row.personal_burden for row in rows)
        assert year.assistance == sum(row.assistance for row in rows)
        assert year.total == sum(row.claim.total for row in rows)
    assert set(first) == set(Claim.objects.values_list("pk", flat=True))
    for pk, settlement in first.items():
        for tier, column in zip(TIERS, COLUMNS, strict=True):
            want = getattr(in_force[pk], column) if pk in in_force else 0
            assert getattr(settlement, column) + booked[pk, tier] == want, (settlement.claim.claim_no, tier)
    for end in YearEnd.objects.filter(superseded_at=None):
        paid_first = YearEnd.objects.filter(person=end.person_id, year=end.year).earliest("pk").paid
        more = Adjustment.objects.filter(claim=None, person=end.person_id, year=end.year)
        assert paid_first + sum(one.signed for one in more) == end.paid


def ledger_balanced() -> bool:
    """Every entry of the fund adds up to nothing: one sum."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM claims_posting GROUP BY entry_id HAVING sum(amount) <> 0 LIMIT 1")
        return cursor.fetchone() is None
