"""Which rosters the law asks for, from whom and by when; what came, what is late (S1-04, S3-05).

The exchange knows no law: a room above says what is due (`register`), the exchange holds it against what came.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Act
from accounts.models import Region, User
from accounts.selectors import counties_in
from accounts.vocabulary import Department
from accounts.waiting import Waiting
from exchange.models import InboundFile

State = InboundFile.State
GONE = (State.CANCELLED, State.UNDONE, State.REFUSED)


@dataclass(frozen=True)
class Asked:
    """A department owes a roster of a month by `due`; `clauses` say where that stands."""

    due: date
    clauses: tuple[str, ...]


# (county code, department, first day of the month) → what is asked. Months without an obligation are absent.
Key = tuple[str, str, date]
Asks = Callable[[Sequence[str], Sequence[date]], Mapping[Key, Asked]]
_ASKS: list[Asks] = []


def register(asks: Asks) -> None:
    """A room above says what is due; several add up, the earlier day counts."""
    if asks not in _ASKS:
        _ASKS.append(asks)


def asked(counties: Sequence[str], months: Sequence[date]) -> dict[Key, Asked]:
    """What is due of these counties in these months."""
    found: dict[Key, Asked] = {}
    for asks in _ASKS:
        for key, one in asks(counties, months).items():
            if key not in found or one.due < found[key].due:
                found[key] = one
    return found


@dataclass(frozen=True)
class Cell:
    """One department's roster of a county and month: the first file that came, by when it was due."""

    month: date
    asked: Asked | None
    file: InboundFile | None
    today: date

    @property
    def late_days(self) -> int:
        """Days after the due day: of the arrival, or until today; 0 in time or not asked for."""
        if self.asked is None:
            return 0
        came = timezone.localdate(self.file.uploaded_at) if self.file else self.today
        return max(0, (came - self.asked.due).days)

    @property
    def missing(self) -> bool:
        return self.file is None and self.late_days > 0

    @property
    def text(self) -> str:
        """In a few words what the cell says; `help` says it in full."""
        if self.file:
            day = f"{timezone.localdate(self.file.uploaded_at):%m-%d}"
            return _("%(day)s 迟") % {"day": day} if self.late_days else _("%(day)s 到") % {"day": day}
        if self.asked is None:
            return ""
        return _("逾期") if self.missing else _("%(day)s 前") % {"day": f"{self.asked.due:%m-%d}"}

    @property
    def help(self) -> str:
        """The due day with its clause, and how many days late."""
        if self.asked is None:
            return ""
        said = _("应于 %(day)s 前报送（%(clauses)s）") % {
            "day": f"{self.asked.due:%Y-%m-%d}",
            "clauses": " ".join(self.asked.clauses),
        }
        if not self.late_days:
            return said
        late = ngettext("迟 %(late)s 天", "迟 %(late)s 天", self.late_days) % {"late": self.late_days}
        return f"{said}，{late}"

    @property
    def tone(self) -> str:
        if self.missing:
            return "late"
        return "plain" if self.file is None else "due" if self.late_days else "done"


@dataclass(frozen=True)
class Line:
    """A department of a county, month by month."""

    region: Region
    department: str
    cells: tuple[Cell, ...]

    @property
    def label(self) -> str:
        return str(Department(self.department).label)

    @property
    def missing(self) -> int:
        return sum(cell.missing for cell in self.cells)


def matrix(
    user: User, months: Sequence[date], *, region: Region | None = None, department: str = "", late: bool = False
) -> list[Line]:
    """Counties and departments by month, as far as the user sees them; `late`: only lines with a roster missing.

    Four queries with the law, however many counties. A file of a whole prefecture counts for each of its counties; one
    that was refused, given up or taken back does not count.
    """
    counties = list(_counties(user, region))
    due = asked([county.code for county in counties], months)
    came = _first_files(user, months, department)
    own = "" if user.department == Department.MEDICAL_SECURITY else user.department
    today = timezone.localdate()
    lines = []
    for county in counties:
        senders = {key[1] for key in due if key[0] == county.code} | {
            sender for sender in came if _covers(came, sender, county)
        }
        for sender in sorted(senders, key=list(Department.values).index):
            if (department or own) not in ("", sender):
                continue
            cells = tuple(
                Cell(month, due.get((county.code, sender, month)), _file(came, sender, county, month), today)
                for month in months
            )
            line = Line(county, sender, cells)
            if line.missing or not late:
                lines.append(line)
    return lines


def _counties(user: User, region: Region | None) -> Iterable[Region]:
    """The counties of the user's region (or of `region` within it); the county itself for one below."""
    prefix = max(user.region_prefix, region.prefix if region else "", key=len)
    return counties_in(prefix[:6])


Came = dict[str, dict[date, list[InboundFile]]]


def arrived(user: User) -> QuerySet[InboundFile]:
    """Rosters that count as arrived, as far as the user sees them."""
    return user.visible(InboundFile).filter(kind=InboundFile.Kind.ROSTER).exclude(state__in=GONE)


def _first_files(user: User, months: Sequence[date], department: str) -> Came:
    files = arrived(user).filter(month__in=list(months)).select_related("region").order_by("uploaded_at", "id")
    found: Came = {}
    for file in files.filter(department=department) if department else files:
        found.setdefault(file.department, {}).setdefault(file.month, []).append(file)
    return found


def _covers(came: Came, department: str, county: Region) -> bool:
    return any(_of(files, county) for files in came[department].values())


def _file(came: Came, department: str, county: Region, month: date) -> InboundFile | None:
    return _of(came.get(department, {}).get(month, []), county)


def _of(files: Sequence[InboundFile], county: Region) -> InboundFile | None:
    """The first file that speaks of the county: its own, one of a place above it, or of a place within."""
    return next(
        (f for f in files if county.code.startswith(f.region.prefix) or f.region_id.startswith(county.prefix)), None
    )


def recent(today: date) -> list[date]:
    """This month and the one before: what is looked after day by day."""
    this = today.replace(day=1)
    return [(this - timedelta(days=1)).replace(day=1), this]


def waiting(user: User) -> list[Waiting]:
    """Rosters that are late: for the bureau all, for a liaison the own department's, with those that fall due."""
    if not user.may(Act.ROSTER_READ):
        return []
    cells = [cell for line in matrix(user, recent(timezone.localdate())) for cell in line.cells if cell.asked]
    missing = sum(cell.missing for cell in cells)
    here = f"{reverse('exchange:arrivals')}?year={timezone.localdate():%Y}"
    if user.department == Department.MEDICAL_SECURITY:
        return [Waiting(_("逾期未到的名单"), missing, f"{here}&late=1", late=missing)]
    open_cells = [cell for cell in cells if cell.file is None and cell.asked]
    due = min((cell.asked.due for cell in open_cells if cell.asked), default=None)
    return [Waiting(_("待报送的名单"), len(open_cells), here, due=due, late=missing)]
