"""Enrolment follows the register (S0-04): who a roster or a correction touched is computed anew, on the worker.

Only years that the place has begun to work on follow; the first computation of a year is the bureau's own act.
"""

from collections.abc import Sequence
from typing import Final

from celery import current_app
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Department
from beneficiaries.changes import Cause, Change
from beneficiaries.dependants import touched
from beneficiaries.enrolment.computing import compute_county, compute_persons
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.mismatches import refresh_mismatches
from beneficiaries.enrolment.models import Enrolment, Insurance
from beneficiaries.enrolment.monks import marks_of_file, take_back_marks
from beneficiaries.enrolment.services import counties
from beneficiaries.models import Person
from exchange.models import InboundFile

FOLLOW_FILE = "enrolment.follow_file"
FOLLOW_PERSONS = "enrolment.follow_persons"
MANY: Final = 20_000  # persons: with more of them, whole counties are computed
_ROSTERS = (Cause.ROSTER, Cause.ROSTER_UNDONE)
_BY_HAND = (Cause.CATEGORY, Cause.CATEGORY_END, Cause.DESIGNATION)


def computed_alone(_file: InboundFile) -> Q:
    """Years that say nothing but what was computed: nobody paid, told tax of them or asked for their money."""
    return Q(
        insurance=Insurance.RESIDENT, paid=0, other_paid=0, refunded=0, exempt=False, relayed_in=None, asked_in=None
    )


def hear(change: Change) -> None:
    """Receiver of the register's changes: marks at once, years as a task when the transaction has ended."""
    if change.cause in _ROSTERS:
        file = InboundFile.objects.select_related("region").get(pk=int(change.reference.removeprefix("file:")))
        if file.department == Department.ETHNIC_AFFAIRS:
            (take_back_marks if change.cause == Cause.ROSTER_UNDONE else marks_of_file)(file)
        if opened_years(file.region, file.month.year):
            _later(FOLLOW_FILE, file.pk)
    elif change.cause in _BY_HAND:
        with connection.cursor() as cursor:
            cursor.execute(change.query, change.params)
            found = cursor.fetchall()
        first = min((since.year for _person, since in found), default=0)
        if first and Enrolment.objects.filter(year__gte=first).exists():
            _later(FOLLOW_PERSONS, [person for person, _since in found], first)


def _later(task: str, *args: object) -> None:
    # Without a broker the register is written all the same; the next computation makes up for it.
    transaction.on_commit(lambda: current_app.send_task(task, args=args), robust=True)


def opened_years(region: Region, first: int) -> list[int]:
    """The years from `first` on, up to the next, in which somebody of the region is enrolled."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    return [
        year
        for year in range(first, timezone.localdate().year + 2)
        if Enrolment.objects.filter(year=year, region_id__gte=low, region_id__lte=high).exists()
    ]


def follow_file(*, file: InboundFile) -> dict[int, int]:
    """Computes the persons whom a roster touched, or after an undo those of its region; written rows by year.

    A year whose law lacks a figure is left as it is. The same again writes nothing.
    """
    ids = list(touched(file).order_by().values_list("person_id", flat=True).distinct()[: MANY + 1])
    whole = file.state != InboundFile.State.CONFIRMED or len(ids) > MANY
    done = {}
    for year in opened_years(file.region, file.month.year):
        if whole:
            done[year] = sum(_county(code, year) for code in counties(file.region))
        else:
            done[year] = compute_persons(ids, year, strict=False)["written"]
        if done[year]:
            refresh_mismatches(region=file.region, year=year)
    return done


def _county(code: str, year: int) -> int:
    try:
        return compute_county(code, year)["written"]
    except EnrolmentError:
        return 0


def follow_persons(*, persons: Sequence[int], first: int) -> dict[int, int]:
    """As `follow_file`, for persons whose categories somebody corrected, in years from `first` on."""
    done: dict[int, int] = {}
    for person in Person.objects.filter(pk__in=persons).select_related("region"):
        for year in opened_years(_county_of(person), first):
            done[year] = done.get(year, 0) + compute_persons([person.pk], year, strict=False)["written"]
    return done


def _county_of(person: Person) -> Region:
    return Region.objects.get(pk=person.region_id[:6].ljust(12, "0"))
