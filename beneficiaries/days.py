"""Rows that hold from–to (`valid_from`, `valid_to`: both days included, open without the latter), and are known to hold
from–to (`known_from`, `known_to`)."""

from datetime import date
from typing import Any, Self, TypeVar

from django.contrib.postgres.fields import DateRangeField
from django.db.models import F, Func, Model, Q, QuerySet, Value

M = TypeVar("M", bound=Model)


def span() -> Func:
    """The row's days as a range, for constraints."""
    return Func(F("valid_from"), F("valid_to"), Value("[]"), function="daterange", output_field=DateRangeField())


def holds_on(row: Any, day: date) -> bool:
    """Valid on the day, as known now."""
    return row.known_to is None and row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)


class KnownQuerySet(QuerySet[M]):
    def current(self) -> Self:
        """What we hold to be true now: not superseded by a correction."""
        return self.filter(known_to=None)

    def on(self, day: date) -> Self:
        """Valid on `day`, as known now."""
        return self.current().filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)
