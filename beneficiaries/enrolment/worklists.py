"""Reads of what enrolment leaves to do: cases to be worked off, payments that do not fit, what the workbench says."""

from datetime import date, timedelta
from typing import Final

from django.core.cache import cache
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat, Substr
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.waiting import Pending, Waiting
from accounts.workdays import Workdays
from beneficiaries.enrolment import law
from beneficiaries.enrolment.case_models import CoverageCase, PaymentMismatch
from beneficiaries.enrolment.models import Enrolment, RegionYear, untold
from policies import selectors as policies


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


def waiting(user: User) -> list[Pending | Waiting]:
    """Cases to be worked off by the user or by nobody yet, payments that do not fit, what tax has not heard."""
    if not user.may(Act.ENROLMENT_VISIT):
        return []
    listed = reverse("enrolment:cases")
    labels = {"me": _("由我承办的待核参保人员"), "nobody": _("待分派的待核参保人员")}
    found: list[Pending | Waiting] = [
        Pending(Act.ENROLMENT_VISIT, label, f"{listed}?state=open&seen_to={whose}", *_open_cases(user, whose))
        for whose, label in labels.items()
    ]
    if user.may(Act.ENROLMENT_WRITE):
        items = mismatches(user, state="open").select_related(None)
        url = f"{reverse('enrolment:mismatches')}?state=open"
        found += [Pending(Act.ENROLMENT_WRITE, _("待处理的缴费疑点"), url, items), _relay(user)]
    return found


def _open_cases(user: User, whose: str) -> tuple[QuerySet[CoverageCase], Q]:
    """Open cases; late are those whose year is paid for no more: the window closed, or the year is over."""
    closes = RegionYear.objects.filter(
        region_id=Concat(Substr(OuterRef("region_id"), 1, 6), Value("000000")), year=OuterRef("year")
    ).values("window_to")[:1]
    rows = cases(user, state="open", seen_to=whose).select_related(None).annotate(closes=Subquery(closes))
    return rows, Q(closes__lt=timezone.localdate()) | Q(closes=None, year__lt=timezone.localdate().year)


def _relay(user: User) -> Pending:
    """What the tax office has not heard, by year (S3-06); late after the working days that the text gives."""
    low, high = user.region_prefix.ljust(12, "0"), user.region_prefix.ljust(12, "9")
    rows = Enrolment.objects.filter(untold(), region_id__gte=low, region_id__lte=high)
    late = Q(changed_on__lte=_told_until(user.region_prefix))
    label, url = _("%(year)s 年待推送税务的参保变动"), f"{reverse('enrolment:relay')}?year=%(year)s"
    return Pending(Act.ENROLMENT_WRITE, label, url, rows, late, year=F("year"))


def told_key(prefix: str, day: date) -> str:
    """Where the last day is kept that a place must have told the tax office of."""
    return f"enrolment-told-until:{prefix}:{day}"


def _told_until(prefix: str) -> date:
    """The last day whose changes the tax office must have heard of by yesterday; date.min where no text asks for it."""
    today = timezone.localdate()

    def find() -> date:
        place = prefix.ljust(12, "0")
        known = policies.law()
        days = (date(today.year - ago, *day) for ago in range(LAPSED) for day in ((1, 1), (12, 31)))
        version = next(filter(None, (known.on(place, day) for day in days)), None)
        duty = law.obligation(policies.document_of(version) if version else None, "S3-06", by="医疗保障")
        if duty is None or duty.due.kind != "working_days":
            return date.min
        return Workdays.load().add(today, -duty.due.number) - timedelta(days=1)

    return cache.get_or_set(told_key(prefix, today), find, TELLING) or date.min
