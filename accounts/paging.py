"""Keyset paging: the next page begins after the last row of this one, whatever has been added since.

A place in the list is a token in the address: the values of the row's sort keys. Reading costs the same on page 2 and
on page 20,000, and the count stops at a cap.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Model, Q, QuerySet
from django.http import QueryDict

CAP = 10_000


@dataclass(frozen=True)
class Key:
    """One sort key of a list: a lookup path, its direction, and whether it may be empty (then it comes last)."""

    name: str
    down: bool
    nullable: bool

    def order(self, back: bool = False) -> Any:
        """The ordering; `back` reads the list from its end."""
        down = self.down != back
        if not self.nullable:
            return f"-{self.name}" if down else self.name
        # Empty values last on the way down the page; first when it is read backwards.
        where = {"nulls_first": True} if back else {"nulls_last": True}
        return F(self.name).desc(**where) if down else F(self.name).asc(**where)

    def beyond(self, value: Any, back: bool) -> Q:
        """Rows strictly after `value` in reading direction."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if back else Q(pk__in=[])
        further = Q(**{f"{self.name}__{'lt' if self.down != back else 'gt'}": value})
        return further | Q(**{f"{self.name}__isnull": True}) if self.nullable and not back else further

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})


@dataclass(frozen=True)
class Page:
    """Rows of one page, how many there are in all (`more` when over the cap), and where to go on."""

    rows: list[Any]
    count: int
    more: bool
    number: int
    next: str
    previous: str
    first: str


def keys_of(rows: QuerySet[Any], sort: str) -> list[Key]:
    """The sort keys of a list, ended by the primary key so that the order is total."""
    names = [sort] if sort else list(rows.model._meta.ordering or ["pk"])
    keys = [Key(n.removeprefix("-"), n.startswith("-"), _nullable(rows, n.removeprefix("-"))) for n in names]
    if not any(key.name in ("pk", "id", rows.model._meta.pk.name) for key in keys):
        keys.append(Key("pk", keys[0].down, False))
    return keys


def page_of(
    rows: QuerySet[Any], keys: Sequence[Key], params: QueryDict, size: int, address: Callable[..., str]
) -> Page:
    """The page that `params` (`after`, `before`, `page`) name; `address` makes an address with them changed."""
    token = read_token(params.get("before") or params.get("after") or "", keys)
    back = "before" in params and token is not None
    wanted = rows.order_by(*(key.order(back) for key in keys))
    if token is not None:
        wanted = wanted.filter(beyond(keys, token, back))
    found = list(wanted[: size + 1])
    further, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    count = _counted(rows)
    number = _whole(params.get("page")) if token is not None else 1
    has_next, has_previous = (True, further) if back else (further, token is not None)

    def link(direction: str, row: Any, to: int) -> str:
        return address(**{"after": None, "before": None, direction: token_of(row, keys), "page": str(max(1, to))})

    return Page(
        rows=found,
        count=min(count, CAP),
        more=count > CAP,
        number=number,
        next=link("after", found[-1], number + 1) if found and has_next else "",
        previous=link("before", found[0], number - 1) if found and has_previous else "",
        first=address(after=None, before=None, page=None) if token is not None else "",
    )


def _counted(rows: QuerySet[Any]) -> int:
    """How many rows, at most one over the cap; of whole objects the keys alone, not what else is read with each."""
    counted = rows.order_by()
    if counted._fields is None and not counted.query.distinct and not counted.query.combinator:
        counted = counted.values("pk")
    return counted[: CAP + 1].count()


def beyond(keys: Sequence[Key], values: Sequence[Any], back: bool) -> Q:
    """(a, b, c) beyond the values: a beyond, or a same and b beyond, …; led by a range on `a` that an index serves."""
    found, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        found |= same & key.beyond(value, back)
        same &= key.same(value)
    first = keys[0]
    if not first.nullable:
        found &= Q(**{f"{first.name}__{'lte' if first.down != back else 'gte'}": values[0]})
    return found


def token_of(row: Any, keys: Sequence[Key]) -> str:
    """The row's place: its sort values as text for an address."""
    values = []
    for key in keys:
        value: Any = row
        for part in key.name.split("__"):
            value = getattr(value, part) if value is not None else None
        values.append(value.isoformat() if isinstance(value, date) else value if _plain(value) else str(value))
    return base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def read_token(text: str, keys: Sequence[Key]) -> list[Any] | None:
    """The values of a token; None for one that was cut or made for another order (then the first page is shown)."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
    return values if isinstance(values, list) and len(values) == len(keys) and all(map(_plain, values)) else None


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, int | float | str)


def _nullable(rows: QuerySet[Any], path: str) -> bool:
    if path in rows.query.annotations:
        return True
    model: type[Model] = rows.model
    null = False
    for part in path.split("__"):
        if part == "pk":
            return null
        try:
            one = model._meta.get_field(part)
        except FieldDoesNotExist:
            return True
        null = null or bool(getattr(one, "null", False))
        model = one.related_model if one.is_relation else model  # type: ignore[assignment]
    return null


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else 1
