"""Reads of contradictions."""

from django.db.models import Count, QuerySet
from django.utils import timezone

from accounts.models import User
from claims.contradictions.checks import kinds_of
from claims.contradictions.models import Contradiction

State = Contradiction.State


def contradictions_for(
    user: User,
    *,
    group: str,
    kind: str = "",
    state: str = "",
    county: str = "",
    cause: str = "",
    tier: str = "",
    year: int | None = None,
) -> QuerySet[Contradiction]:
    """The worklist of a group (facts, audit, protection) that the user may see; open ones unless a state is asked."""
    found = user.visible(Contradiction).select_related("person", "region", "claim", "answered_by")
    found = found.filter(kind__in=[kind] if kind else kinds_of(group))
    if state == "overdue":
        found = found.filter(state=State.ANSWERED, fix_by__lt=timezone.localdate())
    elif state != "all":
        found = found.filter(state=state or State.OPEN)
    if county:
        found = found.filter(region_id__startswith=county[:6])
    if cause:
        found = found.filter(cause=cause)
    if tier:
        found = found.filter(tier=tier)
    return found.filter(day__year=year) if year else found


def open_by_kind(user: User, group: str) -> dict[str, int]:
    """How many are open, by kind: one query; kinds without any are 0."""
    rows = user.visible(Contradiction).filter(kind__in=kinds_of(group), state=State.OPEN).order_by()
    counted = dict(rows.values_list("kind").annotate(n=Count("pk")))
    return {kind: counted.get(kind, 0) for kind in kinds_of(group)}


def open_of(user: User, group: str) -> QuerySet[Contradiction]:
    """Open ones of a group."""
    return user.visible(Contradiction).filter(state=State.OPEN, kind__in=kinds_of(group))


def overdue(user: User, group: str) -> QuerySet[Contradiction]:
    """Answered with a day for mending that has passed."""
    late = {"state": State.ANSWERED, "fix_by__lt": timezone.localdate()}
    return user.visible(Contradiction).filter(kind__in=kinds_of(group), **late)
