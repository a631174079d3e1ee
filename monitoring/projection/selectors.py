"""Reads of the projection: who is marked, and how often such marks came true."""

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet, Sum

from accounts.models import User
from monitoring.models import HitRate, Projected, inside


def projected(user: User, *, county: str = "", kind: str = "", q: str = "") -> QuerySet[Projected]:
    """Marked people whom the user may see, the highest expectation first."""
    found = user.visible(Projected).select_related("person", "region")
    if county:
        found = found.filter(inside(county[:6]))
    if kind:
        found = found.filter(kind=kind)
    return found.filter(person__name__startswith=q.strip()) if q else found


@dataclass(frozen=True)
class Rate:
    """A month's end, or the year together: marked, of these crossed within the month, crossed in all; basis points."""

    on: date | None
    marked: int
    hit: int
    crossed: int

    @property
    def came_true(self) -> int | None:
        """Of those who were marked, how many crossed."""
        return self.hit * 10_000 // self.marked if self.marked else None

    @property
    def foreseen(self) -> int | None:
        """Of those who crossed, how many were marked."""
        return self.hit * 10_000 // self.crossed if self.crossed else None


def rates(user: User) -> tuple[list[Rate], Rate | None]:
    """The newest year that was checked, month by month, and its sum; empty before the first check: two queries."""
    mine = user.visible(HitRate)
    newest = mine.order_by("-on").values_list("on", flat=True).first()
    if newest is None:
        return [], None
    rows = mine.filter(on__year=newest.year).order_by("on").values("on")
    found = [
        Rate(row["on"], row["m"], row["h"], row["c"])
        for row in rows.annotate(m=Sum("marked"), h=Sum("hit"), c=Sum("crossed"))
    ]
    whole = Rate(None, sum(r.marked for r in found), sum(r.hit for r in found), sum(r.crossed for r in found))
    return found, whole
