"""Category spells of two files of one person: where both hold the same category, one spell over both their days."""

from typing import Any

from django.db.models import Q
from django.utils import timezone

from beneficiaries.dependants import Move, moves
from beneficiaries.models import CategorySpell

Spells = CategorySpell.objects


def _move(gone: int, kept: int) -> dict[str, Any]:
    closed: list[int] = []
    made: list[int] = []
    for spell in Spells.current().filter(person=gone).order_by("valid_from", "pk"):
        same = list(_meeting(spell, kept))
        if same:
            pieces = [spell, *same]
            Spells.filter(pk__in=[one.pk for one in pieces]).update(known_to=timezone.now())
            closed += [one.pk for one in pieces]
            made.append(_joined(pieces, kept).pk)
    moved = list(Spells.filter(person=gone).values_list("pk", flat=True))
    Spells.filter(pk__in=moved).update(person=kept)
    return {"moved": moved, "closed": [pk for pk in closed if pk not in made], "made": made}


def _meeting(spell: CategorySpell, kept: int) -> Any:
    """Spells of the kept file that say the same of some of the same days."""
    same = Spells.current().filter(person=kept, category=spell.category, department=spell.department)
    until = Q(valid_from__lte=spell.valid_to) if spell.valid_to else Q()
    return same.filter(until).filter(Q(valid_to=None) | Q(valid_to__gte=spell.valid_from))


def _joined(pieces: list[CategorySpell], kept: int) -> CategorySpell:
    """One spell over the days of all; the rest of it from the one that lasts longest.

    It keeps that one's row of a file, or where that came by hand the row of the earliest that has one.
    """
    pieces = sorted(pieces, key=lambda one: (one.valid_from, one.pk))
    last = max(pieces, key=lambda one: (one.valid_to is None, one.valid_to or one.valid_from))
    told = last if last.source_id else next((one for one in pieces if one.source_id), last)
    return Spells.create(
        person_id=kept,
        valid_from=pieces[0].valid_from,
        source_id=told.source_id,
        source_row=told.source_row,
        **{
            name: getattr(last, name)
            for name in (
                "category",
                "department",
                "region",
                "valid_to",
                "exit_reason",
                "evidence",
                "household",
                "relation",
                "phone_key",
            )
        },
    )


def _back(gone: int, kept: int, data: dict[str, Any]) -> None:
    Spells.filter(pk__in=data["made"], known_to=None).update(known_to=timezone.now())
    Spells.filter(pk__in=data["moved"]).update(person=gone)
    Spells.filter(pk__in=data["closed"]).update(known_to=None)


moves(CategorySpell, "person", Move(_move, _back))
