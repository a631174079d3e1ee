"""Enrolment of two files that turn out to be one person: each year counts once, payments count together."""

from typing import Any

from django.db import connection

from beneficiaries.changes import Cause, Change, register
from beneficiaries.dependants import Move, moves
from beneficiaries.enrolment.case_models import CoverageCase
from beneficiaries.enrolment.computing import compute_persons
from beneficiaries.enrolment.models import Enrolment, Insurance, TemporaryMember
from beneficiaries.models import Person

_AMOUNTS = ("base", "fund", "county_finance", "due")


def _years_move(gone: int, kept: int) -> dict[str, Any]:
    """Years that only one file has go over; a year of both stays with the old file, emptied of money."""
    known = Enrolment.objects.filter(person=kept).values("year")
    twice = Enrolment.objects.filter(person=gone, year__in=known)
    names = ("insurance", *_AMOUNTS)
    emptied = {str(row.pk): [getattr(row, name) for name in names] for row in twice}
    moved = _move_others(Enrolment, gone, kept, list(emptied))
    twice.update(insurance=Insurance.NONE, **dict.fromkeys(_AMOUNTS, 0))
    return {"moved": moved, "emptied": emptied}


def _years_back(gone: int, kept: int, data: dict[str, Any]) -> None:
    Enrolment.objects.filter(pk__in=data["moved"]).update(person=gone)
    for pk, values in data["emptied"].items():
        Enrolment.objects.filter(pk=pk).update(**dict(zip(("insurance", *_AMOUNTS), values, strict=True)))


def _move_others(model: Any, gone: int, kept: int, staying: list[Any]) -> list[int]:
    keys = list(model.objects.filter(person=gone).exclude(pk__in=staying).values_list("pk", flat=True))
    model.objects.filter(pk__in=keys).update(person=kept)
    return keys


def _unless_there(model: Any, *same: str) -> Move:
    """Rows go over unless the kept file has the same one; those stay as history of the old file."""

    def move(gone: int, kept: int) -> dict[str, Any]:
        there = set(model.objects.filter(person=kept).values_list(*same))
        rows = model.objects.filter(person=gone).values_list("pk", *same)
        return {"moved": _move_others(model, gone, kept, [pk for pk, *key in rows if tuple(key) in there])}

    def back(gone: int, kept: int, data: dict[str, Any]) -> None:
        model.objects.filter(pk__in=data["moved"]).update(person=gone)

    return Move(move, back)


moves(Enrolment, "person", Move(_years_move, _years_back))
moves(CoverageCase, "person", _unless_there(CoverageCase, "year", "kind"))
moves(TemporaryMember, "person", _unless_there(TemporaryMember, "group_id"))


@register
def compute_again(change: Change) -> None:
    """One person's facts are otherwise: the years from then on are computed anew. Rosters: by the county's own run."""
    if change.cause not in (Cause.MERGE, Cause.CATEGORY, Cause.CATEGORY_END):
        return
    with connection.cursor() as cursor:
        cursor.execute(change.query, change.params)
        found = cursor.fetchall()
    for person, since in found:
        if Person.objects.filter(pk=person, merged_into=None).exists():
            years = Enrolment.objects.filter(person=person, year__gte=since.year)
            for year in list(years.values_list("year", flat=True)):
                compute_persons([person], year, strict=False)
