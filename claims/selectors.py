"""Reads of claims: the list, one claim with its settlements, a person's years."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat, Substr

from accounts.models import Level, Region, User
from beneficiaries.models import CategorySpell
from claims.models import Claim, PersonYear, Settlement
from policies import selectors as law
from policies.engine.codes import NONE
from policies.models import PolicyVersion


def with_settlement() -> QuerySet[Claim]:
    """Claims with the settlement in force as `now`, person and region: one query."""
    return Claim.objects.annotate(
        now=FilteredRelation("settlements", condition=Q(settlements__superseded_at=None))
    ).select_related("now", "person", "region")


def claims_for(
    user: User,
    *,
    first: date | None = None,
    last: date | None = None,
    service: str = "",
    category: str = "",
    county: str = "",
    number: str = "",
    over_control: bool = False,
    audit: bool = False,
) -> QuerySet[Claim]:
    """The list of claims that the user may see, filtered; see `audit_difference` for `audit`."""
    county_of = Region.objects.filter(code=Concat(Substr(OuterRef("region_id"), 1, 6), Value("000000")))
    found = user.visible(with_settlement()).annotate(county=Subquery(county_of.values("name")))
    if first:
        found = found.filter(settled_on__gte=first)
    if last:
        found = found.filter(settled_on__lte=last)
    if service:
        found = found.filter(service=service)
    if category:
        found = found.filter(now__category=category)
    if county:
        found = found.filter(region__code__startswith=county[:6])
    if number:
        found = found.filter(claim_no=number.strip())
    if over_control:
        found = found.filter(now__over_control=True)
    if audit:
        found = found.filter(audit_difference())
    return found


def audit_difference() -> Q:
    """复核差异: what the platform said it paid is not what our settlement gives (employees' own payment is theirs).

    Where assistance is governed by another document than ours (S2-15, S3-20) what the platform paid raises none.
    """
    paid = F("now__assistance") + F("now__out_of_catalogue_assistance") + F("now__top_up")
    cii = Q(platform_cii__isnull=False, insurance="390") & ~Q(platform_cii=F("now__cii_paid"))
    assistance = Q(platform_assistance__isnull=False) & ~Q(platform_assistance=paid)
    silent, partly = _ungoverned()
    return cii | (assistance & ~Q(now__version_id__in=silent) & ~Q(now__version_id__in=partly, now__category=NONE))


def _ungoverned() -> tuple[list[int], list[int]]:
    """Versions that do not govern assistance at all, and those that leave some categories to another document."""
    silent, partly = [], []
    for version in PolicyVersion.objects.filter(state__in=law.IN_FORCE).defer("body"):
        document = law.document_of(version)
        if document.assistance is None:
            silent.append(version.pk)
        elif document.elsewhere:
            partly.append(version.pk)
    return silent, partly


def differs(claim: Claim, settlement: Settlement) -> dict[str, tuple[int, int]]:
    """The platform's amounts beside ours where they differ, by field (see `audit_difference`)."""
    found = {}
    document = law.document_of(settlement.version)
    ours = settlement.assistance + settlement.out_of_catalogue_assistance + settlement.top_up
    if claim.platform_cii is not None and claim.insurance == "390" and claim.platform_cii != settlement.cii_paid:
        found["cii"] = (claim.platform_cii, settlement.cii_paid)
    leaves = document.assistance is None or (document.elsewhere and settlement.category == NONE)
    if claim.platform_assistance is not None and not leaves and claim.platform_assistance != ours:
        found["assistance"] = (claim.platform_assistance, ours)
    return found


def counties_for(user: User) -> QuerySet[Region]:
    """Counties below the user's region, for the filter."""
    return user.visible(Region).filter(level=Level.COUNTY)


def claims() -> QuerySet[Claim]:
    """Claims for a detail page."""
    return Claim.objects.select_related("person__region", "region", "source", "entered_by")


@dataclass(frozen=True)
class Settled:
    """A settlement with the category spells that were valid on the day."""

    settlement: Settlement
    spells: list[CategorySpell]

    @property
    def categories(self) -> list[str]:
        return [spell.category for spell in self.spells]


def history(claim: Claim) -> list[Settled]:
    """All settlements of a claim, the one in force first, then the superseded ones, newest first: two queries."""
    rows = list(
        claim.settlements.select_related("version", "settled_by")
        .defer("version__body")
        .order_by(F("superseded_at").desc(nulls_first=True), "-id")
    )
    spells = CategorySpell.objects.in_bulk({pk for row in rows for pk in row.spell_ids})
    return [Settled(row, [spells[pk] for pk in row.spell_ids if pk in spells]) for row in rows]


def years_of(user: User, person_id: int) -> list[tuple[PersonYear, list[Claim]]]:
    """A person's accumulators with the claims of each year, newest first; empty without the right: two queries."""
    years = list(user.visible(PersonYear).filter(person_id=person_id).select_related("version").defer("version__body"))
    if not years:
        return []
    by_year: dict[int, list[Any]] = defaultdict(list)
    for claim in user.visible(with_settlement()).filter(person_id=person_id).order_by("-settled_on", "-claim_no"):
        by_year[claim.settled_on.year].append(claim)
    return [(year, by_year[year.year]) for year in sorted(years, key=lambda one: -one.year)]
