"""Reads of later truth: what waits, the cases, what a case does to each person, a claim's and a year's history."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from beneficiaries.models import Designation
from claims.later.models import (
    TIERS,
    Adjustment,
    Cause,
    LaterFact,
    Resettlement,
    ResettlementLine,
    YearEnd,
)
from claims.models import Claim
from claims.selectors import waiting_facts
from exchange.models import InboundFile
from policies.models import PolicyVersion

SHOWN_PERSONS = 30


@dataclass(frozen=True)
class Group:
    """Waiting years of one cause and source."""

    cause: str
    reference: str
    years: int
    since: date
    what: str

    @property
    def label(self) -> str:
        return str(Cause(self.cause).label)


def groups(user: User) -> list[Group]:
    """What waits, by cause and source; single certifications and claims together: three queries."""
    rows = list(
        waiting_facts(user)
        .order_by()
        .values("cause", "reference")
        .annotate(years=Count("pk"), since=Min("since"))
        .order_by("cause", "reference")
    )
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        # A file, a version, a county's word is one decision; what comes singly is taken together by its cause.
        reference = row["reference"] if row["reference"].startswith(("file:", "version:", "designation:")) else ""
        held = found.setdefault((row["cause"], reference), {"years": 0, "since": row["since"]})
        held["years"] += row["years"]
        held["since"] = min(held["since"], row["since"])
    names = _names([reference for _cause, reference in found])
    return [
        Group(cause, reference, row["years"], row["since"], names.get(reference, ""))
        for (cause, reference), row in found.items()
    ]


def _names(references: Sequence[str]) -> dict[str, str]:
    """What a reference stands for, in words."""
    by_kind: dict[str, list[int]] = {"file": [], "version": [], "designation": []}
    for reference in references:
        kind, _sign, number = reference.partition(":")
        if kind in by_kind and number.isdecimal():
            by_kind[kind].append(int(number))
    named = {}
    for pk, name in InboundFile.objects.filter(pk__in=by_kind["file"]).values_list("pk", "name"):
        named[f"file:{pk}"] = name
    for pk, name in PolicyVersion.objects.filter(pk__in=by_kind["version"]).values_list("pk", "title"):
        named[f"version:{pk}"] = name
    if by_kind["designation"]:
        for one in Designation.objects.filter(pk__in=by_kind["designation"]).select_related("region"):
            named[f"designation:{one.pk}"] = f"{one.region.name} {one.document}"
    return named


def name_of(case: Resettlement) -> str:
    return _names([case.reference]).get(case.reference, "")


def versions_with_a_past(user: User) -> list[PolicyVersion]:
    """Versions in force that were published after their first day; the newest first: one query."""
    found = user.visible(PolicyVersion).filter(
        state=PolicyVersion.State.PUBLISHED, published_at__date__gt=Lower("validity"), published_by__isnull=False
    )
    return list(found.select_related("region").defer("body").order_by("-published_at")[:5])


def cases_for(user: User, *, state: str = "", cause: str = "") -> QuerySet[Resettlement]:
    """Cases of the user's region, newest first."""
    found = user.visible(Resettlement).select_related("region", "prepared_by", "decided_by")
    if state:
        found = found.filter(state=state)
    return found.filter(cause=cause) if cause else found


@dataclass
class Person:
    """One person of a case: the lines, and what the difference comes to (fen)."""

    person: Any
    lines: list[ResettlementLine] = field(default_factory=list)

    @property
    def difference(self) -> int:
        return sum(line.difference for line in self.lines)

    @property
    def size(self) -> int:
        return abs(self.difference)

    @property
    def tiers(self) -> list[tuple[str, int]]:
        sums = [(str(Adjustment.Tier(tier).label), sum(_of(line, tier) for line in self.lines)) for tier in TIERS]
        return [(label, amount) for label, amount in sums if amount]


def _of(line: ResettlementLine, tier: str) -> int:
    return int(getattr(line, f"new_{tier}") - getattr(line, f"old_{tier}"))


def persons_of(case: Resettlement, limit: int = SHOWN_PERSONS) -> list[Person]:
    """The first persons of a case with their lines: two queries."""
    first = list(case.lines.order_by("person_id").values_list("person_id", flat=True).distinct()[:limit])
    lines = (
        case.lines.filter(person_id__in=first)
        .select_related("person", "claim", "old_version", "new_version")
        .defer("old_version__body", "new_version__body")
        .order_by("person_id", "year", "claim__settled_on", "claim__claim_no")
    )
    found: dict[int, Person] = {}
    for line in lines:
        found.setdefault(line.person_id, Person(line.person)).lines.append(line)
    return list(found.values())


def lines_for(user: User, case: Resettlement) -> QuerySet[ResettlementLine]:
    """All lines of a case, for the list and its export."""
    return user.visible(ResettlementLine).filter(case=case).select_related("person", "claim", "region")


def adjustments_for(
    user: User, *, kind: str = "", tier: str = "", first: date | None = None, last: date | None = None
) -> QuerySet[Adjustment]:
    """Booked supplements and recoveries of the user's region."""
    found = user.visible(Adjustment).select_related("person", "claim", "region", "case", "booked_by")
    if kind:
        found = found.filter(kind=kind)
    if tier:
        found = found.filter(tier=tier)
    if first:
        found = found.filter(booked_at__date__gte=first)
    return found.filter(booked_at__date__lte=last) if last else found


def year_ends_for(user: User, *, year: int | None = None) -> QuerySet[YearEnd]:
    """Payments at year end that are in force."""
    found = user.visible(YearEnd).filter(superseded_at=None).select_related("person", "region")
    return found.filter(year=year) if year else found


def pending_of(claim: Claim) -> list[LaterFact]:
    """What waits for the claim's year: proposals of this claim first."""
    rows = LaterFact.objects.filter(person_id=claim.person_id, year=claim.settled_on.year, done_at=None).select_related(
        "case", "recorded_by"
    )
    return sorted(rows, key=lambda one: (one.claim_id != claim.pk, one.pk))


def cases_of(claim: Claim) -> list[Resettlement]:
    """Confirmed cases that settled the claim's year again, oldest first."""
    found = Resettlement.objects.filter(
        facts__person_id=claim.person_id, facts__year=claim.settled_on.year, state=Resettlement.State.CONFIRMED
    )
    return list(found.distinct().order_by("decided_at"))
