"""Named reads of the exchange: inbound files, what waits to be confirmed, who has sent this month."""

from datetime import date

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.waiting import Pending, Waiting
from exchange import arriving, kinds
from exchange.inquiries import selectors as inquiring
from exchange.models import FileRow, InboundFile, Outcome, StagedRow

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


def rows(
    file: InboundFile, outcome: str = "", code: str = "", decided: str = ""
) -> QuerySet[StagedRow] | QuerySet[FileRow]:
    """The rows of a file; of one outcome, of one doubt, only those decided (`1`) or undecided (`0`) if given.

    Staged ones, where there can be no others.
    """
    every = outcome in ("", Outcome.UNCHANGED) and file.unchanged.exists()
    found = kinds.get(file.kind).shown(file.every_row.all() if every else file.rows.all())
    if outcome in Outcome.values:
        found = found.filter(outcome=outcome)
    if code:
        found = found.filter(code=code)
    if decided in ("0", "1"):
        found = found.exclude(decision="") if decided == "1" else found.filter(decision="")
    return found


def window(file: InboundFile, beyond: int | None, size: int, *, down: bool) -> Q:
    """Where among every row of a file the next `size` lines beyond this one lie (`down`: towards the beginning).

    So a few of `UnchangedRows` are unfolded for a page, not all.
    """
    known = file.unchanged.order_by("-last" if down else "first")
    near = Q()
    if beyond is not None:
        known = known.filter(**({"first__lt": beyond} if down else {"last__gt": beyond}))
        near = Q(row=None) | (Q(first__lte=beyond) if down else Q(last__gte=beyond))
    lines = sorted((line for one in known[:2] for line in one.lines), reverse=down)
    if beyond is not None:
        lines = [line for line in lines if (line < beyond if down else line > beyond)]
    if len(lines) <= size:
        return near
    last = lines[size]
    return near & (Q(last__gte=last, row__gte=last) if down else Q(first__lte=last, row__lte=last))


def waiting(user: User) -> list[Pending | Waiting]:
    """Files that the user may confirm now, inquiries to answer or to look at, rosters that are late."""
    return [_to_confirm(user), *inquiring.waiting(user), *arriving.waiting(user)]


def _to_confirm(user: User) -> Pending:
    mine = [kind.kind for kind in kinds.registered() if user.may(kind.confirm)]
    asked = Q(kind__in=mine, unusual="")
    if user.may(Act.ROSTER_CONFIRM_UNUSUAL):
        asked |= ~Q(unusual="") & ~Q(uploaded_by=user)
    ready = user.visible(InboundFile).filter(asked, state=State.READY)
    return Pending(Act.ROSTER_READ, _("待确认的来文"), f"{reverse('exchange:list')}?state={State.READY}", ready)
