"""Working days of offices: the holiday arrangement with its make-up days, and what an administrator set.

The package knows the years of `KNOWN`; beyond them a weekend is what is not worked. An administrator's
`WorkdayOverride` goes before both (a new year's arrangement, a local holiday such as 那达慕).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import chinese_calendar

KNOWN = (min(chinese_calendar.constants.holidays).year, max(chinese_calendar.constants.holidays).year)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Workdays:
    """The calendar with the overrides as they stand: `load` once (one query), ask for many days."""

    overrides: Mapping[date, bool] = field(default_factory=dict)

    @classmethod
    def load(cls) -> "Workdays":
        from accounts.models import WorkdayOverride
        from accounts.once import once

        return once("workdays", lambda: cls(dict(WorkdayOverride.objects.values_list("day", "working"))))

    def is_working(self, day: date) -> bool:
        """Whether offices work on the day, make-up days counted."""
        known = self.overrides.get(day)
        if known is not None:
            return known
        if KNOWN[0] <= day.year <= KNOWN[1]:
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5

    def add(self, day: date, count: int) -> date:
        """The `count`th working day after `day` (the day itself does not count); 0 gives `day`. Negative goes back."""
        step, left = (DAY, count) if count > 0 else (-DAY, -count)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative when `last` is the earlier.

        `between(day, add(day, n)) == n` for every n ≥ 0.
        """
        if last < first:
            return -self.between(last, first)
        return sum(self.is_working(first + DAY * at) for at in range(1, (last - first).days + 1))


def is_working_day(day: date) -> bool:
    """Whether offices work, make-up days and overrides counted: one query."""
    return Workdays.load().is_working(day)


def add_working_days(day: date, count: int) -> date:
    """See `Workdays.add`: one query."""
    return Workdays.load().add(day, count)


def working_days_between(first: date, last: date) -> int:
    """See `Workdays.between`: one query."""
    return Workdays.load().between(first, last)
