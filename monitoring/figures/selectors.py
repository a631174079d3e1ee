"""Reads of the figures: the workbench's four with their twelve months, the counties side by side."""

from dataclasses import dataclass
from datetime import date

from django.urls import NoReverseMatch, reverse

from accounts.access import Act
from accounts.models import Level, Region, User
from monitoring.figures.charts import Trend, trend
from monitoring.models import Figure

Key = Figure.Key
# Whoever may open the list behind a figure sees it.
BEHIND = {
    Key.ENROLMENT: (Act.ENROLMENT_READ, "enrolment:ledger"),
    Key.WARNINGS: (Act.MEASURE_READ, "monitoring:followups"),
    Key.APPLICATIONS: (Act.APPLICATION_READ, "assistance:list"),
    Key.FUND: (Act.FUND_READ, "fund:overview"),
}


@dataclass(frozen=True)
class Card:
    """A figure on the workbench: the newest month, its list's address, twelve months as a chart."""

    figure: Figure
    label: str
    url: str
    trend: Trend


def months_before(month: date, count: int) -> list[date]:
    """The last `count` months up to `month`, oldest first."""
    found, at = [], month.replace(day=1)
    for _ in range(count):
        found.append(at)
        at = (at.replace(day=1) - date.resolution).replace(day=1)
    return found[::-1]


def cards(user: User, today: date) -> list[Card]:
    """The newest figures of the user's region (of the county of a township) with their year: one query."""
    code = user.region_prefix[:6].ljust(12, "0")
    rows = list(Figure.objects.filter(region_id=code, month__lte=today).order_by("-month")[: 12 * len(BEHIND)])
    months = months_before(rows[0].month, 12) if rows else []
    by_key: dict[str, dict[date, Figure]] = {}
    for row in rows:
        by_key.setdefault(row.key, {})[row.month] = row
    found = []
    for key, (act, name) in BEHIND.items():
        mine = by_key.get(key, {})
        if mine and user.may(act):
            newest = mine[max(mine)]
            rates = [(month, mine[month].rate if month in mine else None) for month in months]
            found.append(Card(newest, str(newest.get_key_display()), _address(name), trend(rates, newest.target)))
    return found


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@dataclass(frozen=True)
class PlaceRow:
    """A place with its figures of the month by key."""

    region: Region
    figures: dict[str, Figure]


def side_by_side(user: User, region: Region, month: date) -> list[PlaceRow]:
    """The places one level below (counties of a prefecture, prefectures of a province), then the region itself."""
    level = Level.COUNTY if region.level >= Level.PREFECTURE else Level.PREFECTURE
    below = user.visible(Region).filter(code__startswith=region.prefix, level=level)
    places = [*below.order_by("code"), *([region] if region.level < Level.COUNTY else [])] or [region]
    rows: dict[str, dict[str, Figure]] = {}
    for row in Figure.objects.filter(region__in=[place.code for place in places], month=month):
        rows.setdefault(row.region_id, {})[row.key] = row
    return [PlaceRow(place, rows.get(place.code, {})) for place in places]


def trends(user: User, region: Region, key: str, month: date) -> list[tuple[Region, Trend]]:
    """Twelve months of one figure for the places of `side_by_side`."""
    months = months_before(month, 12)
    places = [row.region for row in side_by_side(user, region, month)]
    found: dict[str, dict[date, Figure]] = {}
    codes = [place.code for place in places]
    for row in Figure.objects.filter(region__in=codes, key=key, month__gte=months[0], month__lte=months[-1]):
        found.setdefault(row.region_id, {})[row.month] = row
    result = []
    for place in places:
        mine = found.get(place.code, {})
        target = mine[max(mine)].target if mine else None
        result.append((place, trend([(one, mine[one].rate if one in mine else None) for one in months], target)))
    return result
