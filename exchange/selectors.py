"""Named reads of the exchange: inbound files, what waits to be confirmed, who has sent this month."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.vocabulary import Department
from accounts.waiting import Waiting
from exchange import kinds
from exchange.models import InboundFile, Outcome, StagedRow

State = InboundFile.State


def files(
    user: User,
    *,
    kind: str = "",
    department: str = "",
    region: Region | None = None,
    month: date | None = None,
    state: str = "",
) -> QuerySet[InboundFile]:
    """The inbound files that the user may see."""
    found = user.visible(InboundFile).select_related("region", "uploaded_by", "confirmed_by")
    if kind:
        found = found.filter(kind=kind)
    if department:
        found = found.filter(department=department)
    if region:
        found = found.filter(region_id__startswith=region.prefix)
    if month:
        found = found.filter(month=month.replace(day=1))
    return found.filter(state=state) if state else found


def rows(file: InboundFile, outcome: str = "") -> QuerySet[StagedRow]:
    """The staged rows of a file, of one outcome if given."""
    found = file.rows.all()
    return found.filter(outcome=outcome) if outcome in Outcome.values else found


def waiting(user: User) -> list[Waiting]:
    """Inbound files that the user may confirm now: one query."""
    mine = [kind.kind for kind in kinds.registered() if user.may(kind.confirm)]
    asked = Q(kind__in=mine, unusual="")
    if user.may(Act.ROSTER_CONFIRM_UNUSUAL):
        asked |= ~Q(unusual="") & ~Q(uploaded_by=user)
    elif not mine:
        return []
    count = user.visible(InboundFile).filter(asked, state=State.READY).count()
    return [Waiting(_("待确认的来文"), count, f"{reverse('exchange:list')}?state={State.READY}")]


@dataclass(frozen=True)
class Arrival:
    """One department of one region in a month: its newest file of the kind, or none."""

    region: Region
    department: str
    file: InboundFile | None

    @property
    def department_label(self) -> str:
        return str(Department(self.department).label)

    @property
    def state(self) -> str:
        if self.file is None:
            return _("未收到")
        return str(self.file.get_state_display())

    @property
    def tone(self) -> str:
        return self.file.tone if self.file else "late"


def arrivals(user: User, month: date, kind: str = InboundFile.Kind.ROSTER) -> list[Arrival]:
    """Who sent this month's file and who did not, of those who sent one in the twelve months before or since.

    Two queries. A file that was given up or taken back does not count.
    """
    month = month.replace(day=1)
    counted = user.visible(InboundFile).filter(kind=kind).exclude(state__in=[State.CANCELLED, State.UNDONE])
    year = counted.filter(month__gte=month.replace(year=month.year - 1))
    expected = set(year.values_list("region_id", "department"))
    here: dict[tuple[Any, str], InboundFile] = {}
    for file in counted.filter(month=month).select_related("region").order_by("id"):
        here[file.region_id, file.department] = file
    places = Region.objects.in_bulk({region for region, _department in expected})
    ordered = sorted(expected, key=lambda pair: (pair[0], list(Department.values).index(pair[1])))
    return [Arrival(places[region], department, here.get((region, department))) for region, department in ordered]
