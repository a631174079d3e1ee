"""Reads of households: the list, the members, who came and went."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Case, Prefetch, QuerySet, When
from django.utils import timezone

from accounts.audit import events_of, with_actor
from accounts.models import User
from beneficiaries.households.services import HEAD
from beneficiaries.models import CategorySpell, Household, Person


def members(user: User, household: Household | int) -> QuerySet[Person]:
    """Visible members with their present categories, the head first."""
    held = Prefetch("spells", CategorySpell.objects.on(timezone.localdate()), to_attr="held")
    rows = user.visible(Person).filter(household=household).select_related("region").prefetch_related(held)
    return rows.order_by(Case(When(relation=HEAD, then=0), default=1), "id")


def may_see(user: User, household: Household) -> bool:
    """Whether it lies in the user's region, or one of its members does (a township sees households of its county)."""
    return user.visible(Household).filter(pk=household.pk).exists() or members(user, household).exists()


@dataclass(frozen=True)
class Change:
    """Someone came, went, or was related otherwise; `who` did it and why."""

    at: datetime
    person: str
    kind: str  # joined, left, relation
    before: str
    after: str
    who: str
    reason: str


def history(household: Household) -> list[Change]:
    """Who belonged to the household and since when, from the trail, newest first; two queries."""
    events: Any = events_of(Person).objects  # type: ignore[attr-defined]
    ever = events.filter(household_id=household.pk).values("pgh_obj_id")
    rows = with_actor(events.filter(pgh_obj_id__in=ever).select_related("pgh_context"))
    rows = rows.order_by("pgh_obj_id", "pgh_id")
    rows = rows.defer("id_number", "phone", "bank_account")
    found = []
    for _key, of_person in groupby(rows, key=lambda row: row.pgh_obj_id):
        found += _changes(household.pk, list(of_person))
    return sorted(found, key=lambda change: change.at, reverse=True)


def _changes(household: int, events: list[Any]) -> list[Change]:
    found, was, said = [], False, ""
    for event in events:
        now = event.household_id == household and event.pgh_label != "delete"
        kind = "joined" if now and not was else "left" if was and not now else ""
        if now and was and event.relation != said:
            kind = "relation"
        if kind:
            meta = (event.pgh_context.metadata if event.pgh_context else None) or {}
            found.append(
                Change(
                    event.pgh_created_at,
                    event.name,
                    kind,
                    said,
                    event.relation if now else "",
                    event.acted_by,
                    meta.get("reason", ""),
                )
            )
        was, said = now, event.relation if now else said
    return found
