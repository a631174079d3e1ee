"""Later truth: whatever arrives in whatever order, the money ends where settling the final facts from zero puts it."""

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell
from beneficiaries.services import certify, end_category
from claims import columns
from claims.errors import CannotSettle, ClaimRefused, NotAllowed
from claims.facts import fact_of, flat
from claims.fund.selectors import out_of_step
from claims.fund.services import book_claims
from claims.later import services
from claims.later.computing import LINE_COLUMNS, TIERS
from claims.later.models import Adjustment, Cause, EarlierFacts, LaterFact, Resettlement, YearEnd
from claims.later.recording import record_exception, record_other_payment
from claims.later.year_end import run_year_end
from claims.models import Claim, PersonYear, Settlement
from claims.services import record_claim
from claims.settling import Categories, Run, settle_fact
from policies.engine.chain import State
from tests.claims.makers import fen, make_person, make_spell, new_claim, now, record
from tests.factories import make_user

pytestmark = pytest.mark.django_db
CITY = "150500000000"
YANGCHENG = "140522000000"
COLUMNS = ("cii_paid", "assistance", "out_of_catalogue_assistance", "top_up")  # of TIERS


@pytest.fixture
def hands(law):
    """A case worker who prepares and a reviewer who confirms."""
    return make_user(Role.CASE_WORKER, username="prepares"), make_user(Role.REVIEWER, username="confirms")


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


# --- one by one ------------------------------------------------------------------------------------------------------
def test_a_back_dated_category_is_listed_confirmed_by_another_and_booked_as_a_supplement(hands):
    worker, reviewer = hands
    person = make_person()
    claim = record(person, "2023-05-10", 60000, 20000)
    held = now(claim)
    certify(
        actor=worker,
        person=person,
        category="subsistence",
        department="civil_affairs",
        region=person.region,
        valid_from=date(2023, 5, 1),
        source=None,
    )
    assert now(claim) == held  # nothing changes before a second person confirms
    case = services.prepare(actor=worker, region=Region.objects.get(pk=CITY), cause=Cause.CATEGORY)
    (line,) = case.lines.all()
    assert (case.state, line.old_category, line.new_category) == ("prepared", "none", "subsistence")
    assert line.new_assistance > line.old_assistance == 0
    assert now(claim) == held
    with pytest.raises(NotAllowed):
        services.confirm(actor=worker, case=case)
    case = services.confirm(actor=reviewer, case=case)
    assert case.state == "confirmed"
    assert now(claim).assistance == line.new_assistance
    held.refresh_from_db()
    assert held.superseded_at is not None
    booked = {one.tier: one for one in Adjustment.objects.all()}
    assert booked["assistance"].signed == line.new_assistance
    assert (booked["assistance"].payer, booked["assistance"].kind) == ("assistance_fund", "supplement")
    assert booked["assistance"].clauses == ["S1-12", "S1-11", "S1-10"]
    assert case.supplement == sum(one.amount for one in booked.values())
    check_everything()


def test_an_end_with_a_past_date_takes_money_back(hands):
    worker, _reviewer = hands
    person = make_person()
    spell = make_spell(person, "extreme_poverty")
    claim = record(person, "2023-06-10", 60000, 20000)
    given = now(claim).assistance
    end_category(actor=worker, spell=spell, last_day=date(2023, 5, 31), reason="死亡登记有误，实为退出")
    (case,) = settle_all(hands)
    assert case.recovery > 0
    assert now(claim).assistance == 0 < given
    assert {one.kind for one in Adjustment.objects.filter(tier="assistance")} == {"recovery"}
    check_everything()


