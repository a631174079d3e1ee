"""Reads of accounts that have a name: one function per list, a fixed number of queries each."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Model, Q, QuerySet

from accounts import access
from accounts.audit import events_of, tracked_models
from accounts.models import Job, Level, Organisation, ReadRecord, Region, User
from accounts.once import once


def users(user: User, *, q: str = "", role: str = "", region: Region | None = None, active: str = "") -> QuerySet[User]:
    """Accounts of the administrator's region, by name or user name, role, region and state (`yes`, `no`)."""
    found = user.visible(User).select_related("organisation__region")
    if q:
        found = found.filter(Q(name__icontains=q) | Q(username__icontains=q))
    if role:
        found = found.filter(roles__contains=[role])
    if region:
        found = below(found, "organisation__region_id", region)
    return found.filter(is_active=active == "yes") if active else found


def organisations(user: User, *, department: str = "", region: Region | None = None) -> QuerySet[Organisation]:
    """Organisations of the administrator's region."""
    found = user.visible(Organisation).select_related("region")
    if department:
        found = found.filter(department=department)
    return below(found, "region_id", region) if region else found


def regions(user: User, *, q: str = "", level: str = "", unnamed: bool = False) -> QuerySet[Region]:
    """Regions below the user's, by name or the beginning of the code; `unnamed`: those that still have their code."""
    found = user.visible(Region).select_related("parent")
    if q:
        found = found.filter(Q(name__icontains=q) | Q(code__startswith=q))
    if level:
        found = found.filter(level=level)
    return found.filter(name__regex=r"^[0-9]{6,12}$") if unnamed else found


def counties_in(prefix: str) -> list[Region]:
    """The counties whose codes begin so, by code; of a page that asks several times one query."""
    found = Region.objects.filter(level=Level.COUNTY, code__startswith=prefix).order_by("code")
    return once(("counties", prefix), lambda: list(found))


def place_names(codes: Iterable[str]) -> dict[str, str]:
    """Places by their names, below a county with what they belong to; one not known yet by county and code: one query.

    `codes` have 12 digits; an empty one stays empty.
    """
    asked = set(codes)
    counties = {code[:6].ljust(12, "0") for code in asked if code}
    known = {one.code: one for one in Region.objects.filter(code__in=asked | counties).select_related("parent")}

    def name(code: str) -> str:
        place, county = known.get(code), known.get(code[:6].ljust(12, "0"))
        if place is None:
            return f"{county.name} {code}" if code and county else code
        above = place.parent.name if place.parent and place.level > Level.COUNTY else ""
        return f"{above} {place.name}".strip()

    return {code: name(code) for code in asked}


def reads(
    user: User, *, q: str = "", what: str = "", first: date | None = None, last: date | None = None
) -> QuerySet[ReadRecord]:
    """Who read which file, saw which number: by people of the supervisor's region."""
    found = user.visible(ReadRecord).select_related("user__organisation")
    if q:
        found = found.filter(Q(user__name__icontains=q) | Q(user__username=q) | Q(subject=q))
    if what:
        found = found.filter(what=what)
    return _between(found, "at", first, last)


def changes(
    user: User, model: type[Model], *, q: str = "", first: date | None = None, last: date | None = None
) -> QuerySet[Any]:
    """Events of one tracked model in the supervisor's region, with who acted; `q` is a user name or an object's key."""
    lookup = access.region_of(model)
    found = access.in_region(user, events_of(model).objects.select_related("pgh_context"), lookup)
    if q:
        found = found.filter(Q(pgh_context__metadata__username=q) | Q(pgh_obj_id=q if q.isdecimal() else None))
    return _between(found, "pgh_created_at", first, last)


def auditable() -> Sequence[type[Model]]:
    """Tracked models whose rows belong to a region, so that a supervisor may see their changes."""
    return [model for model in reversed(tracked_models()) if access.region_of(model)]


def jobs(user: User) -> QuerySet[Job]:
    """One's own background work."""
    return user.visible(Job)


def below(rows: QuerySet[Any], lookup: str, region: Region) -> QuerySet[Any]:
    """The rows whose region is `region` or lies below it."""
    prefix = region.prefix
    return rows.filter(**{f"{lookup}__gte": prefix.ljust(12, "0"), f"{lookup}__lte": prefix.ljust(12, "9")})


def _between(rows: QuerySet[Any], lookup: str, first: date | None, last: date | None) -> QuerySet[Any]:
    if first:
        rows = rows.filter(**{f"{lookup}__date__gte": first})
    return rows.filter(**{f"{lookup}__date__lte": last}) if last else rows
