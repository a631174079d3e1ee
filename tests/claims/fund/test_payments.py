"""Payments: one order per reference, through batches to the bank and back, whatever happens at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import IntegrityError, connections, transaction

from claims.errors import ClaimRefused
from claims.fund import listeners, services
from claims.fund.accounts import Account
from claims.fund.models import BatchLine, FundEntry, PaymentBatch, PaymentOrder
from tests.claims.fund.makers import YEAR, balance, budget, order, sent

pytestmark = pytest.mark.usefixtures("no_listeners")


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
