"""The year or month with which a page opens: the newest that holds anything, never later than the present one.

    query = periods.asked(request, user.visible(FundEntry), "year")
    form = LedgerFilter(query, user=user)

An address that names a period is left alone. Where the page has opened at an earlier one, base.html says which it is,
and the present one is a click away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Unit:
    """A kind of period: its parameters in the address and its name on the page, by a day within."""

    fill: Callable[[date], dict[str, str]]
    label: Callable[[date], str]


YEAR = Unit(lambda day: {"year": f"{day:%Y}"}, lambda day: _("%(year)s 年") % {"year": day.year})
MONTH = Unit(lambda day: {"month": f"{day:%Y-%m}"}, lambda day: f"{day:%Y-%m}")


@dataclass(frozen=True)
class Opened:
    """What the page says that chose its period itself: the one shown, the present one and its address."""

    shown: str
    present: str
    url: str


def asked(
    request: HttpRequest, rows: QuerySet[Any], field: str, *, unit: Unit = YEAR, present: date | None = None
) -> QueryDict:
    """The address; without a period, with that of the newest of `rows` by `field` (a year or a date). One query then.

    `present` is a day of the latest period that may be shown: today unless given.
    """
    query, last = request.GET.copy(), present or timezone.localdate()
    if any(query.get(name) for name in unit.fill(last)):
        return query
    day = newest(rows, field, until=last)
    if unit.fill(day) != unit.fill(last):
        there = query.copy()
        there.update(unit.fill(last))
        request.opened = Opened(unit.label(day), unit.label(last), f"?{there.urlencode()}")  # type: ignore[attr-defined]
    for name, value in unit.fill(day).items():
        query[name] = value
    return query


def newest(rows: QuerySet[Any], field: str, *, until: date | None = None) -> date:
    """A day of the newest period of `rows` by `field`, up to `until` (today); `until` itself where they have none."""
    last = until or timezone.localdate()
    by_year = rows.model._meta.get_field(field).get_internal_type() != "DateField"
    known = rows.filter(**{f"{field}__lte": last.year if by_year else last})
    # The first of an order, not a maximum: that walks an index.
    found = known.order_by(f"-{field}").values_list(field, flat=True).first()
    if found is None:
        return last
    if not by_year:
        return found
    return last if found == last.year else date(found, 1, 1)
