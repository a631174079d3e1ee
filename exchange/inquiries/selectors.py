"""Reads of inquiries: the lists of bureau and departments, and what waits for whom."""

from datetime import date

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.vocabulary import Department
from accounts.waiting import Pending, Waiting
from exchange.inquiries.models import Inquiry

State = Inquiry.State


def inquiries(
    user: User,
    *,
    department: str = "",
    region: Region | None = None,
    month: date | None = None,
    state: str = "",
    file: int | None = None,
) -> QuerySet[Inquiry]:
    """The inquiries that the user may see; a liaison those of the own department."""
    found = user.visible(Inquiry).select_related("region", "file", "answered_by", "closed_by")
    if department:
        found = found.filter(department=department)
    if region:
        found = found.filter(region_id__startswith=region.prefix)
    if month:
        found = found.filter(month=month.replace(day=1))
    if file:
        found = found.filter(file=file)
    return found.filter(state=state) if state else found


def waiting(user: User) -> list[Pending | Waiting]:
    """Open ones wait for the department, answered ones for the bureau to look at."""
    bureau = user.department == Department.MEDICAL_SECURITY
    state = State.ANSWERED if bureau else State.OPEN
    label = _("部门已答复的核实事项") if bureau else _("待本部门核实的名单行")
    rows = user.visible(Inquiry).filter(state=state)
    return [Pending(Act.ROSTER_ANSWER, label, f"{reverse('exchange:inquiries')}?state={state}", rows)]


def numbers(file_ids: list[int]) -> dict[int, int]:
    """How many inquiries of each file are not settled: one query."""
    counted = Inquiry.objects.filter(file__in=file_ids).exclude(state=State.CLOSED).values("file")
    return dict(counted.annotate(rows=Count("pk")).values_list("file", "rows"))