def test_an_end_after_the_last_claim_touches_nothing(hands):
    worker, _reviewer = hands
    person = make_person()
    spell = make_spell(person, "subsistence")
    record(person, "2023-06-10", 60000, 20000)
    end_category(actor=worker, spell=spell, last_day=date(2023, 6, 30), reason="收入提高")
    assert not LaterFact.objects.exists()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_reversal_in_any_order_settles_the_rest_of_the_year_again(hands, which):
    worker, _reviewer = hands
    person = make_person()
    make_spell(person, "subsistence")
    claims = [record(person, f"2023-0{month}-10", 30000, 9000) for month in (3, 5, 7)]
    services.propose_reversal(actor=worker, claims=[claims[which]], reason="平台退费")
    with pytest.raises(ClaimRefused):
        services.propose_reversal(actor=worker, claims=[claims[which]], reason="再次")
    (case,) = settle_all(hands)
    assert {line.claim_id for line in case.lines.all()} <= {claim.pk for claim in claims[which:]}
    claims[which].refresh_from_db()
    assert claims[which].reversed_at is not None
    assert not claims[which].settlements.filter(superseded_at=None).exists()
    assert sum(paid(claims[which]).values()) == 0
    assert PersonYear.objects.get(person=person).claims == 2
    check_everything()


def test_a_correction_keeps_the_old_facts_and_books_the_difference(hands):
    worker, _reviewer = hands
    person = make_person()
    make_spell(person, "subsistence")
    claim = record(person, "2023-05-10", 60000, 20000)
    corrected = new_claim("2023-05-10", 50000, 20000)
    with pytest.raises(ClaimRefused):
        services.propose_correction(
            actor=worker, claim=claim, corrected=new_claim("2023-05-10", 60000, 20000), reason="x"
        )
    services.propose_correction(actor=worker, claim=claim, corrected=corrected, reason="医院重开票据")
    (case,) = settle_all(hands)
    claim.refresh_from_db()
    assert (claim.in_scope, claim.total) == (fen(50000), fen(50000))
    kept = EarlierFacts.objects.get(claim=claim)
    assert (kept.facts["in_scope"], kept.cause) == (fen(60000), "correction")
    assert case.recovery > 0
    check_everything()


def test_s3_16_and_s1_23_exceptions_are_a_reviewers_and_settle_again(hands):
    worker, reviewer = hands
    person = make_person()
    make_spell(person, "subsistence")
    claim = record(person, "2023-05-10", 40000, 10000, referred="no")
    given = {"claim": claim, "kind": "referral", "reason": "急诊后补办", "decided_on": date(2023, 6, 1)}
    with pytest.raises(NotAllowed):
        record_exception(actor=worker, **given)
    with pytest.raises(ClaimRefused, match="共同批准"):
        record_exception(actor=reviewer, **given | {"kind": "control", "departments": ["health"]})
    made = record_exception(actor=reviewer, **given)
    assert (made.approved_by, made.kind) == (reviewer, "referral")
    assert now(claim).assistance == 0
    (case,) = settle_all(hands)
    assert now(claim).assistance > 0
    assert case.supplement > 0
    check_everything()


def test_s0_19_a_payer_named_later_lowers_the_burden_at_once_and_moves_no_fund(hands):
    worker, _reviewer = hands
    person = make_person()
    claim = record(person, "2023-05-10", 40000, 10000, 5000)
    before = now(claim)
    payer = {"payer": "charity", "payer_name": "红十字会", "paid_on": date(2023, 6, 1), "evidence": "收据 12"}
    record_other_payment(actor=worker, claim=claim, amount=fen(1000), **payer)
    after = now(claim)
    assert before.personal_burden - after.personal_burden == fen(1000)
    assert (after.cii_paid, after.assistance, after.steps[-11:]) == (
        before.cii_paid,
        before.assistance,
        before.steps[-11:],
    )
    assert PersonYear.objects.get(person=person).personal_burden == after.personal_burden
    assert not LaterFact.objects.exists()
    check_everything()


def test_a_case_that_moved_since_shows_the_new_amounts_and_is_not_booked(hands):
    worker, reviewer = hands
    person = make_person()
    spell = make_spell(person, "extreme_poverty")
    for month in (3, 5):
        record(person, f"2023-0{month}-10", 40000, 10000)
    ended = end_category(actor=worker, spell=spell, last_day=date(2023, 1, 31), reason="退出")
    case = services.prepare(actor=worker, region=Region.objects.get(pk=CITY), cause=Cause.CATEGORY_END)
    assert case.claims == 2
    longer = end_category(actor=worker, spell=ended, last_day=date(2023, 4, 30), reason="更正")
    with pytest.raises(services.CaseMoved):
        services.confirm(actor=reviewer, case=case)
    case.refresh_from_db()
    assert (case.state, case.claims, case.decided_by) == ("prepared", 1, None)
    assert not Adjustment.objects.exists()
    end_category(actor=worker, spell=longer, last_day=date(2023, 12, 31), reason="再次更正")
    assert services.confirm(actor=reviewer, case=case).state == "nothing"
    assert not Adjustment.objects.exists()
    check_everything()


