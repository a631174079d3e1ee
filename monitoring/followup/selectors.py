"""Reads of follow-ups: the list, one with what belongs to it, what waits."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum, When
from django.utils import timezone

from accounts.models import User
from beneficiaries.models import Person
from claims.selectors import with_settlement
from monitoring.followup.models import FollowUp, Measure, Visit


def without_measure(followups: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
    """Open ones for whom nothing is agreed (what was cancelled does not count)."""
    agreed = Measure.objects.filter(followup=OuterRef("pk")).exclude(outcome=Measure.Outcome.CANCELLED)
    return followups.filter(~Exists(agreed), closed_on=None)


def with_late_measure(followups: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
    """Open ones with a measure whose day has passed."""
    late = Measure.objects.filter(followup=OuterRef("pk"), ended_on=None, due_on__lt=timezone.localdate())
    return followups.filter(Exists(late), closed_on=None)


def not_seen(followups: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
    """Open ones since before this month of whom this month has no record (S2-09); `missed`: nor the month before."""
    this = timezone.localdate().replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    seen = Visit.objects.filter(followup=OuterRef("pk"))
    before = Case(When(opened_on__lt=last, then=~Exists(seen.filter(on__gte=last))), default=False)
    found = followups.filter(~Exists(seen.filter(on__gte=this)), closed_on=None, opened_on__lt=this)
    return found.annotate(missed=before)


def followups_for(
    user: User, *, state: str = "open", county: str = "", q: str = "", person: Person | None = None
) -> QuerySet[FollowUp]:
    """Follow-ups that the user may see. `state`: open, none (open without a measure), late, unseen, closed, all."""
    found = (
        user.visible(FollowUp)
        .select_related("warning__person", "region", "owner")
        .annotate(
            open_measures=Count("measures", filter=Q(measures__ended_on=None), distinct=True),
            all_measures=Count("measures", distinct=True),
            next_due=Min("measures__due_on", filter=Q(measures__ended_on=None)),
            last_visit=Max("visits__on"),
        )
    )
    if state == "none":
        found = without_measure(found)
    elif state == "late":
        found = with_late_measure(found)
    elif state == "unseen":
        found = not_seen(found)
    elif state != "all":
        found = found.filter(closed_on__isnull=state != "closed")
    if person:
        found = found.filter(warning__person=person)
    if county:
        code = county[:6]
        found = found.filter(region_id__gte=code.ljust(12, "0"), region_id__lte=code.ljust(12, "9"))
    if q:
        found = found.filter(Q(warning__person__name__startswith=q.strip()) | Q(warning__number__iexact=q.strip()))
    return found


def counts(user: User) -> dict[str, Any]:
    """open, none, late, unseen, closed: one query."""
    going = Measure.objects.filter(followup=OuterRef("pk"))
    today = timezone.localdate()
    mine = user.visible(FollowUp).annotate(
        helped=Exists(going.exclude(outcome=Measure.Outcome.CANCELLED)),
        overdue=Exists(going.filter(ended_on=None, due_on__lt=today)),
        seen=Exists(Visit.objects.filter(followup=OuterRef("pk"), on__gte=today.replace(day=1))),
    )
    still = Q(closed_on=None)
    return mine.aggregate(
        open=Count("pk", filter=still),
        none=Count("pk", filter=still & Q(helped=False)),
        late=Count("pk", filter=still & Q(overdue=True)),
        unseen=Count("pk", filter=still & Q(seen=False, opened_on__lt=today.replace(day=1))),
        closed=Count("pk", filter=~still),
    )


@dataclass
class Tracked:
    """A month of a person under warning (S2-09), fen: cost, what insurance and assistance paid, what was left."""

    first: date
    bills: int
    total: int
    paid: int
    burden: int
    visits: list[Visit] = field(default_factory=list)
    helped: int = 0


def months_tracked(followup: FollowUp) -> list[Tracked]:
    """Month by month since the year of the warning began: benefits, burden, use of services, visits, help in money."""
    warning = followup.warning
    found = (
        with_settlement()
        .filter(person_id=warning.person_id, settled_on__gte=date(warning.year, 1, 1), now__isnull=False)
        .order_by("settled_on")
    )
    months: dict[date, Tracked] = {}

    def month(day: date) -> Tracked:
        first = day.replace(day=1)
        return months.setdefault(first, Tracked(first, 0, 0, 0, 0))

    for claim in found:
        one = month(claim.settled_on)
        one.bills += 1
        one.total += claim.total
        one.burden += claim.now.personal_burden
        one.paid += claim.total - claim.now.personal_burden
    for visit in followup.visits.select_related("by"):
        month(visit.on).visits.append(visit)
    given = followup.measures.filter(ended_on__isnull=False, amount__isnull=False)
    for row in given.values("ended_on").annotate(sum=Sum("amount")).order_by():
        month(row["ended_on"]).helped += row["sum"]
    return [months[first] for first in sorted(months, reverse=True)]


def measures_of(followup: FollowUp) -> list[Measure]:
    """Open ones by due day first, then the ended ones, newest first."""
    return list(followup.measures.order_by(F("ended_on").desc(nulls_first=True), "due_on", "id"))
