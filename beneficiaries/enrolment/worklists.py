"""Reads of what enrolment leaves to do: cases to be worked off, payments that do not fit, what the workbench says."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db.models import CharField, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat, Substr
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.waiting import Waiting
from accounts.workdays import Workdays
from beneficiaries.enrolment import law
from beneficiaries.enrolment.case_models import CoverageCase, PaymentMismatch
from beneficiaries.enrolment.models import Enrolment, RegionYear, untold


def cases(
    user: User,
    *,
    year: int | None = None,
    region: Region | None = None,
    kind: str = "",
    state: str = "",
    cause: str = "",
    seen_to: str = "",
) -> QuerySet[CoverageCase]:
    """Cases of the user's region, with person and place."""
    found = user.visible(CoverageCase).select_related("person", "region", "assigned_to")
    found = found.filter(year=year) if year else found
    found = found.filter(region_id__startswith=region.prefix) if region else found
    found = found.filter(kind=kind) if kind else found
    found = found.filter(cause=cause) if cause else found
    if seen_to:
        found = found.filter(assigned_to=user if seen_to == "me" else None)
    if state in ("open", "closed"):
        found = found.filter(closed_on__isnull=state == "open")
    return found


def mismatches(
    user: User, *, year: int | None = None, region: Region | None = None, kind: str = "", state: str = ""
) -> QuerySet[PaymentMismatch]:
    """Payments that do not fit, with person and payment."""
    found = user.visible(PaymentMismatch).select_related("person", "region", "contribution")
    found = found.filter(year=year) if year else found
    found = found.filter(region_id__startswith=region.prefix) if region else found
    found = found.filter(kind=kind) if kind else found
    if state == "open":
        return found.filter(closed_on=None, outcome="")
    if state == "awaiting":
        return found.filter(closed_on=None).exclude(outcome="")
    return found.exclude(closed_on=None) if state == "closed" else found


# --- the workbench --------------------------------------------------------------------------------------------------
LAPSED: Final = 6  # years for which a text without successor still says by when tax is told
TELLING: Final = 600  # seconds for which the days of grace of a place are remembered


def waiting_rows(user: User) -> list[QuerySet[Any]]:
    """Rows (`what`, `of_year`, `n`, `past` the day) of what waits for the user: parts of the room's one query."""
    if not user.may(Act.ENROLMENT_VISIT):
        return []
    today = timezone.localdate()
    parts = [_waiting_cases(user, what, today) for what in ("me", "nobody")]
    if user.may(Act.ENROLMENT_WRITE):
        open_items = mismatches(user, state="open").select_related(None)
        parts += [part(open_items, "mismatches"), _waiting_relay(user)]
    return parts


def part(rows: QuerySet[Any], what: str, late: Q | None = None, year: Any = None) -> QuerySet[Any]:
    """One part of the query: how many rows, how many of them `late`, by `year` where it is given; none without rows."""
    by = {"what": Value(what, CharField()), "of_year": year or Value(0, IntegerField())}
    counted = rows.order_by().annotate(**by).values("what", "of_year").annotate(n=Count("pk"))
    return counted.annotate(past=Count("pk", filter=late if late is not None else Q(pk=None)))


def _waiting_cases(user: User, seen_to: str, today: date) -> QuerySet[Any]:
    """Open cases; late are those whose year is paid for no more: the window closed, or the year is over."""
    closes = RegionYear.objects.filter(
        region_id=Concat(Substr(OuterRef("region_id"), 1, 6), Value("000000")), year=OuterRef("year")
    ).values("window_to")[:1]
    rows = cases(user, state="open", seen_to=seen_to).select_related(None).annotate(closes=Subquery(closes))
    return part(rows, seen_to, Q(closes__lt=today) | Q(closes=None, year__lt=today.year))


def _waiting_relay(user: User) -> QuerySet[Any]:
    """What the tax office has not heard, by year (S3-06); late after the working days that the text gives."""
    low, high = user.region_prefix.ljust(12, "0"), user.region_prefix.ljust(12, "9")
    rows = Enrolment.objects.filter(untold(), region_id__gte=low, region_id__lte=high)
    return part(rows, "relay", Q(changed_on__lte=_told_until(user.region_prefix)), year=F("year"))


def told_key(prefix: str, day: date) -> str:
    """Where the last day is kept that a place must have told the tax office of."""
    return f"enrolment-told-until:{prefix}:{day}"


def _told_until(prefix: str) -> date:
    """The last day whose changes the tax office must have heard of by yesterday; date.min where no text asks for it."""
    today = timezone.localdate()

    def find() -> date:
        place = prefix.ljust(12, "0")
        texts = (law.document_of_year(place, today.year - ago) for ago in range(LAPSED))
        duty = law.obligation(next(filter(None, texts), None), "S3-06", by="医疗保障")
        if duty is None or duty.due.kind != "working_days":
            return date.min
        return Workdays.load().add(today, -duty.due.number) - timedelta(days=1)

    return cache.get_or_set(told_key(prefix, today), find, TELLING) or date.min


def waiting_lines(rows: Iterable[dict[str, Any]]) -> list[Waiting]:
    """The rows of `waiting_rows` in words, each with the list that it counts."""
    found = []
    for row in rows:
        what, year, count, late = row["what"], row["of_year"], row["n"], row["past"]
        label, name, query = {
            "me": (_("由我承办的待核参保人员"), "cases", {"state": "open", "seen_to": "me"}),
            "nobody": (_("待分派的待核参保人员"), "cases", {"state": "open", "seen_to": "nobody"}),
            "mismatches": (_("待处理的缴费疑点"), "mismatches", {"state": "open"}),
            "relay": (_("%(year)s 年待推送税务的参保变动") % {"year": year}, "relay", {"year": year}),
        }[what]
        if count:
            found.append(Waiting(label, count, f"{reverse(f'enrolment:{name}')}?{urlencode(query)}", late=late))
    return found
