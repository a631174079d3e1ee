"""Later truth in any sequence: the money ends where settling the final facts from zero puts it, however computed."""

import random
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell
from beneficiaries.services import certify, end_category
from claims import columns
from claims.errors import CannotSettle, ClaimRefused
from claims.fund.selectors import out_of_step
from claims.fund.services import book_claims
from claims.later import services
from claims.later.computing import LINE_COLUMNS
from claims.later.models import Adjustment, LaterFact, YearEnd
from claims.later.recording import record_other_payment
from claims.later.year_end import run_year_end
from claims.models import Claim, Settlement
from claims.services import record_claim
from tests.claims.later_makers import (
    YANGCHENG,
    check_everything,
    ledger_balanced,
    settle_all,
)
from tests.claims.makers import make_person, make_spell, new_claim, record
from tests.factories import make_user

pytestmark = pytest.mark.django_db


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
