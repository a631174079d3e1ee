"""The fund: a ledger that adds up, a budget that binds, the claims in it once."""

import random
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django_celery_beat.models import PeriodicTask

from accounts.models import Region
from accounts.vocabulary import Role
from claims.errors import ClaimError, ClaimRefused, NotAllowed
from claims.fund import selectors, services
from claims.fund.accounts import Account
from claims.fund.models import FundEntry, ManualEntry, PaymentOrder, Posting
from claims.fund.tasks import book_fund
from claims.later import services as later
from claims.models import LaterFact, Settlement
from tests.claims.fund.makers import YEAR, balance, budget, execute, ledger_balanced, order, sent
from tests.claims.makers import COUNTY, make_person, make_spell, record
from tests.factories import make_user

pytestmark = pytest.mark.usefixtures("no_listeners")


# --- the database holds the ledger ---------------------------------------------------------------------------------
def check_now():
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize("amounts", [(100, -99), (100,), ()])
def test_the_database_refuses_an_entry_that_does_not_add_up(officer, county, amounts) -> None:
    postings = {(account, 0): amount for account, amount in zip(("bank", "payable"), amounts, strict=False)}
    with pytest.raises(IntegrityError, match="分录"), transaction.atomic():
        services.post(
            region_id=COUNTY,
            year=YEAR,
            day=date(2023, 1, 1),
            kind="manual",
            reference="x",
            postings=postings,
            actor=None,
        )
        check_now()


def test_nothing_of_the_ledger_is_changed_or_erased(officer, second, county) -> None:
    budget(officer, second, county, 50_000)
    order(officer, county)
    for change in (
        lambda: Posting.objects.update(amount=5),
        lambda: Posting.objects.all().delete(),
        lambda: FundEntry.objects.update(note="x"),
        lambda: execute("DELETE FROM claims_fundentry"),
        lambda: execute("UPDATE claims_posting SET account = 'bank'"),
    ):
        with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic():
            change()


# --- four eyes --------------------------------------------------------------------------------------------------------
def income(officer, region, account=Account.SOURCE_BANNER, amount=1_000_000):
    return services.propose_entry(
        actor=officer,
        region=region,
        year=YEAR,
        day=date(2023, 2, 1),
        debit=Account.BANK,
        credit=account,
        amount=amount,
        document="国库2023-018",
        reason="旗县配套到账",
    )


def test_money_by_hand_is_in_the_ledger_when_a_second_person_agrees(officer, second, county) -> None:
    made = income(officer, county)
    assert balance(county, Account.BANK) == 0
    with pytest.raises(NotAllowed, match="另一人"):
        services.decide(actor=officer, what=made, approve=True)
    services.decide(actor=second, what=made, approve=True)
    with pytest.raises(ClaimRefused, match="已经复核"):
        services.decide(actor=second, what=made, approve=True)
    assert balance(county, Account.BANK) == 1_000_000
    assert selectors.sources_of(selectors.balances(county, YEAR)) == 1_000_000
    assert ledger_balanced()


def test_a_reversal_is_an_entry_of_its_own_and_happens_once(officer, second, county) -> None:
    entry = services.decide(actor=second, what=income(officer, county), approve=True).entry
    back = services.propose_reversal(actor=officer, entry=entry, reason="记错年度")
    with pytest.raises(ClaimRefused, match="等待复核"):
        services.propose_reversal(actor=officer, entry=entry, reason="再次")
    services.decide(actor=second, what=back, approve=True)
    assert balance(county, Account.BANK) == 0
    assert FundEntry.objects.count() == 2
    with pytest.raises(ClaimRefused, match="已经冲销"):
        services.propose_reversal(actor=officer, entry=FundEntry.objects.get(pk=entry.pk), reason="再次")


def test_expense_accounts_are_not_written_by_hand(officer, county) -> None:
    with pytest.raises(ClaimRefused, match="不能手工"):
        services.propose_entry(
            actor=officer, region=county, year=YEAR, day=date(2023, 1, 1), debit=Account.CARE, credit=Account.BANK,
            amount=1, document="x", reason="x",
        )  # fmt: skip
    assert not ManualEntry.objects.exists()


@pytest.mark.parametrize("role", [Role.CASE_WORKER, Role.SUPERVISOR, Role.REVIEWER])
def test_only_the_fund_officer_pays(law, county, role) -> None:
    with pytest.raises(NotAllowed):
        order(make_user(role, username="other"), county)


