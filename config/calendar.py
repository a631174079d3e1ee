"""The month's calendar on the workbench: its working days, what the region's policy asks for by when, what has come.

Working days are those of the State Council's holiday arrangement as far as the package knows its years; beyond them
a weekend is what is not worked.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from accounts.models import Region, User
from accounts.workdays import Workdays
from monitoring.obligations import selectors as duties

WEEK = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))


@dataclass(frozen=True)
class Item:
    """An obligation with its day in this month and the days that are left (negative when past).

    `state` is that of the worst of its owners (`done`, `done_late`, `open`, `late`); `done` of `places` have come.
    """

    name: str
    day: date
    left: int
    by: str
    to: str
    clauses: tuple[str, ...]
    state: str
    done: int
    places: int

    @property
    def tone(self) -> str:
        """How its badge looks (components/badge.html)."""
        return {"done": "done", "done_late": "done", "late": "late"}.get(self.state, "plain")


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
    """The month as the workbench shows it; `policy` is empty where no version is in force.

    `overdue`: what the month before, whose first day is `before`, still lacks.
    """

    days: tuple[Day, ...]
    items: tuple[Item, ...]
    policy: str
    region: str
    before: date
    overdue: tuple[Item, ...]


def month_of(user: User, today: date) -> Month:
    """This month's calendar for the user's region: a fixed number of queries per kind of event that its law names."""
    workdays = Workdays.load()
    office = user.organisation
    region = office.region if office else Region.objects.get(pk=user.region_prefix.ljust(12, "0"))
    found = duties.month_of_duties(region, today, today=today, workdays=workdays)
    items = _items(found.items, today)
    before = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
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
        policy=found.title,
        region=region.pk,
        before=before,
        overdue=tuple(_items(duties.month_of_duties(region, before, today=today).late(today), today)),
    )


WORST = ("late", "open", "done_late", "done")


def _items(found: Sequence[duties.Item], today: date) -> list[Item]:
    """One item a duty: its owners together."""
    items = []
    for (due, name), group in groupby(
        sorted(found, key=lambda item: (item.due, item.duty.name)), key=lambda item: (item.due, item.duty.name)
    ):
        mine = list(group)
        duty = mine[0].duty
        state = min((item.state(today) for item in mine), key=WORST.index)
        items.append(
            Item(
                name=name,
                day=due,
                left=(due - today).days,
                by="、".join(duty.by),
                to="、".join(duty.to),
                clauses=duty.clauses,
                state=state,
                done=sum(item.done for item in mine),
                places=sum(item.places for item in mine),
            )
        )
    return items
