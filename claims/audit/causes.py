"""Why the platform paid another amount than ours, as far as the engine itself can tell.

The claim is settled again from the state before it under one changed assumption at a time; the first that gives the
platform's amount to the fen is the likely cause. Nothing is written but the cause.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from beneficiaries.designations.selectors import Named
from beneficiaries.models import CategorySpell
from claims.facts import fact_of, facts_of
from claims.models import Claim, Settlement
from policies import selectors as law
from policies.engine.chain import Facts, State, Steps, settle
from policies.engine.codes import CATEGORY_CODES, category_label, mask_of
from policies.engine.errors import EngineError
from policies.engine.table import YearTable
from policies.models import PolicyVersion
from policies.services import figures_now

CHUNK = 500
ROUNDING: Final = 10  # fen: what a platform that rounds to jiao may differ by
CAUSES: Final = {
    "rounding": gettext_lazy("尾数取舍"),
    "category_missing": gettext_lazy("平台按本系统没有的身份"),
    "category_other": gettext_lazy("平台没有按身份或按另一身份"),
    "application": gettext_lazy("平台未等申请批准即按身份"),
    "version": gettext_lazy("平台按另一版政策"),
    "deductible": gettext_lazy("起付线累计不同"),
    "limit": gettext_lazy("年度限额累计不同"),
    "referral": gettext_lazy("转诊认定不同"),
    "nothing": gettext_lazy("平台没有支付"),
    "unknown": gettext_lazy("未能判断"),
}


@dataclass(frozen=True)
class Case:
    """A settled claim with what it was settled from."""

    claim: Claim
    version: PolicyVersion
    table: YearTable
    facts: Facts
    before: State


def explain(rows: QuerySet[Any]) -> int:
    """Write the likely cause of every difference of `rows` (Contradiction); how many."""
    total = 0
    while found := list(rows.order_by("pk").select_related("claim")[:CHUNK]):
        cases = _cases([one.claim_id for one in found])
        for one in found:
            case = cases.get(one.claim_id)
            one.cause, note = cause_of(case, one.tier, one.platform) if case else ("unknown", "")
            one.cause_note = note[:300]
        type(found[0]).objects.bulk_update(found, ["cause", "cause_note"])
        total += len(found)
    return total


def _cases(claim_ids: list[int]) -> dict[int, Case]:
    rows = (
        Settlement.objects.filter(claim_id__in=claim_ids, superseded_at=None)
        .select_related("claim", "version")
        .defer("version__body")
    )
    rows = list(rows)
    spells = CategorySpell.objects.in_bulk({pk for row in rows for pk in row.spell_ids})
    named = Named.of(spell.category for spell in spells.values())
    found = {}
    for row in rows:
        table = law.table_of(row.version, row.figures_id, row.claim.settled_on.year)
        held = [spells[pk] for pk in row.spell_ids if pk in spells]
        counted = named.codes(held, row.claim.settled_on, known_at=row.settled_at)
        valid = mask_of({spell.category for spell in held} | counted)
        facts = facts_of(fact_of(row.claim), valid, mask_of(tuple(row.approved)))
        found[row.claim_id] = Case(row.claim, row.version, table, facts, State(*row.before))
    return found


def cause_of(case: Case, tier: str, platform: int) -> tuple[str, str]:
    """The likely cause and its note. `tier`: cii, or assistance (with what stands beside it)."""
    ours = _amount(tier, settle(case.table.values, 0, case.facts, case.before))
    if abs(platform - ours) <= ROUNDING:
        return "rounding", ""
    for cause, note, steps in _assumptions(case):
        if _amount(tier, steps) == platform:
            return cause, note
    return ("nothing", "") if platform == 0 else ("unknown", "")


def _amount(tier: str, steps: Steps) -> int:
    return steps.cii.paid if tier == "cii" else steps.assistance.paid + steps.outside + steps.top_up.paid


def _assumptions(case: Case) -> Iterator[tuple[str, str, Steps]]:
    """Each assumption with what the claim comes to under it, the likeliest first."""
    t, facts, before = case.table.values, case.facts, case.before
    if facts.valid & ~facts.approved:
        yield "application", "", settle(t, 0, facts._replace(approved=facts.valid), before)
    if facts.valid:
        yield "category_other", _("平台没有按任何身份"), settle(t, 0, facts._replace(valid=0, approved=0), before)
    for i, code in enumerate(CATEGORY_CODES):
        bit = 1 << i
        if facts.valid == bit:
            continue
        alone = settle(t, 0, facts._replace(valid=bit, approved=bit), before)
        if alone.category == i:  # otherwise the policy gives this category nothing, and says nothing of the cause
            cause = "category_other" if facts.valid & bit else "category_missing"
            yield cause, _("平台按“%(category)s”") % {"category": category_label(code)}, alone
    yield (
        "deductible",
        _("平台从零累计起付线"),
        settle(t, 0, facts, before._replace(cii_base=0, deductible_base=0, deductible_base_2=0, deductible_base_3=0)),
    )
    met = 10**12
    yield (
        "deductible",
        _("平台视为起付线已满"),
        settle(
            t,
            0,
            facts,
            before._replace(cii_base=met, deductible_base=met, deductible_base_2=met, deductible_base_3=met),
        ),
    )
    yield (
        "limit",
        _("平台没有扣减已用限额"),
        settle(t, 0, facts, before._replace(cii_paid=0, assist_paid=0, assist_major_paid=0, topup_paid=0)),
    )
    yield "deductible", _("平台按本年第一笔结算"), settle(t, 0, facts, State())
    for referred in (0, 1, 2):
        if referred != facts.referred:
            yield "referral", "", settle(t, 0, facts._replace(referred=referred), before)
    yield from _versions(case)


def _versions(case: Case) -> Iterator[tuple[str, str, Steps]]:
    """The region's other versions, on the same claim."""
    others = (
        PolicyVersion.objects.filter(region_id=case.version.region_id, state__in=law.IN_FORCE)
        .exclude(pk=case.version.pk)
        .defer("body")
    )
    for version in others:
        try:
            table = law.table_of(version, figures_now(version).pk, case.claim.settled_on.year)
        except EngineError:
            continue  # that version has no figures for this year
        note = _("平台按“%(version)s”") % {"version": version.name}
        yield "version", note, settle(table.values, 0, case.facts, case.before)
