"""The fund: a ledger that adds up, a budget that binds, payments that happen once."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import Sum
from django_celery_beat.models import PeriodicTask

from accounts.models import Region
from accounts.vocabulary import Role
from claims.errors import ClaimError, ClaimRefused, NotAllowed
from claims.fund import listeners, selectors, services
from claims.fund.accounts import Account
from claims.fund.models import BatchLine, FundEntry, ManualEntry, PaymentBatch, PaymentOrder, Posting
from claims.fund.tasks import book_fund
from claims.later import services as later
from claims.models import LaterFact, Settlement
from tests.claims.makers import COUNTY, make_person, make_spell, record
from tests.factories import make_user

YEAR = 2023


@pytest.fixture
def officer(law):
    return make_user(Role.FUND_OFFICER)


@pytest.fixture
def second(law):
    return make_user(Role.FUND_OFFICER, username="second")


@pytest.fixture
def county(law):
    return Region.objects.get(code=COUNTY)


def budget(officer, second, region, amount):
    made = services.propose_budget(actor=officer, region=region, year=YEAR, amount=amount, reason="年初预算")
    return services.decide(actor=second, what=made, approve=True)


def order(officer, region, reference="decision:1", amount=10_000, **more):
    values = {
        "kind": PaymentOrder.Kind.DECISION,
        "person": None,
        "bank_account": "6217000010001234567",
        "payee_name": "乌云其其格",
        "clauses": ["S1-14"],
        **more,
    }
    return services.order_payment(actor=officer, region=region, year=YEAR, reference=reference, amount=amount, **values)


def sent(officer, region, *orders):
    batch = services.make_batch(actor=officer, region=region, orders=orders)
    return services.send_batch(actor=officer, batch=batch)


def ledger_balanced() -> bool:
    uneven = FundEntry.objects.annotate(sum=Sum("postings__amount")).exclude(sum=0)
    return not uneven.exists() and not Posting.objects.filter(amount=0).exists()


def balance(region, account):
    return selectors.balances(region, YEAR).get(account, 0)


@pytest.fixture(autouse=True)
def no_listeners(monkeypatch):
    """The rooms above have their own tests; here an order stands for itself."""
    monkeypatch.setattr(listeners, "_listeners", {})


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


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


# --- payments ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def funded(officer, second, county):
    budget(officer, second, county, 10_000_000)


def test_one_order_per_reference_ever(officer, county, funded) -> None:
    first = order(officer, county)
    assert order(officer, county) == first
    with pytest.raises(ClaimRefused, match="只能拨付一次"):
        order(officer, county, amount=10_001)
    with pytest.raises(ClaimRefused, match="退回后才能改账号"):
        order(officer, county, bank_account="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentOrder.objects.create(
            region=county,
            year=YEAR,
            kind="decision",
            reference="decision:1",
            payee_name="x",
            bank_account="1",
            amount=1,
        )
    assert balance(county, Account.DECISION) == 10_000


def test_from_order_to_account(officer, county, funded) -> None:
    told = []
    listeners.register_payment_listener(
        PaymentOrder.Kind.DECISION, lambda o, day: told.append((o.reference, day)), lambda o, day, why: None
    )
    one = order(officer, county)
    batch = sent(officer, county, one)
    text = services.bank_file(batch).decode("utf-8-sig")
    assert f"批次号,{batch.number},笔数,1,金额合计,100.00" in text
    assert f"1,{one.number},乌云其其格,,6217000010001234567,100.00," in text
    assert services.take_results(
        actor=officer, batch=batch, text=f"拨付单号,结果,原因\n{one.number},成功,\n", day=date(2023, 6, 1)
    ) == (1, 0)
    batch.refresh_from_db()
    one.refresh_from_db()
    assert (batch.state, one.state, one.attempts) == ("done", "paid", 1)
    assert told == [("decision:1", date(2023, 6, 1))]
    assert balance(county, Account.PAYABLE) == 0
    assert balance(county, Account.BANK) == -10_000
    services.record_result(actor=officer, order=one, paid=True)  # said again
    assert FundEntry.objects.filter(kind="payment").count() == 1


def test_a_returned_payment_is_issued_again_to_the_right_account(officer, county, funded) -> None:
    one = order(officer, county)
    batch = sent(officer, county, one)
    with pytest.raises(ClaimRefused, match="原因"):
        services.record_result(actor=officer, order=one, paid=False)
    services.record_result(actor=officer, order=one, paid=False, reason="账号户名不符")
    again = order(officer, county, bank_account="6228480000000000001")
    assert (again.pk, again.state) == (one.pk, "open")
    second_batch = sent(officer, county, again)
    services.record_result(actor=officer, order=again, paid=True)
    assert BatchLine.objects.get(batch=batch).bank_account == "6217000010001234567"
    assert BatchLine.objects.get(batch=second_batch).bank_account == "6228480000000000001"
    assert (balance(county, Account.BANK), balance(county, Account.DECISION)) == (-10_000, 10_000)


def test_a_result_file_counts_whole_or_not_at_all(officer, county, funded) -> None:
    one, two = order(officer, county), order(officer, county, "decision:2")
    batch = sent(officer, county, one, two)
    with pytest.raises(ClaimRefused, match="第2行"):
        services.take_results(actor=officer, batch=batch, text=f"{one.number},成功\nBF0,成功\n")
    assert not PaymentOrder.objects.exclude(state="sent").exists()
    assert services.take_results(actor=officer, batch=batch, text=f"{one.number},成功\n{two.number},退回,销户\n") == (
        1,
        1,
    )


def test_two_batches_of_the_same_orders_yield_one(officer, county, funded) -> None:
    one = order(officer, county)
    services.make_batch(actor=officer, region=county, orders=[one])
    with pytest.raises(ClaimRefused, match="待制表"):
        services.make_batch(actor=officer, region=county, orders=[one])


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_too(officer, second, county) -> None:
    budget(officer, second, county, 10_000_000)
    orders = [order(officer, county, f"decision:{n}") for n in range(5)]

    def attempt(turn: int) -> bool:
        try:
            services.make_batch(actor=officer, region=county, orders=orders if turn % 2 else orders[::-1])
            return True
        except ClaimRefused:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]
    assert PaymentBatch.objects.count() == 1
    assert BatchLine.objects.count() == 5


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
