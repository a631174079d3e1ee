"""What of claims hangs on a person when two files become one. Years: the sums of the same year are added up, and taken
apart again; contradictions follow; a bill that waits (ClaimEntry) is pointed anew like any other key.

Limits and deductibles of the common year are settled anew by whoever hears of the change (`beneficiaries.changes`).
"""

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from beneficiaries.dependants import Move, moves
from claims.contradictions.models import Contradiction
from claims.facts import SUMS
from claims.models import PersonYear

_KEPT = (*SUMS, "state", "last_settled_on", "last_claim_no")


def _move(gone: int, kept: int) -> dict[str, Any]:
    mine = {row.year: row for row in PersonYear.objects.select_for_update().filter(person=kept)}
    moved, added = [], []
    for row in PersonYear.objects.select_for_update().filter(person=gone).order_by("year"):
        if (own := mine.get(row.year)) is None:
            moved.append(row.pk)
            continue
        added.append({"year": row.year, "own": _values(own), "theirs": _values(row) | _place(row)})
        _add(own, row)
        row.delete()
    PersonYear.objects.filter(pk__in=moved).update(person=kept)
    return {"moved": moved, "added": added}


def _values(row: PersonYear) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in _KEPT}


def _place(row: PersonYear) -> dict[str, Any]:
    return {"region_id": row.region_id, "version_id": row.version_id}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str | dict) else DjangoJSONEncoder().default(value)


def _add(own: PersonYear, row: PersonYear) -> None:
    for name in SUMS:
        setattr(own, name, getattr(own, name) + getattr(row, name))
    theirs = row.state or {}
    own.state = {
        name: max(own.state.get(name, 0), theirs.get(name, 0))
        if name == "major_seen"
        else own.state.get(name, 0) + theirs.get(name, 0)
        for name in {*own.state, *theirs}
    }
    places = [(one.last_settled_on, one.last_claim_no) for one in (own, row) if one.last_settled_on]
    if places:
        own.last_settled_on, own.last_claim_no = max(places)
    own.save()


def _back(gone: int, kept: int, data: dict[str, Any]) -> None:
    PersonYear.objects.filter(pk__in=data["moved"]).update(person=gone)
    for one in data["added"]:
        PersonYear.objects.filter(person=kept, year=one["year"]).update(**one["own"])
        PersonYear.objects.create(person_id=gone, year=one["year"], **one["theirs"])


def _follow(gone: int, kept: int) -> list[int]:
    found = Contradiction.objects.filter(person=gone)
    keys = list(found.values_list("pk", flat=True))
    Contradiction.objects.filter(pk__in=keys).update(person=kept)
    return keys


def _follow_back(gone: int, kept: int, keys: list[int]) -> None:
    Contradiction.objects.filter(pk__in=keys, person=kept).update(person=gone)


def register() -> None:
    """Says how years and contradictions move; called when the app is ready."""
    moves(PersonYear, "person", Move(_move, _back))
    moves(Contradiction, "person", Move(_follow, _follow_back))
