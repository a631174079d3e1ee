"""The month's calendar on the workbench: its working days, and what the region's policy asks for by when.

Working days are those of the State Council's holiday arrangement as far as the package knows its years; beyond them
a weekend is what is not worked.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.workdays import Workdays
from policies.dues import due_day
from policies.engine.document import Obligation
from policies.selectors import document_of, version_on

WEEK = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))


@dataclass(frozen=True)
class Item:
    """An obligation with its day in this month and the days that are left (negative when past)."""

    name: str
    day: date
    left: int
    by: str
    to: str
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class Day:
    """One day of the strip: its weekday in one word, whether it is worked, what falls due."""

    day: date
    week: str
    working: bool
    today: bool
    due: tuple[Item, ...]


@dataclass(frozen=True)
class Month:
    """The month as the workbench shows it; `policy` is empty where no version is in force."""

    days: tuple[Day, ...]
    items: tuple[Item, ...]
    policy: str


def month_of(user: User, today: date) -> Month:
    """This month's calendar for the user's region: at most three queries."""
    workdays = Workdays.load()
    version = version_on(user.region_prefix.ljust(12, "0"), today)
    duties = document_of(version).obligations if version else ()
    items = sorted(_items(duties, today, workdays), key=lambda item: (item.day, item.name))
    last = calendar.monthrange(today.year, today.month)[1]
    days = [today.replace(day=number) for number in range(1, last + 1)]
    return Month(
        days=tuple(
            Day(
                day,
                str(WEEK[day.weekday()]),
                workdays.is_working(day),
                day == today,
                tuple(i for i in items if i.day == day),
            )
            for day in days
        ),
        items=tuple(items),
        policy=version.title if version else "",
    )


def _items(duties: Sequence[Obligation], today: date, workdays: Workdays) -> list[Item]:
    found = []
    for duty in duties:
        day = due_day(duty.due, today, workdays) if duty.every in ("month", "year", "once") else None
        if day is not None:
            who, whom = "、".join(map(str, duty.by)), "、".join(map(str, duty.to))
            found.append(Item(duty.name, day, (day - today).days, who, whom, duty.clauses))
    return found