def test_another_region_s_money_is_out_of_reach(law, county) -> None:
    neighbour = make_user(Role.FUND_OFFICER, username="n", region="150522000000")
    with pytest.raises(NotAllowed, match="不属于"):
        order(neighbour, county)


# --- the budget -------------------------------------------------------------------------------------------------------
def test_without_a_budget_nothing_is_paid(officer, county) -> None:
    with pytest.raises(services.BudgetExceeded, match="没有批准的预算"):
        order(officer, county)


def test_nothing_is_paid_beyond_the_budget_without_a_second_person(officer, second, county) -> None:
    budget(officer, second, county, 15_000)
    order(officer, county)
    with pytest.raises(services.BudgetExceeded) as stopped:
        order(officer, county, "decision:2")
    assert stopped.value.beyond == 5_000
    leave = services.request_override(
        actor=officer, region=county, year=YEAR, reference="decision:2", amount=10_000, reason="重病急需"
    )
    assert leave.beyond == 5_000
    with pytest.raises(services.BudgetExceeded):
        order(officer, county, "decision:2")
    with pytest.raises(NotAllowed):
        services.decide(actor=officer, what=leave, approve=True)
    services.decide(actor=second, what=leave, approve=True)
    with pytest.raises(services.BudgetExceeded):
        order(officer, county, "decision:2", amount=10_001)  # the leave is for that amount
    assert order(officer, county, "decision:2").override == leave
    assert selectors.used(county, YEAR).left == -5_000


def test_a_budget_of_the_city_binds_its_counties_together(officer, second, county, tongliao) -> None:
    budget(officer, second, Region.objects.get(code="150500000000"), 15_000)
    order(officer, county)
    with pytest.raises(services.BudgetExceeded):
        order(officer, Region.objects.get(code="150522000000"), "decision:2")


# --- claims -----------------------------------------------------------------------------------------------------------
def test_settled_claims_are_in_the_ledger_once(officer, county) -> None:
    person = make_person()
    make_spell(person, "subsistence")
    record(person, "2023-03-01", 60000, 20000, 9000)
    record(person, "2023-05-01", 30000, 9000)
    entries = services.book_claims(actor=officer, region=county, year=YEAR)
    assert len(entries) == 1
    want = Settlement.objects.filter(superseded_at=None).aggregate(a=Sum("assistance"), t=Sum("top_up"))
    assert balance(county, Account.CARE) == want["a"] > 0
    assert balance(county, Account.TOP_UP) == want["t"]
    assert services.book_claims(actor=officer, region=county, year=YEAR) == []
    record(person, "2023-02-01", 5000, 1000)  # an earlier bill: the year is settled again
    assert selectors.out_of_step(YEAR)
    services.book_claims(actor=officer, region=county, year=YEAR)
    assert selectors.out_of_step(YEAR) == {}
    assert sum(selectors.months(county, YEAR)) == selectors.used(county, YEAR).spent
    assert ledger_balanced()


def test_what_a_late_claim_moves_is_booked_by_its_case_alone(officer, county) -> None:
    """However often the claims are booked between the late claim and the case that books its difference."""
    person = make_person()
    make_spell(person, "subsistence")
    record(person, "2023-05-01", 30000, 9000)
    services.book_claims(actor=officer, region=county, year=YEAR)
    paid = balance(county, Account.CARE)
    late = record(person, "2023-02-01", 60000, 20000)
    fact = LaterFact.objects.get(done_at=None)
    services.book_claims(actor=officer, region=county, year=YEAR)
    assert balance(county, Account.CARE) == paid + late.settlements.get().assistance
    assert services.book_claims(actor=officer, region=county, year=YEAR) == []
    case = later.confirm(actor=make_user(Role.REVIEWER), case=later.prepare_facts(actor=None, facts=[fact]))
    assert case.difference != 0
    want = Settlement.objects.filter(superseded_at=None).aggregate(a=Sum("assistance"), t=Sum("top_up"))
    assert (balance(county, Account.CARE), balance(county, Account.TOP_UP)) == (want["a"], want["t"])
    assert services.book_claims(actor=officer, region=county, year=YEAR) == []
    assert selectors.out_of_step(YEAR) == {}
    assert ledger_balanced()


