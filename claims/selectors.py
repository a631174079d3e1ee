"""Reads of claims: the list, one claim with its settlements, a person's years."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat, Substr
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Level, Region, User
from accounts.waiting import ALL, Pending, Waiting
from beneficiaries.designations.selectors import Named
from beneficiaries.models import CategorySpell, Designation
from claims.contradictions import selectors as doubtful
from claims.entry import selectors as entered
from claims.later.models import (
    OPEN,
    Adjustment,
    Cause,
    ClaimException,
    EarlierFacts,
    LaterFact,
    OtherPayment,
    Resettlement,
)
from claims.models import Claim, PersonYear, Settlement
from policies import selectors as law
from policies.engine.codes import NONE
from policies.models import PolicyVersion


def waiting_facts(user: User) -> QuerySet[LaterFact]:
    """Facts that no open case has taken up."""
    free = Q(case=None) | ~Q(case__state__in=OPEN)
    return user.visible(LaterFact).filter(free, done_at=None)


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
    institution: str = "",
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
        found = found.filter(region_id__gte=county[:6].ljust(12, "0"), region_id__lte=county[:6].ljust(12, "9"))
    if number:
        found = found.filter(claim_no=number.strip())
    if institution:
        found = found.filter(institution=institution.strip())
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
    """A settlement with the category spells that were valid on the day, and what counties named for them."""

    settlement: Settlement
    spells: list[CategorySpell]
    named: list[Designation] = field(default_factory=list)

    @property
    def categories(self) -> list[str]:
        """All that counted on the day."""
        return list(dict.fromkeys([*(spell.category for spell in self.spells), *(o.treated_as for o in self.named)]))


def history(claim: Claim) -> list[Settled]:
    """All settlements of a claim, the one in force first, then the superseded ones, newest first: two queries, three
    where a county may name what a spell is treated as."""
    rows = list(
        claim.settlements.select_related("version", "settled_by")
        .defer("version__body")
        .order_by(F("superseded_at").desc(nulls_first=True), "-id")
    )
    spells = CategorySpell.objects.in_bulk({pk for row in rows for pk in row.spell_ids})
    named = Named.of(spell.category for spell in spells.values())
    made = []
    for row in rows:
        held = [spells[pk] for pk in row.spell_ids if pk in spells]
        told = [one for spell in held for one in named.on(spell, claim.settled_on, known_at=row.settled_at)]
        made.append(Settled(row, held, told))
    return made


@dataclass(frozen=True)
class Later:
    """What became known of a claim after its first settlement."""

    claim_id: int
    pending: list[LaterFact]
    exceptions: list[ClaimException]
    others: list[OtherPayment]
    facts: list[EarlierFacts]
    adjustments: list[Adjustment]

    @property
    def proposal(self) -> LaterFact | None:
        """The claim's own reversal or correction that waits."""
        mine = (one for one in self.pending if one.claim_id == self.claim_id)
        return next((one for one in mine if one.cause in (Cause.REVERSAL, Cause.CORRECTION)), None)

    def why(self, settlement: Settlement) -> tuple[str, Resettlement | None]:
        """Why a settlement was superseded, and the case that did it."""
        at = settlement.superseded_at
        for fact in self.done:
            if fact.done_at == at:
                return fact.get_cause_display(), fact.case
        for row in self.facts:
            if row.replaced_at == at:
                return row.note, None
        return str(Cause.LATE_CLAIM.label), None

    done: list[LaterFact] = field(default_factory=list)


def later_of(claim: Claim) -> Later:
    """Six queries."""
    facts = list(
        LaterFact.objects.filter(person_id=claim.person_id, year=claim.settled_on.year).select_related("case", "claim")
    )
    return Later(
        claim_id=claim.pk,
        pending=[one for one in facts if one.done_at is None],
        exceptions=list(claim.exceptions.select_related("approved_by")),
        others=list(claim.other_payments.select_related("recorded_by").order_by("paid_on")),
        facts=list(claim.earlier_facts.select_related("replaced_by")),
        adjustments=list(claim.adjustments.select_related("case").order_by("pk")),
        done=[one for one in facts if one.done_at is not None],
    )


def year_id(claim: Claim) -> int | None:
    """The accumulator of the claim's year, for its statement."""
    found = PersonYear.objects.filter(person_id=claim.person_id, year=claim.settled_on.year)
    return found.values_list("pk", flat=True).first()


def paid_by_us(settlement: Settlement) -> int:
    """What critical-illness insurance and assistance pay of a claim, in fen."""
    return settlement.cii_paid + settlement.assistance + settlement.out_of_catalogue_assistance + settlement.top_up


def years_of(user: User, person_id: int) -> list[tuple[PersonYear, list[Claim]]]:
    """A person's accumulators with the claims of each year, newest first; empty without the right: two queries."""
    years = list(user.visible(PersonYear).filter(person_id=person_id).select_related("version").defer("version__body"))
    if not years:
        return []
    by_year: dict[int, list[Any]] = defaultdict(list)
    for claim in user.visible(with_settlement()).filter(person_id=person_id).order_by("-settled_on", "-claim_no"):
        by_year[claim.settled_on.year].append(claim)
    return [(year, by_year[year.year]) for year in sorted(years, key=lambda one: -one.year)]


def waiting(user: User) -> list[Pending | Waiting]:
    """Cases and entries for whom confirms them, years and entries for whom prepares them, contradictions."""
    cases, audit = reverse("later:list"), reverse("claims:differences")
    entries, facts = reverse("claims:entries"), reverse("claims:contradictions")
    prepared = user.visible(Resettlement).filter(state=Resettlement.State.PREPARED)
    others = Q(prepared_by=None) | ~Q(prepared_by=user)
    found: list[Pending | Waiting] = [
        Pending(Act.RESETTLE_CONFIRM, _("待确认的重新结算"), f"{cases}?state=prepared", prepared.filter(others)),
        Pending(Act.CLAIM_WRITE, _("待重新结算的年度"), cases, waiting_facts(user)),
        Pending(Act.CLAIM_CONFIRM, _("待复核的录入费用"), f"{entries}?state=submitted", entered.to_confirm(user)),
        Pending(Act.CLAIM_WRITE, _("退回修改的录入费用"), f"{entries}?state=returned&mine=on", entered.to_mend(user)),
    ]
    lists = (("facts", facts, _("待处理的疑点"), _("整改逾期的疑点")),)
    lists += (("audit", audit, _("待处理的复核差异"), _("整改逾期的复核差异")),)
    for kind, url, open_ones, overdue in lists:
        found.append(Pending(Act.CONTRADICTION_ANSWER, open_ones, url, doubtful.open_of(user, kind)))
        late = doubtful.overdue(user, kind)
        found.append(Pending(Act.CONTRADICTION_ANSWER, overdue, f"{url}?state=overdue", late, late=ALL))
    return found
