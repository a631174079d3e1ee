"""What a person is entitled to on a day, read from the policy document: tiers, room left, what needs an application.

What another document governs is said so, never shown as an entitlement of nothing (S2-15, S3-20).
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from beneficiaries.designations.selectors import said, undesignated
from beneficiaries.enrolment.models import Enrolment
from beneficiaries.enrolment.selectors import years_of
from beneficiaries.models import HeldCategory, Person
from claims.eligibility import approvals_of
from claims.facts import state_of
from claims.models import PersonYear
from policies import selectors as law
from policies.engine import chain
from policies.engine.chain import State
from policies.engine.codes import CATEGORY_INDEX, LOCATIONS, NONE_INDEX, SERVICES
from policies.engine.document import AssistanceRule, Document, OutOfCatalogueRule, TopUp
from policies.engine.errors import EngineError
from policies.engine.money import format_ratio, format_yuan
from policies.engine.table import YearTable, compile_year
from policies.models import PolicyVersion
from policies.sayings import category_label

DIRECT, APPROVED, ON_APPLICATION, BY_COUNTY, UNDESIGNATED, ELSEWHERE, UNNAMED = (
    "direct", "approved", "on_application", "by_county", "undesignated", "elsewhere", "unnamed"
)  # fmt: skip
YEARS_BACK = 3


@dataclass(frozen=True)
class Tier:
    """One benefit: its standard in words, the year's room left in fen (None: no limit, or not to be shown)."""

    label: str
    standard: str
    left: int | None
    clauses: tuple[str, ...]
    still: int | None = None  # fen to go until the deductible is reached


@dataclass(frozen=True)
class Standing:
    """One category of the person: `way` says whether it settles directly, on application, or is governed elsewhere;
    `note` what a county named, or what is to do where it named nothing (S1-01)."""

    category: str
    label: str
    way: str
    word: str
    tiers: tuple[Tier, ...]
    clauses: tuple[str, ...] = ()
    note: str = ""

    @property
    def tone(self) -> str:
        return {DIRECT: "done", APPROVED: "done", ON_APPLICATION: "due", UNDESIGNATED: "due"}.get(self.way, "plain")


@dataclass
class Entitlement:
    """All of it. `duties` are (name, text, clauses) that the document names for the person's categories (S1-22).

    `figures_year`: whose yearly figures the standards are of, the last known one where the day's year has none yet.
    `enrolment`: of the day's year; outpatient benefits of basic insurance follow its tier (S0-07).
    """

    day: date
    version: PolicyVersion | None = None
    standings: list[Standing] = field(default_factory=list)
    basis: tuple[Tier, ...] = ()
    duties: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    quotes: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    figures_year: int = 0
    enrolment: Enrolment | None = None

    @property
    def is_of_earlier_figures(self) -> bool:
        return 0 < self.figures_year < self.day.year


def entitlement_of(person: Person, day: date, *, amounts: bool = True) -> Entitlement:
    """The person's entitlement on a day; without `amounts` the room left is not told (medical data). Seven queries."""
    found = Entitlement(day, law.version_on(person.region_id, day))
    found.enrolment = enrolment_of(person, day.year)
    if found.version is None:
        found.problem = _("%(day)s 没有适用于该地区的政策版本") % {"day": day}
        return found
    document = law.document_of(found.version)
    try:
        table = _table(document, found.version, day.year)
    except EngineError as error:
        found.problem = str(error)
        return found
    found.figures_year = table.year
    state = _state(person, day.year) if amounts else None
    held, named = _held(person, day)
    approved = {one.category for one in approvals_of([person.pk]).get(person.pk, []) if one.covers(day)}
    order = {code: place for place, code in enumerate(CATEGORY_INDEX)}
    for code in sorted({*held, *approved}, key=lambda code: order.get(code, 99)):
        found.standings.append(_standing(table, code, approved, state, named))
    found.basis = (_critical_illness(table, NONE_INDEX, state),)
    mine = {one.category for one in found.standings}
    found.duties = [(duty.name, duty.text, duty.clauses) for duty in document.duties if mine & set(duty.who)]
    found.quotes = _quotes(document, found)
    return found


