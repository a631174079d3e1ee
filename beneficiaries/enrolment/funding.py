"""Subsidy money against need, by county (S2-05)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Left
from django.utils import timezone

from accounts import access
from accounts.models import Region, User
from beneficiaries.enrolment.case_models import FiscalTransfer
from beneficiaries.enrolment.models import Enrolment, RegionYear


@dataclass
class FundingRow:
    """A county's subsidy money: what is needed, what has arrived, what is short of it (fen), until when."""

    code: str
    name: str
    fund: int
    county_finance: int
    arrived: int
    window_to: date | None

    @property
    def needed(self) -> int:
        return self.fund + self.county_finance

    @property
    def short(self) -> int:
        return max(0, self.needed - self.arrived)

    @property
    def days_left(self) -> int | None:
        return (self.window_to - timezone.localdate()).days if self.window_to else None


def funding_rows(user: User, *, region: Region, year: int) -> list[FundingRow]:
    """By county: need of all resident enrolments, transfers of applications and other money in place: four queries."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    inside = {"region_id__gte": low, "region_id__lte": high}
    rows = access.in_region(user, Enrolment.objects.filter(year=year, **inside), "region_id")
    needed = {
        row["county"]: row
        for row in rows.order_by()
        .values(county=Left("region_id", 6))
        .annotate(fund_sum=Sum("fund"), county_sum=Sum("county_finance"))
    }
    transfers = dict(
        FiscalTransfer.objects.filter(application__year=year)
        .order_by()
        .values_list(Left("application__region_id", 6))
        .annotate(Sum("amount"))
    )
    figures: dict[str, RegionYear] = {}
    for one in RegionYear.objects.filter(year=year, **inside).order_by("-region_id"):
        figures[one.region_id[:6]] = one
    places = sorted(needed)
    names = dict(Region.objects.filter(code__in=[p.ljust(12, "0") for p in places]).values_list("code", "name"))
    return [_funding_row(place, needed[place], names, figures.get(place), transfers.get(place, 0)) for place in places]


def _funding_row(
    place: str, row: dict[str, Any], names: dict[str, str], figures: RegionYear | None, transferred: int
) -> FundingRow:
    code = place.ljust(12, "0")
    arrived = (figures.funds_arrived if figures else 0) + transferred
    until = figures.window_to if figures else None
    return FundingRow(code, names.get(code, code), row["fund_sum"], row["county_sum"], arrived, until)
