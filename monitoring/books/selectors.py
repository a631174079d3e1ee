"""Reads of the books: what a department was told, what it has not answered, how the month was reconciled."""

from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Region, User
from exchange.models import Delivery
from monitoring.models import DeliveredWarning, Feedback, Reconciliation
from monitoring.selectors import STANDING


def told_by(region: Region, department: str, last: date) -> QuerySet[DeliveredWarning]:
    """What the department was told in lists of months up to the day, the newest of each warning."""
    return (
        DeliveredWarning.objects.filter(
            delivery__region=region, delivery__department=department, delivery__month__lte=last
        )
        .order_by("warning_id", "-id")
        .distinct("warning_id")
    )


def overdue(region: Region, department: str, month: date) -> QuerySet[DeliveredWarning]:
    """Warnings of the month's lists that stand and that the department has not answered, once each."""
    answered = Feedback.objects.filter(warning=OuterRef("warning"), department=department, superseded_at=None)
    return (
        DeliveredWarning.objects.filter(
            delivery__region=region,
            delivery__department=department,
            delivery__kind="warnings",
            delivery__month=month,
            warning__state__in=STANDING,
        )
        .filter(~Exists(answered))
        .order_by("warning_id", "delivery__created_at")
        .distinct("warning_id")
        .select_related("warning__person", "delivery")
        .defer("delivery__body")
    )


def latest(user: User, region: Region, month: date) -> dict[str, Reconciliation]:
    """The newest reconciliation of the month by department: one query."""
    rows = user.visible(Reconciliation).filter(region=region, month=month).order_by("id")
    return {row.department: row for row in rows}


def reminders(user: User, region: Region, month: date) -> dict[str, list[Delivery]]:
    """The month's reminders by department, oldest first: one query."""
    rows = user.visible(Delivery).filter(kind="reminders", region=region, month=month).defer("body")
    found: dict[str, list[Delivery]] = {}
    for row in rows.order_by("created_at"):
        found.setdefault(row.department, []).append(row)
    return found