def test_every_night_the_claims_are_booked(officer, county) -> None:
    person = make_person()
    make_spell(person, "subsistence")
    record(person, "2023-03-01", 60000, 20000)
    assert book_fund() == 1
    assert balance(county, Account.CARE) > 0
    assert book_fund() == 0
    entry = PeriodicTask.objects.get(task="claims.book_fund")
    assert entry.enabled and entry.crontab.hour == "1"


def test_s3_11_county_finance_stands_apart(officer, law) -> None:
    place = Region.objects.filter(code__startswith="45", level=3).first() or Region.objects.get(code="450000000000")
    person = make_person(region=place.code)
    make_spell(person, "exited_poverty", department="rural_revitalization")
    record(person, "2023-03-01", 60000, 20000)
    services.book_claims(actor=None, region=place, year=YEAR)
    held = selectors.balances(place, YEAR)
    assert held[Account.COUNTY_CARE] > 0
    assert held[Account.COUNTY_PAYABLE] == -held[Account.COUNTY_CARE]
    assert selectors.spent_of(held) == 0


# --- S1-08 ------------------------------------------------------------------------------------------------------------
def test_s1_08_what_each_level_owes_and_what_is_missing(officer, second, tongliao) -> None:
    city = Region.objects.get(code="150500000000")
    services.decide(actor=second, what=income(officer, city, Account.SOURCE_CITY, amount=3_000_000_000), approve=True)
    found = selectors.financing(city, YEAR)
    assert found.due.total == 2_834_600 * 60_00
    assert [(one.due, one.short) for one in found.sources] == [
        (3_401_520_000, 401_520_000),
        (13_606_080_000, 13_606_080_000),
    ]
    assert found.due.lines[0].clauses == ("S1-08",)


# --- anything in any order --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(4))
def test_random_operations_keep_the_ledger_balanced_and_pay_once(officer, second, county, seed) -> None:
    chance = random.Random(seed)
    person = make_person()
    make_spell(person, "subsistence")
    budget(officer, second, county, 60_000)

    def claim() -> None:
        day = f"2023-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        record(person, day, chance.randint(1, 9) * 100, chance.randint(0, 50))

    def some_order(*states: str) -> PaymentOrder:
        held = list(PaymentOrder.objects.filter(state__in=states))
        if not held:
            raise ClaimRefused("", "none")
        return chance.choice(held)

    def pay() -> None:
        number = chance.randint(1, 6)
        order(officer, county, f"decision:{number}", amount=number * 1000, bank_account=str(chance.randint(1, 3)))

    def result() -> None:
        services.record_result(
            actor=officer, order=some_order("sent", "paid", "open"), paid=chance.random() < 0.6, reason="销户"
        )

    def override() -> None:
        number = chance.randint(1, 6)
        leave = services.request_override(
            actor=officer, region=county, year=YEAR, reference=f"decision:{number}", amount=number * 1000, reason="急"
        )
        services.decide(actor=second, what=leave, approve=chance.random() < 0.7, answer="不必")

    def by_hand() -> None:
        services.decide(actor=second, what=income(officer, county, amount=chance.randint(1, 9)), approve=True)

    moves = [
        claim,
        pay,
        pay,
        result,
        result,
        override,
        by_hand,
        lambda: services.book_claims(actor=officer, region=county, year=YEAR),
        lambda: sent(officer, county, some_order("open")),
        lambda: services.propose_reversal(actor=officer, entry=chance.choice(FundEntry.objects.all()), reason="x"),
    ]
    for _step in range(60):
        with transaction.atomic():
            try:
                with transaction.atomic():
                    chance.choice(moves)()
            except (ClaimError, IndexError):
                continue
            finally:
                check_now()
    services.book_claims(actor=officer, region=county, year=YEAR)
    assert ledger_balanced()
    assert selectors.out_of_step(YEAR) == {}
    for one in PaymentOrder.objects.all():
        booked = FundEntry.objects.filter(reference__regex=rf"^(paid|returned):{one.pk}:")
        bank = Posting.objects.filter(entry__in=booked, account=Account.BANK).aggregate(sum=Sum("amount"))["sum"] or 0
        assert bank == (-one.amount if one.state == "paid" else 0)
    assert PaymentOrder.objects.values("reference").distinct().count() == PaymentOrder.objects.count()