def test_a_case_that_was_withdrawn_waits_again(hands):
    worker, reviewer = hands
    person = make_person()
    claim = record(person, "2023-05-10", 40000, 10000)
    services.propose_reversal(actor=worker, claims=[claim], reason="退费")
    city = Region.objects.get(pk=CITY)
    case = services.prepare(actor=worker, region=city, cause=Cause.REVERSAL)
    with pytest.raises(CannotSettle, match="另一件"):
        services.prepare(actor=worker, region=city, cause=Cause.REVERSAL)
    (fact,) = case.facts.all()
    with pytest.raises(CannotSettle, match="先撤回"):
        services.take_back(actor=worker, fact=fact)
    services.withdraw(actor=reviewer, case=case, reason="单号不符")
    services.take_back(actor=worker, fact=fact)
    claim.refresh_from_db()
    assert claim.reversed_at is None
    assert not LaterFact.objects.exists()


def test_booked_rows_are_only_appended(hands):
    test_an_end_with_a_past_date_takes_money_back(hands)
    with pytest.raises(Exception, match="只能追加"), connection.cursor() as cursor:
        cursor.execute("UPDATE claims_adjustment SET amount = 1")


# --- any sequence ----------------------------------------------------------------------------------------------------
class Play:
    """A random sequence of what may happen to some people's claims."""

    def __init__(self, seed: int, hands, regions) -> None:
        self.random, self.hands = random.Random(seed), hands
        self.people = [make_person(region=region) for region in regions]
        self.day = date(2023, 1, 1)

    def any_day(self) -> date:
        return date(2023, 1, 1) + timedelta(days=self.random.randrange(365))

    def any_claim(self) -> Claim | None:
        found = Claim.objects.filter(reversed_at=None).select_related("person").order_by("pk")
        count = found.count()
        return found[self.random.randrange(count)] if count else None

    def bill(self, day: date):
        scope = self.random.randrange(1, 4000) * 10
        service = self.random.choice(["inpatient", "inpatient", "chronic", "outpatient"])
        more = {"chronic_management": self.random.choice(["annual", "per_visit"])} if service == "chronic" else {}
        basic, outside = scope * self.random.randrange(0, 8) // 10, self.random.randrange(0, 300) * 10
        return new_claim(
            day.isoformat(),
            scope,
            basic,
            outside,
            service=service,
            location=self.random.choice(["county", "city", "province", "outside"]),
            referred=self.random.choice(["yes", "not_needed", "no"]),
            **more,
        )

    def claim(self) -> None:
        record_claim(actor=None, person=self.random.choice(self.people), claim=self.bill(self.any_day()))

    def reversal(self) -> None:
        if claim := self.any_claim():
            services.propose_reversal(actor=None, claims=[claim], reason="退费")

    def correction(self) -> None:
        if claim := self.any_claim():
            services.propose_correction(actor=None, claim=claim, corrected=self.bill(self.any_day()), reason="更正")

    def category(self) -> None:
        person = self.random.choice(self.people)
        category, department = self.random.choice(
            [
                ("subsistence", "civil_affairs"),
                ("extreme_poverty", "civil_affairs"),
                ("relapsed_poverty", "rural_revitalization"),
            ]
        )
        certify(
            actor=None,
            person=person,
            category=category,
            department=department,
            region=person.region,
            valid_from=self.any_day(),
            source=None,
        )

    def end(self) -> None:
        spell = CategorySpell.objects.current().order_by("pk")
        rows = list(spell)
        if rows:
            spell = self.random.choice(rows)
            day = min(max(spell.valid_from, self.any_day()), spell.valid_to or date.max)
            end_category(actor=None, spell=spell, last_day=day, reason="退出")

    def other(self) -> None:
        if claim := self.any_claim():
            record_other_payment(
                actor=None,
                claim=claim,
                payer="charity",
                payer_name="慈善会",
                amount=100 * self.random.randrange(1, 500),
                paid_on=timezone.localdate(),
                evidence="收据",
            )

    def year_end(self) -> None:
        run_year_end(actor=None, region=self.people[-1].region, year=2023)

    def book(self) -> None:
        book_claims(actor=None, region=self.people[-1].region, year=2023)

    def case(self) -> None:
        waiting = list(LaterFact.objects.filter(done_at=None, case=None))
        if waiting:
            fact = self.random.choice(waiting)
            worker, reviewer = self.hands[fact.region_id]
            case = services.prepare_facts(actor=None, facts=[fact])
            if case.state == "prepared":
                if self.random.random() < 0.2:
                    services.withdraw(actor=worker, case=case, reason="再核")
                else:
                    services.confirm(actor=reviewer, case=case)


