"""Reads of merges: what would move, what waits."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from beneficiaries.dependants import hanging
from beneficiaries.models import Merge, Person


@dataclass(frozen=True)
class Part:
    """So many rows of one kind hang on a file."""

    label: Any
    count: int


def parts(person: Person) -> list[Part]:
    """What hangs on a person, by kind, the empty ones left out; one query each."""
    found = []
    for model, field, _own in hanging().values():
        count = model._base_manager.filter(**{field: person.pk}).count()
        if count:
            found.append(Part(model._meta.verbose_name, count))
    return found


def merges(user: User) -> QuerySet[Merge]:
    """Merges that the user may see, newest first, with both files."""
    rows = user.visible(Merge).select_related("kept__region", "gone__region", "proposed_by", "decided_by", "region")
    return rows.order_by("-id")


def merges_of(user: User, person: Person) -> QuerySet[Merge]:
    """Merges of one person, as kept or gone."""
    return merges(user).filter(Q(kept=person) | Q(gone=person))
