"""Work that waits for someone: what each room's `selectors.waiting(user)` gives to the navigation and the workbench."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from django.db.models import Count, DateField, IntegerField, Min, Q, QuerySet, Value
from django.db.models.functions import Cast

from accounts.access import Act
from accounts.models import User

ALL = Q(pk__isnull=False)  # every one of the rows is late


@dataclass(frozen=True)
class Waiting:
    """One line of the workbench: `count` items that the user may deal with now, seen at `url`.

    `due` is the earliest date by which one of them must be done, `late` how many are past theirs.
    """

    label: Any
    count: int
    url: str
    due: date | None = None
    late: int = 0


@dataclass(frozen=True)
class Pending:
    """A line still to be counted: `rows` that wait for whoever may `act`, those of `late` past their day.

    `due` names the field of the day by which a row must be done. With `year`, an expression, there is a line for each
    year; `label` and `url` say it as `%(year)s`.
    """

    act: Act
    label: Any
    url: str
    rows: QuerySet[Any]
    late: Q | None = None
    due: str = ""
    year: Any = None


def by_room(user: User, rooms: Mapping[str, Iterable[Pending | Waiting]]) -> dict[str, list[Waiting]]:
    """Each room's lines in their order, without the empty ones and those that are not the user's: one query for all."""
    mine = [(room, one) for room, items in rooms.items() for one in items if _is_mine(user, one)]
    parts = [_part(place, one) for place, (_room, one) in enumerate(mine) if isinstance(one, Pending)]
    counted = list(parts[0].union(*parts[1:], all=True)) if parts else []
    lines: dict[int, list[Waiting]] = defaultdict(list)
    for row in sorted(counted, key=itemgetter("waiting_year")):
        lines[row["waiting_place"]].append(_line(mine[row["waiting_place"]][1], row))
    found: dict[str, list[Waiting]] = {room: [] for room in rooms}
    for place, (room, one) in enumerate(mine):
        found[room] += [line for line in ([one] if isinstance(one, Waiting) else lines[place]) if line.count]
    return found


def counted(user: User, items: Iterable[Pending | Waiting]) -> list[Waiting]:
    """The same of one room."""
    return by_room(user, {"": items})[""]


def _is_mine(user: User, one: Pending | Waiting) -> bool:
    return isinstance(one, Waiting) or user.may(one.act)


def _part(place: int, one: Pending) -> QuerySet[Any]:
    # Long names: none is a field of any room's model.
    year = Value(0, IntegerField()) if one.year is None else one.year
    rows = one.rows.order_by().annotate(waiting_place=Value(place, IntegerField()), waiting_year=year)
    return rows.values("waiting_place", "waiting_year").annotate(
        waiting_count=Count("pk"),
        waiting_late=Count("pk", filter=Q(pk=None) if one.late is None else one.late),
        waiting_due=Min(one.due) if one.due else Cast(Value(None), DateField()),
    )


def _line(one: Any, row: dict[str, Any]) -> Waiting:
    label, url = one.label, one.url
    if one.year is not None:
        label, url = str(label) % {"year": row["waiting_year"]}, url % {"year": row["waiting_year"]}
    return Waiting(label, row["waiting_count"], url, row["waiting_due"], row["waiting_late"])