def test_a_case_says_the_same_by_columns_and_claim_by_claim(hands, monkeypatch):
    """What is only looked at changes nothing; many years (by columns) and few give the same lines."""
    worker, reviewer = hands
    people = [make_person() for _ in range(3)]
    for person in people[:2]:
        make_spell(person, "subsistence", "2023-05-01")
    bills = [(n, person) for n in range(5) for person in people]
    claims = [record(person, f"2023-0{2 + n}-10", 20000 + 9000 * n, 5000, 2000) for n, person in bills]
    services.propose_reversal(actor=worker, claims=[claims[0], claims[4]], reason="平台退费")
    settle_all(hands)
    services.propose_reversal(actor=worker, claims=[claims[7]], reason="平台退费")
    certify(
        actor=worker,
        person=people[2],
        category="extreme_poverty",
        department="civil_affairs",
        region=people[2].region,
        valid_from=date(2023, 1, 1),
        source=None,
    )
    before = list(Settlement.objects.order_by("pk").values())
    seen = []
    for least in (columns.FROM, 1):
        monkeypatch.setattr(columns, "FROM", least)
        case = services.prepare_facts(
            actor=worker, facts=list(LaterFact.objects.filter(done_at=None, cause="reversal"))
        )
        more = services.prepare_facts(actor=worker, facts=list(LaterFact.objects.filter(done_at=None, case=None)))
        seen.append([list(one.lines.order_by("pk").values_list(*LINE_COLUMNS)) for one in (case, more)])
        assert list(Settlement.objects.order_by("pk").values()) == before
        if least > 1:
            services.withdraw(actor=worker, case=case, reason="再核")
            services.withdraw(actor=worker, case=more, reason="再核")
    assert seen[0] == seen[1] and all(seen[0])
    for one in (case, more):
        assert services.confirm(actor=reviewer, case=one).state == "confirmed"
    check_everything()


def test_five_hundred_operations_end_in_what_settling_the_final_facts_from_zero_gives(law):
    """S4-06 among them: the payments at year end follow the same way. The ledger balances after each.

    People of two policies, one of them with quota-managed chronic care; enough of them that a year stays short.
    """
    roles = (Role.CASE_WORKER, Role.REVIEWER)
    hands = {
        region: [make_user(role, username=f"{role}-{region}", region=region) for role in roles]
        for region in ("150521000000", YANGCHENG)
    }
    play = Play(1, hands, [region for region in hands for _ in range(5)])
    moves = [play.claim] * 9 + [play.reversal] * 2 + [play.correction] * 2 + [play.category] * 3 + [play.end] * 2
    moves += [play.other] + [play.case] * 2
    rare = {120: play.book, 250: play.year_end, 300: play.book, 400: play.year_end}
    refused = 0
    for n in range(500):
        try:
            rare.get(n, play.random.choice(moves))()
        except (ClaimRefused, CannotSettle, ValidationError):
            refused += 1
        assert ledger_balanced()
    assert refused < 250
    for region in hands:
        settle_all(hands[region], region)
    assert Adjustment.objects.filter(kind="recovery").exists()
    assert Adjustment.objects.filter(kind="supplement").exists()
    assert YearEnd.objects.exists()
    check_everything()
    for region in hands:
        place = Region.objects.get(pk=region)
        book_claims(actor=None, region=place, year=2023)
        assert ledger_balanced()
        assert not out_of_step(2023, place)
