"""Writing the month's other lists, in the transaction that closes the list of warnings."""

from datetime import date

from django.db.models import QuerySet

from accounts.models import Region, User
from exchange import deliveries
from exchange.models import Delivery
from monitoring import lines
from monitoring.lists.selectors import CONTENTS, Asked, Row, to_withdraw, told
from monitoring.models import BurdenWarning, DeliveredWarning, ListedPerson
from policies.engine.document import Document
from policies.engine.money import format_yuan

WITHDRAWN = ("warning_no", "id_number", "name", "region", "kind", "amount", "reason", "withdrawn_on")


def tell_withdrawals(*, actor: User | None, department: str, region: Region, month: date, last: date) -> list[Delivery]:
    """A list of its own for what the department holds and no longer stands, with the reasons; none where there is none.

    What was closed stays as it was sent; the month's caller holds the lock of the region.
    """
    gone: QuerySet[BurdenWarning] = to_withdraw(department, region, last).select_related("person").order_by("id")
    found = list(gone.defer("person__tail_key", "person__phone_key"))
    if not found:
        return []
    delivery = deliveries.create_delivery(
        actor=actor,
        partner=deliveries.partner_of(department=department, region=region),
        kind=Delivery.Kind.WITHDRAWALS,
        month=month,
        columns=WITHDRAWN,
        rows=(
            (
                one.number,
                one.person.id_number,
                one.person.name,
                one.region_id,
                one.kind,
                format_yuan(one.amount),
                one.withdrawn_reason,
                one.refreshed_on,
            )
            for one in found
        ),
    )
    DeliveredWarning.objects.bulk_create(
        (
            DeliveredWarning(delivery=delivery, warning=one, amount=one.amount, line=one.line, withdrawal=True)
            for one in found
        ),
        batch_size=5000,
    )
    return [delivery]


def write_lists(*, actor: User | None, document: Document, region: Region, month: date, last: date) -> list[Delivery]:
    """The lists that the document's calendar asks for, one delivery per department that it names.

    The first of a month goes though it is empty: the department then knows that there is nobody. A further one holds
    only those whom the department has not been told of.
    """
    asked = Asked(region, month, last, document)
    written = []
    for duty in document.obligations:
        if duty.event not in CONTENTS:
            continue
        rows = CONTENTS[duty.event].rows(asked)
        for department in lines.departments(duty.to):
            delivery = _list(actor, duty.event, department, asked, rows)
            if delivery:
                written.append(delivery)
    return written


def _list(actor: User | None, kind: str, department: str, asked: Asked, rows: list[Row]) -> Delivery | None:
    known = told(kind, department, asked)
    new = [row for row in rows if row[0] not in known]
    mine = {"kind": kind, "department": department, "region": asked.region, "month": asked.month}
    if not new and Delivery.objects.filter(**mine).exists():
        return None
    content = CONTENTS[kind]
    numbers = [content.number(asked, person) for person, _values in new]
    delivery = deliveries.create_delivery(
        actor=actor,
        partner=deliveries.partner_of(department=department, region=asked.region),
        kind=kind,
        month=asked.month,
        columns=content.columns,
        rows=((number, *values) if number else values for number, (_person, values) in zip(numbers, new, strict=True)),
    )
    listed = zip(numbers, new, strict=True)
    ListedPerson.objects.bulk_create(
        (ListedPerson(delivery=delivery, person_id=person, number=number) for number, (person, _values) in listed),
        batch_size=5000,
    )
    return delivery
