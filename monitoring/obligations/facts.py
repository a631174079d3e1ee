"""Which events fulfil an obligation, and when they came: one query per kind of event.

Each reader gives `Fact`s of the month: who did it (a department's code), for which place, on which day. A fact of a
city covers its counties.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, QuerySet
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Department
from accounts.workdays import Workdays
from beneficiaries.enrolment.case_models import FiscalTransfer, SubsidyApplication
from beneficiaries.enrolment.models import Contribution
from beneficiaries.enrolment.relay import KIND as ENROLMENT
from exchange.models import Delivery, InboundFile
from monitoring.lists.selectors import CONTENTS
from monitoring.models import inside


@dataclass(frozen=True)
class Fact:
    """`department` did it for `region` (12 digits) on `day`; for deliveries it is the receiver's."""

    department: str
    region: str
    day: date


@dataclass(frozen=True)
class Asked:
    """The region and month whose facts are asked for; `codes`: the region and those above it."""

    region: Region
    month: date
    codes: tuple[str, ...]

    @property
    def end(self) -> date:
        return (self.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    def near(self, rows: QuerySet[Any], lookup: str = "region_id") -> QuerySet[Any]:
        """Rows of the region and below, and of the regions above it."""
        above = [code for code in self.codes if code != self.region.code]
        here = rows.filter(inside(self.region.prefix, lookup))
        return here | rows.filter(**{f"{lookup}__in": above}) if above else here


def _day(moment: datetime | date) -> date:
    return timezone.localdate(moment) if isinstance(moment, datetime) else moment


Found = dict[str, list[Fact]]
# Kinds of inbound files and of deliveries whose arrival fulfils something.
FILES = (InboundFile.Kind.ROSTER, InboundFile.Kind.FEEDBACK, InboundFile.Kind.CONTRIBUTIONS)
LISTS = ("warnings", ENROLMENT, *CONTENTS)


def _by_kind(kinds: Iterable[str], rows: Iterable[tuple[str, str, str, datetime]]) -> Found:
    found: Found = {str(kind): [] for kind in kinds}
    for kind, department, region, moment in rows:
        found[kind].append(Fact(department, region, _day(moment)))
    return found


def _files(asked: Asked) -> Found:
    """Confirmed files that speak of the month, by the day they came."""
    state = InboundFile.State.CONFIRMED
    rows = asked.near(InboundFile.objects.filter(kind__in=FILES, month=asked.month, state=state)).order_by()
    return _by_kind(FILES, rows.values_list("kind", "department", "region_id").annotate(first=Min("uploaded_at")))


def _sent(asked: Asked) -> Found:
    """Deliveries for the month, by the day the list was closed."""
    rows = asked.near(Delivery.objects.filter(kind__in=LISTS, month=asked.month)).order_by()
    return _by_kind(LISTS, rows.values_list("kind", "department", "region_id").annotate(first=Min("created_at")))


def _requests(asked: Asked) -> Found:
    """Applications for subsidy money that were made up to the month's end, of this year and the next."""
    years = (asked.month.year, asked.month.year + 1)
    found = asked.near(SubsidyApplication.objects.filter(year__in=years, frozen_at__date__lte=asked.end))
    rows = found.order_by().values_list("region_id").annotate(first=Max("frozen_at"))
    return {"subsidy_request": [Fact(Department.FINANCE, region, _day(moment)) for region, moment in rows]}


def _money(asked: Asked) -> Found:
    """Transfers to the fiscal account for those applications."""
    years = (asked.month.year, asked.month.year + 1)
    found = asked.near(
        FiscalTransfer.objects.filter(application__year__in=years, transferred_on__lte=asked.end),
        "application__region_id",
    )
    rows = found.order_by().values_list("application__region_id").annotate(last=Max("transferred_on"))
    return {"subsidy_money": [Fact(Department.FINANCE, region, day) for region, day in rows]}


def _monastic(asked: Asked) -> Found:
    """The year's list of monks and nuns."""
    first, last = asked.month.replace(month=1), asked.month.replace(month=12)
    files = InboundFile.objects.filter(
        kind=InboundFile.Kind.ROSTER,
        department=Department.ETHNIC_AFFAIRS,
        month__gte=first,
        month__lte=last,
        state=InboundFile.State.CONFIRMED,
    )
    rows = asked.near(files).order_by().values_list("department", "region_id").annotate(first=Min("uploaded_at"))
    return {"monastic_roster": [Fact(department, region, _day(moment)) for department, region, moment in rows]}


# By event: the reader that gives it, with others that it reads in the same query.
READERS: dict[str, Callable[[Asked], Found]] = {
    **{str(kind): _files for kind in FILES},
    **{kind: _sent for kind in LISTS},
    "subsidy_request": _requests,
    "subsidy_money": _money,
    "monastic_roster": _monastic,
}


@dataclass(frozen=True)
class Promptness:
    """Payments that tax reported: how many in the month, how many after their days of grace (S3-06)."""

    rows: int
    late: int


def promptness(asked: Asked, days: int, workdays: Workdays) -> Promptness:
    """Payments reported in the month against `days` working days after each was paid: one query."""
    rows = (
        Contribution.objects.filter(inside(asked.region.prefix), source__isnull=False)
        .filter(recorded_at__date__gte=asked.month, recorded_at__date__lte=asked.end)
        .order_by()
        .values_list("paid_on", "recorded_at__date")
        .annotate(count=Count("pk"))
    )
    found = list(rows)
    return Promptness(
        rows=sum(count for _paid, _told, count in found),
        late=sum(count for paid, told, count in found if told > workdays.add(paid, days)),
    )
