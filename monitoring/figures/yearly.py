"""年度指标 of the performance review, banner by banner (S1-26): what each is, of whom, counted once for all places."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, FilteredRelation, Q, Sum
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from accounts.access import in_region
from accounts.models import Region, User
from assistance.models import Application, Decision
from beneficiaries.enrolment.models import Enrolment
from claims.fund import selectors as fund
from claims.fund.accounts import SPENDING
from claims.fund.models import Posting
from claims.models import Claim
from monitoring.figures import reports

DIGITS = 6  # of a banner's code


@dataclass(frozen=True)
class Indicator:
    """One line: a sum of `part`, or the share `part` / `whole`. `kind`: number, amount (fen), rate."""

    label: Any
    kind: str
    part: str
    whole: str = ""

    def value(self, sums: dict[str, int]) -> int | None:
        """The figure of one place; basis points of a rate, None where there is nothing to divide."""
        if self.kind != "rate":
            return sums.get(self.part, 0)
        whole = sums.get(self.whole, 0)
        return sums.get(self.part, 0) * 10_000 // whole if whole > 0 else None


INDICATORS = (
    Indicator(_("困难群众人数"), "number", "people"),
    Indicator(_("困难群众参保率"), "rate", "insured", "people"),
    Indicator(_("资助参保人数"), "number", "subsidised"),
    Indicator(_("资助参保金额"), "amount", "subsidy"),
    Indicator(_("就诊困难群众"), "number", "patients"),
    Indicator(_("结算笔数"), "number", "claims"),
    Indicator(_("医疗总费用"), "amount", "total"),
    Indicator(_("医疗救助支付"), "amount", "assistance"),
    Indicator(_("个人负担"), "amount", "burden"),
    Indicator(_("个人负担占总费用"), "rate", "burden", "total"),
    Indicator(_("住院政策范围内三重保障支付比例"), "rate", "in_paid", "in_scope"),
    Indicator(_("住院目录外费用占比"), "rate", "in_outside", "in_total"),
    Indicator(_("预警人数"), "number", "warned"),
    Indicator(_("在册预警帮扶落实率"), "rate", "helped", "standing"),
    Indicator(_("救助申请"), "number", "applications"),
    Indicator(_("批准件数"), "number", "approved"),
    Indicator(_("批准金额"), "amount", "granted"),
    Indicator(_("基金最低筹资额"), "amount", "due"),
    Indicator(_("旗县配套到位率"), "rate", "share_paid", "share"),
    Indicator(_("基金支出"), "amount", "spent"),
)


@dataclass(frozen=True)
class Table:
    """Places with their sums, in the order of their codes, and the sums of all together."""

    places: list[Region]
    sums: dict[str, dict[str, int]]
    total: dict[str, int]

    def rows(self) -> list[tuple[Indicator, list[int | None], int | None]]:
        """Per indicator: the figure of each place, and of all."""
        return [
            (one, [one.value(self.sums[place.code]) for place in self.places], one.value(self.total))
            for one in INDICATORS
        ]


def indicators(user: User, region: Region, year: int) -> Table:
    """The year's indicators of the banners of a region, of the costs of people in hardship: eleven queries."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    people = reports.people_of(user, region, last, "hardship")
    places = fund.counties_of(region)
    found: dict[str, dict[str, int]] = {place.code: defaultdict(int) for place in places}
    for rows in (
        reports.register_of(people, year, DIGITS),
        reports.costs_of(people, first, last, DIGITS),
        reports.warnings_of(people, first, last, DIGITS),
        _inpatient(people, first, last),
        _subsidies(user, region, year),
        _applications(user, region, first, last),
        _decisions(user, region, first, last),
        _spending(user, region, year),
        _funding(region, year),
    ):
        _take(found, rows)
    total: dict[str, int] = defaultdict(int)
    for sums in found.values():
        for name, value in sums.items():
            total[name] += value
    return Table(places, found, total)


def _take(found: dict[str, dict[str, int]], rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        place = str(row.pop("banner", None) or row.pop("place")).ljust(12, "0")
        if place in found:  # what is registered above a banner is no banner's
            for name, value in row.items():
                found[place][name.removeprefix("s_")] += value or 0


def _below(user: User, rows: Any, region: Region, lookup: str) -> Any:
    return in_region(user, rows, lookup).filter(fund.within(region, lookup)).annotate(banner=Left(lookup, DIGITS))


def _inpatient(people: Any, first: date, last: date) -> Iterable[dict[str, Any]]:
    """What the three tiers paid of inpatient cost in scope, and the share outside the catalogue."""
    now = FilteredRelation("settlements", condition=Q(settlements__superseded_at=None))
    rows = (
        Claim.objects.filter(
            person__in=people, settled_on__gte=first, settled_on__lte=last, reversed_at=None, service="inpatient"
        )
        .annotate(now=now, place=Left("person__region_id", DIGITS))
        .order_by()
        .values("place")
        .annotate(
            s_in_total=Sum("total"),
            s_in_scope=Sum("in_scope"),
            s_in_outside=Sum("out_of_catalogue"),
            s_basic=Sum("basic_paid"),
            s_cii=Sum("now__cii_paid"),
            s_help=Sum("now__assistance"),
            s_more=Sum("now__top_up"),
        )
    )
    for row in rows:
        paid = sum(row.pop(name) or 0 for name in ("s_basic", "s_cii", "s_help", "s_more"))
        yield row | {"in_paid": paid}


def _subsidies(user: User, region: Region, year: int) -> Iterable[dict[str, Any]]:
    helped = Enrolment.objects.filter(Q(fund__gt=0) | Q(county_finance__gt=0), year=year)
    rows = _below(user, helped, region, "region_id").order_by().values("banner")
    return rows.annotate(subsidised=Count("id"), subsidy=Sum(F("fund") + F("county_finance")))


def _applications(user: User, region: Region, first: date, last: date) -> Iterable[dict[str, Any]]:
    rows = Application.objects.filter(applied_on__gte=first, applied_on__lte=last).exclude(state="withdrawn")
    return _below(user, rows, region, "region_id").order_by().values("banner").annotate(applications=Count("id"))


def _decisions(user: User, region: Region, first: date, last: date) -> Iterable[dict[str, Any]]:
    rows = Decision.objects.filter(outcome="approved", decided_on__gte=first, decided_on__lte=last)
    found = _below(user, rows, region, "application__region_id").order_by().values("banner")
    return found.annotate(approved=Count("id"), granted=Sum("amount"))


def _spending(user: User, region: Region, year: int) -> Iterable[dict[str, Any]]:
    rows = _below(user, Posting.objects.filter(year=year, account__in=SPENDING), region, "region_id")
    return rows.order_by().values("banner").annotate(spent=Sum("amount"))


def _funding(region: Region, year: int) -> Iterable[dict[str, Any]]:
    for one in fund.banners(region, year):
        yield {"place": one.region.code, "due": one.due, "share": one.share, "share_paid": min(one.paid, one.share)}
