"""Budgets, orders and batches for tests of the fund."""

from django.db import connection
from django.db.models import Sum

from claims.fund import selectors, services
from claims.fund.models import FundEntry, PaymentOrder, Posting

YEAR = 2023


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


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