def _table(document: Document, version: PolicyVersion, year: int) -> YearTable:
    """Of the year, or of the last one before whose figures are known: statistics come out months after it began.

    Raises EngineError of the year itself where none of `YEARS_BACK` has them.
    """
    years = range(year, year - YEARS_BACK - 1, -1)
    return law.with_figures(version.policy, years, lambda figures, one: compile_year(document, one, figures))[0]


def _held(person: Person, day: date) -> tuple[set[str], dict[str, str]]:
    """Categories that count on the day, and by category what a county named: of its own one and of what that is."""
    held, named = set(), {}
    rows = HeldCategory.objects.on(day).filter(person=person).select_related("designation__region")
    for row in rows.order_by("id", "designation_id"):
        held.add(row.category)
        if row.designation is not None:
            named[row.category] = named[row.designation.category] = said(row.designation)
    return held, named


def enrolment_of(person: Person, year: int) -> Enrolment | None:
    """The person's basic insurance in a year; None where nothing is registered."""
    return next((row for row in years_of(person) if row.year == year), None)


def _state(person: Person, year: int) -> State:
    row = PersonYear.objects.filter(person=person, year=year).first()
    return state_of(row.state) if row else State()


def _standing(
    table: YearTable, code: str, approved: set[str], state: State | None, by_county: dict[str, str]
) -> Standing:
    note = by_county.get(code, "")
    document = table.document
    label = category_label(code)
    if other := document.governed_elsewhere(code):
        word = _("%(subject)s不由本文件规定，按《%(document)s》办理") % {
            "subject": other.subject,
            "document": other.document,
        }
        own = (_critical_illness(table, CATEGORY_INDEX[code], state),) if code in document.categories.order else ()
        return Standing(code, label, ELSEWHERE, word, own, other.clauses)
    named = document.categories
    if code in named.as_named_by_county:
        if note:
            return Standing(code, label, BY_COUNTY, _("按旗县指定的类别办理"), (), named.clauses, note)
        return Standing(code, label, UNDESIGNATED, _("旗县尚未指定视同类别"), (), named.clauses, undesignated())
    if code not in named.order:
        return Standing(code, label, UNNAMED, _("本文件的医疗救助没有列入这一类别"), (), named.clauses)
    tiers = _tiers(table, code, state)
    if named.is_direct(code):
        return Standing(code, label, DIRECT, _("直接结算，无须申请"), tiers, named.clauses, note)
    if code in approved:
        return Standing(code, label, APPROVED, _("申请已批准，直接结算"), tiers, named.clauses, note)
    word = _("须先申请，批准后从批准之日起结算")
    return Standing(code, label, ON_APPLICATION, word, tiers, named.clauses, note)


def _tiers(table: YearTable, code: str, state: State | None) -> tuple[Tier, ...]:
    index, document = CATEGORY_INDEX[code], table.document
    found = [_critical_illness(table, index, state)]
    rules = dict.fromkeys(id(rule) for key, rule in table.rules.items() if key[0] == index)
    by_id = {id(rule): rule for rule in table.rules.values()}
    found += [_assistance(table, by_id[key], state) for key in rules]
    outside = {id(rule): rule for key, rule in table.out_rules.items() if key[0] == index}
    found += [_outside(rule) for rule in outside.values()]
    if document.top_up is not None and code in document.top_up.who:
        found.append(_top_up(table, document.top_up, state))
    return tuple(found)


