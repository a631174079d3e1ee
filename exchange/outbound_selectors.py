"""Reads of the way out: deliveries and partners."""

from datetime import date

from django.db.models import Count, QuerySet

from accounts.models import Organisation, User
from accounts.vocabulary import Department
from exchange.models import Delivery, DeliveryAttempt, Partner


def deliveries_for(
    user: User, *, state: str = "", kind: str = "", department: str = "", month: date | None = None
) -> QuerySet[Delivery]:
    """Deliveries that the user may see, without their bodies; newest first."""
    found = user.visible(Delivery).select_related("region", "partner").defer("body", "partner__secrets")
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if department:
        found = found.filter(department=department)
    if month:
        found = found.filter(month=month)
    return found


def counts_by_state(user: User) -> dict[str, int]:
    """How many deliveries of each state the user may see: one query."""
    rows = user.visible(Delivery).order_by().values("state").annotate(count=Count("pk"))
    return {row["state"]: row["count"] for row in rows}


def attempts_of(delivery: Delivery) -> list[DeliveryAttempt]:
    """The calls made for a delivery, newest first; the last hundred."""
    return list(delivery.tries.all()[:100])


def partners_for(user: User) -> QuerySet[Partner]:
    """Partners of the administrator's region, without their secrets."""
    return user.visible(Partner).select_related("organisation__region").defer("secrets").order_by("organisation_id")


def organisations_without_partner(user: User) -> QuerySet[Organisation]:
    """Departments that are no partner yet."""
    return user.visible(Organisation).filter(partner=None).exclude(department=Department.MEDICAL_SECURITY)
