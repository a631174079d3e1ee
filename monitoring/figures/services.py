"""Counting the figures: one query per figure for the whole country's counties, added up for the places above."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date

from django.db import transaction
from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q, Sum
from django.db.models.functions import Left
from django.utils import timezone

from accounts.models import Region
from assistance.models import Application
from beneficiaries.enrolment import law as enrolment_law
from beneficiaries.enrolment.selectors import POPULATIONS, day_of, population_of, status_q
from beneficiaries.models import CategorySpell, Person
from claims.fund.accounts import SPENDING
from claims.fund.models import Budget, Decidable, Posting
from monitoring.followup.models import Measure
from monitoring.models import BurdenWarning, Figure
from monitoring.selectors import STANDING

# Part and whole by county (six digits) or, of budgets, by the region that has one.
Counted = dict[str, tuple[int, int]]
Key = Figure.Key


def count_figures(*, today: date | None = None) -> int:
    """Counts the month of `today` for every county that has people, and for the places above; how many rows.

    Idempotent: the month's row is replaced.
    """
    today = today or timezone.localdate()
    readers: dict[str, Callable[[date], Counted]] = {
        Key.ENROLMENT: _enrolment,
        Key.WARNINGS: _warnings,
        Key.APPLICATIONS: _applications,
        Key.FUND: _fund,
    }
    counted = {key: _added_up(read(today)) for key, read in readers.items()}
    codes = {code for places in counted.values() for code in places}
    known = set(Region.objects.filter(code__in=codes).values_list("code", flat=True))
    now = timezone.now()
    rows = [
        Figure(
            region_id=code,
            month=today.replace(day=1),
            key=key,
            part=part,
            whole=whole,
            target=_target(key, code, today),
            counted_at=now,
        )
        for key, places in counted.items()
        for code, (part, whole) in places.items()
        if code in known
    ]
    with transaction.atomic():
        Figure.objects.bulk_create(
            rows,
            batch_size=2000,
            update_conflicts=True,
            unique_fields=["region", "month", "key"],
            update_fields=["part", "whole", "target", "counted_at"],
        )
    return len(rows)


def _added_up(by_place: Counted) -> Counted:
    """Counties with the sums of prefecture and province (12 digits); people registered above a county count there."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, (part, whole) in by_place.items():
        while place.endswith("00"):
            place = place[:-2]
        for length in range(2, len(place) + 1, 2):
            code = place[:length].ljust(12, "0")
            found[code][0] += part
            found[code][1] += whole
    return {code: (part, whole) for code, (part, whole) in found.items()}


def _enrolment(today: date) -> Counted:
    """People in hardship who are insured this year, by whatever insurance (S0-06)."""
    day = day_of(today.year)
    held = CategorySpell.objects.on(day).filter(person=OuterRef("pk"), category__in=POPULATIONS["hardship"][1])
    rows = (
        Person.objects.filter(Exists(held), Q(deceased_on=None) | Q(deceased_on__gt=day))
        .annotate(
            e=FilteredRelation("enrolments", condition=Q(enrolments__year=today.year)), place=Left("region_id", 6)
        )
        .order_by()
        .values("place")
        .annotate(whole=Count("id"), missing=Count("id", filter=status_q("uninsured")))
    )
    return {row["place"]: (row["whole"] - row["missing"], row["whole"]) for row in rows}


def _warnings(today: date) -> Counted:
    """Warnings of the year that stand; those for whom a measure is agreed or whose follow-up has ended."""
    agreed = Measure.objects.filter(followup__warning=OuterRef("pk")).exclude(outcome=Measure.Outcome.CANCELLED)
    rows = (
        BurdenWarning.objects.filter(year=today.year, state__in=STANDING)
        .annotate(place=Left("region_id", 6), helped=Exists(agreed))
        .order_by()
        .values("place")
        .annotate(whole=Count("id"), part=Count("id", filter=Q(helped=True) | Q(followup__closed_on__isnull=False)))
    )
    return {row["place"]: (row["part"], row["whole"]) for row in rows}


def _applications(today: date) -> Counted:
    """Applications whose clock runs, and those of them that are not past their day."""
    rows = (
        Application.objects.filter(due_on__isnull=False)
        .annotate(place=Left("region_id", 6))
        .order_by()
        .values("place")
        .annotate(whole=Count("id"), part=Count("id", filter=Q(due_on__gte=today)))
    )
    return {row["place"]: (row["part"], row["whole"]) for row in rows}


def _fund(today: date) -> Counted:
    """What the fund has borne this year against the approved budget, where the money stands."""
    spent = (
        Posting.objects.filter(year=today.year, account__in=SPENDING)
        .annotate(place=Left("region_id", 6))
        .order_by()
        .values("place")
        .annotate(sum=Sum("amount"))
    )
    budgets: dict[str, int] = {}
    approved = Budget.objects.filter(year=today.year, state=Decidable.State.APPROVED).order_by("decided_at", "pk")
    for code, amount in approved.values_list("region_id", "amount"):
        budgets[code[:6]] = amount  # the newest binds
    found: Counted = {row["place"]: (row["sum"] or 0, 0) for row in spent}
    for place, amount in budgets.items():
        found[place] = (found.get(place, (0, 0))[0], amount)
    return found


def _target(key: str, code: str, today: date) -> int | None:
    if key == Key.ENROLMENT:
        aims = enrolment_law.targets(code, today.year)
        return next((aim.value for aim in aims if population_of(aim) in ("hardship", "key")), None)
    if key == Key.FUND:
        # An even pace: the share of the year that has passed.
        year = date(today.year, 12, 31).timetuple().tm_yday
        return today.timetuple().tm_yday * 10_000 // year
    return 10_000