def _critical_illness(table: YearTable, index: int, state: State | None) -> Tier:
    at = chain.T_CATEGORY + index * chain.CATEGORY_STRIDE
    deductible = table.values[at + chain.K_CII_DEDUCTIBLE]
    cap = table.values[at + chain.K_CII_CAP]
    rule, tilt = table.document.critical_illness, table.tilts.get(index)
    said = {
        "deductible": format_yuan(deductible),
        "ratio": format_ratio(table.values[at + chain.K_CII_RATIO]),
        "cap": _("不封顶") if cap < 0 else _("年度最高支付 %(cap)s 元") % {"cap": format_yuan(cap)},
    }
    return Tier(
        _("大病保险"),
        _("起付线 %(deductible)s 元，支付 %(ratio)s，%(cap)s") % said,
        max(0, cap - state.cii_paid) if state and cap >= 0 else None,
        tuple(dict.fromkeys((*rule.clauses, *(tilt.clauses if tilt else ())))),
        max(0, deductible - state.cii_base) if state else None,
    )


def _assistance(table: YearTable, rule: AssistanceRule, state: State | None) -> Tier:
    limit = rule.limit.resolve(table.parameters, table.document.policy, table.year)
    deductible = rule.deductible.resolve(table.parameters, table.document.policy, table.year) or 0
    said = {
        "where": _places(rule),
        "ratio": format_ratio(rule.ratio),
        "deductible": _("没有起付标准")
        if rule.deductible.is_none
        else _("起付标准：%(figure)s") % {"figure": table.working(rule.deductible)},
        "limit": _("没有年度限额")
        if rule.limit.is_none
        else _("年度限额：%(figure)s") % {"figure": table.working(rule.limit)},
    }
    return Tier(
        rule.name,
        _("%(where)s：政策范围内自付支付 %(ratio)s，%(deductible)s，%(limit)s") % said,
        max(0, limit - state.assist_paid) if state and limit is not None else None,
        rule.clauses,
        max(0, deductible - state.deductible_base) if state and deductible else None,
    )


def _places(rule: AssistanceRule | OutOfCatalogueRule) -> str:
    services = "、".join(SERVICES[code] for code in rule.services)
    if len(rule.locations) == len(LOCATIONS):
        return services
    return f"{services}（{'、'.join(LOCATIONS[code] for code in rule.locations)}）"


def _outside(rule: OutOfCatalogueRule) -> Tier:
    said = {"where": _places(rule), "ratio": format_ratio(rule.ratio)}
    return Tier(rule.name, _("%(where)s：目录外费用支付 %(ratio)s") % said, None, rule.clauses)


def _top_up(table: YearTable, top_up: TopUp, state: State | None) -> Tier:
    limit = top_up.limit.resolve(table.parameters, table.document.policy, table.year)
    ways = {
        "automatic": _("自动计算"),
        "on_application": _("依申请，按公式计算"),
        "decided": _("依申请，由会商确定金额"),
    }
    said = {"way": ways[top_up.mode], "limit": table.working(top_up.limit)}
    if top_up.mode == "automatic":
        words = _("%(way)s：超过%(threshold)s的部分支付 %(ratio)s，年度限额 %(limit)s")
        said |= {"threshold": table.working(top_up.threshold), "ratio": format_ratio(top_up.ratio)}
    else:
        words = _("%(way)s，年度限额 %(limit)s")
    left = max(0, limit - state.topup_paid) if state and limit is not None else None
    return Tier(_("倾斜救助"), words % said, left, top_up.clauses)


def _quotes(document: Document, found: Entitlement) -> dict[str, str]:
    """Text of every clause that is named, by ID."""
    named: dict[str, Any] = {}
    for standing in found.standings:
        named |= dict.fromkeys(standing.clauses)
        for tier in standing.tiers:
            named |= dict.fromkeys(tier.clauses)
    for tier in found.basis:
        named |= dict.fromkeys(tier.clauses)
    for _name, _text, clauses in found.duties:
        named |= dict.fromkeys(clauses)
    known = document.clauses
    return {key: f"{known[key].article} {known[key].text}".strip() for key in named if key in known}
