"""Example objects of the fund for the walk over all addresses (`tests/url_examples.py`)."""

from datetime import date
from typing import Any

from claims.fund import services
from claims.fund.accounts import Account
from claims.fund.differences.models import Difference
from claims.fund.models import Budget, Decidable, FundEntry, PaymentBatch, PaymentOrder
from claims.later.models import Resettlement
from tests.claims import examples as claims

YEAR = 2023


def entry(foreign: bool) -> dict[str, Any]:
    claims.law()
    place = claims.COUNTIES[foreign]
    found = FundEntry.objects.filter(region_id=place, reference=f"example:{place}").first()
    found = found or services.post(
        region_id=place,
        year=YEAR,
        day=date(2023, 2, 1),
        kind=FundEntry.Kind.MANUAL,
        reference=f"example:{place}",
        postings={(Account.BANK, 0): 500_000_000, (Account.SOURCE_BANNER, 0): -500_000_000},
        actor=None,
        note="旗县配套到账",
        document="国库2023-018",
    )
    return {"pk": found.pk}


def budget(foreign: bool) -> dict[str, Any]:
    """A budget that waits, beside one that is in force."""
    claims.law()
    place = claims.COUNTIES[foreign]
    if not Budget.objects.filter(region_id=place, state=Decidable.State.APPROVED).exists():
        Budget.objects.create(
            region_id=place, year=YEAR, amount=800_000_000, reason="年初预算", state=Decidable.State.APPROVED
        )
    found = Budget.objects.filter(region_id=place, state=Decidable.State.WAITING).first()
    found = found or Budget.objects.create(region_id=place, year=YEAR, amount=900_000_000, reason="追加")
    return {"kind": "budget", "pk": found.pk}


def order(foreign: bool) -> dict[str, Any]:
    budget(foreign)
    person = claims.person(foreign)
    found = services.order_payment(
        actor=None,
        region=person.region,
        year=YEAR,
        kind=PaymentOrder.Kind.DECISION,
        reference=f"example:{person.pk}",
        person=person,
        bank_account="6217000010001234567",
        payee_name=person.name,
        amount=1_234_560,
        clauses=["S1-14"],
    )
    return {"pk": found.pk}


def batch(foreign: bool) -> dict[str, Any]:
    held = PaymentOrder.objects.select_related("region").get(pk=order(foreign)["pk"])
    found = PaymentBatch.objects.filter(lines__order=held).first()
    found = found or services.make_batch(actor=None, region=held.region, orders=[held])
    return {"pk": found.pk}


def difference(foreign: bool) -> dict[str, Any]:
    """Money to get back from a person after a case."""
    person = claims.person(foreign)
    found = Difference.objects.filter(person=person).first()
    if found is None:
        case = Resettlement.objects.create(region=person.region, cause="category_end", state="confirmed")
        found = Difference.objects.create(
            case=case, person=person, region_id=claims.COUNTIES[foreign], year=YEAR, supplement=0, recovery=123_400
        )
    return {"pk": found.pk}


EXAMPLES = {
    "fund:difference": difference,
    "fund:entry": entry,
    "fund:decide": budget,
    "fund:order": order,
    "fund:result": order,
    "fund:reissue": order,
    "fund:batch": batch,
    "fund:batch_file": batch,
    "fund:send": batch,
}
