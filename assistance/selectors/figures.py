"""The figures of a check: costs and measures from the person's claims, what was granted, what the law makes of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from assistance.models import Application, Decision, HouseholdMember, Income, Referral
from assistance.selectors import rules
from assistance.vocabulary import Kind
from claims.models import Claim, PersonYear
from policies import selectors as law
from policies.engine import (
    Household,
    Line,
    Measures,
    NeedResult,
    NotGoverned,
    entitlement_of,
    months_of,
    need_test,
)
from policies.engine.money import format_yuan

NOW = Q(settlements__superseded_at=None)


@dataclass(frozen=True)
class Facts:
    """What the checker found out at the household, beside the economy rows."""

    locally_registered: bool
    seriously_ill: bool
    property_within_rules: bool
    other_costs: int = 0


@dataclass(frozen=True)
class Working:
    """A check as it would be stored now; money in fen. `problem` says why the test could not be computed."""

    persons: int
    income: int
    costs: int
    other_costs: int
    first: date | None
    last: date | None
    categories: frozenset[str]
    test: NeedResult | None
    lines: tuple[Line, ...]
    entitled: int | None
    burden: int
    granted: int
    problem: str = ""
    measures: Measures = field(default_factory=Measures)


def work_out(application: Application, facts: Facts) -> Working:
    """The S1-02 test with every leg and the entitlement by the application's clause. Raises EngineError when a
    figure of the law is missing; where the law has no such test or formula, that is said."""
    members = list(HouseholdMember.objects.filter(application=application).values_list("person_id", flat=True))
    # Two files of one person may have been merged since both were entered: they are one head.
    known = {pk for pk in members if pk}
    heads = max(1, len(known) + members.count(None))
    income = sum(row.counted for row in Income.objects.filter(application=application))
    held = rules.held_on(application.person_id, application.applied_on)
    ruling = rules.rules_of(application.version)
    problem, test, first, last, costs = "", None, None, None, 0
    try:
        first, last = months_of(ruling, application.applied_on)
    except NotGoverned as error:
        problem = str(error)
    else:
        costs = costs_of(known, first, last)
        home = Household(
            persons=heads,
            income=income,
            costs_borne=costs + facts.other_costs,
            locally_registered=facts.locally_registered,
            seriously_ill=facts.seriously_ill,
            property_within_rules=facts.property_within_rules,
            categories=held,
        )
        test = need_test(ruling, application.applied_on, home)
    measures = measures_in(application.person_id, application.applied_on.year)
    granted = granted_in(application.person_id, application.applied_on.year, application.clauses)
    lines, entitled = _entitlement(application, ruling, measures, held, granted)
    return Working(
        persons=heads,
        income=income,
        costs=costs,
        other_costs=facts.other_costs,
        first=first,
        last=last,
        categories=held,
        test=test,
        lines=lines,
        entitled=entitled,
        burden=measures.personal_burden,
        granted=granted,
        problem=problem,
        measures=measures,
    )


# --- what the claims say ------------------------------------------------------------------------------------------
def costs_of(person_ids: Iterable[int], first: date, last: date) -> int:
    """What these persons bore themselves of the claims settled in the months, in fen: one query."""
    found = Claim.objects.filter(NOW, person_id__in=list(person_ids), settled_on__gte=first, settled_on__lte=last)
    return found.aggregate(sum=Sum("settlements__personal_burden"))["sum"] or 0


def measures_in(person_id: int, year: int) -> Measures:
    """The sums of a person's year by service, as the engine adds them up (policies.engine.measures): one query."""
    rows = (
        Claim.objects.filter(NOW, person_id=person_id, settled_on__year=year)
        .order_by()
        .values("service")
        .annotate(
            all=Sum("total"),
            scope=Sum("in_scope"),
            basic=Sum("basic_paid"),
            cii=Sum("settlements__cii_paid"),
            help=Sum("settlements__assistance"),
            burden=Sum("settlements__personal_burden"),
            left=Sum("settlements__in_scope_burden"),
        )
    )
    found = Measures()
    for row in rows:
        found += Measures(
            personal_burden=row["burden"],
            total_after_insurance=row["all"] - row["basic"] - row["cii"],
            in_scope_after_insurance=row["scope"] - row["basic"] - row["cii"],
            in_scope_burden=row["left"],
            **{
                f"in_scope_{row['service']}": row["scope"],
                f"paid_{row['service']}": row["basic"] + row["cii"] + row["help"],
            },
        )
    return found


def granted_in(person_id: int, year: int, clauses: Iterable[str]) -> int:
    """Fen granted to the person under these clauses for applications of the year: one query."""
    found = Decision.objects.filter(
        application__person_id=person_id,
        application__applied_on__year=year,
        outcome=Decision.Outcome.APPROVED,
        clauses__overlap=list(clauses),
    )
    return found.aggregate(sum=Sum("amount"))["sum"] or 0


def left_of(application: Application) -> int:
    """What is left to the person of the year's costs, fen: after the three tiers, what applications of the year
    granted and what earlier referrals brought; never below zero: three queries."""
    year = application.applied_on.year
    mine = Application.objects.filter(person_id=application.person_id, applied_on__year=year)
    granted = Decision.objects.filter(application__in=mine).aggregate(sum=Sum("amount"))["sum"] or 0
    brought = Referral.objects.filter(application__in=mine).aggregate(sum=Sum("amount"))["sum"] or 0
    return max(0, measures_in(application.person_id, year).personal_burden - granted - brought)


# --- what the law makes of it -------------------------------------------------------------------------------------
def _entitlement(
    application: Application, ruling: Any, measures: Measures, held: frozenset[str], granted: int
) -> tuple[tuple[Line, ...], int | None]:
    clauses = tuple(application.clauses)
    reading = "".join(one.text for one in law.document_of(application.version).readings_of(clauses))

    def line(label: str, formula: str, amount: int | None) -> Line:
        return Line("entitlement", label, formula, amount, clauses, reading)

    if application.kind == Kind.ELIGIBILITY:
        return (line(_("救助资格"), _("批准后自起始日起直接结算，申请本身不产生支付"), None),), None
    burden = line(_("三重制度后的个人负担"), _("本年已结算费用合计"), measures.personal_burden)
    before = line(_("本年已核定"), _("同一条款下已批准的金额"), granted)
    if application.kind == Kind.CASE:
        return (burden, before, line(_("可核定金额"), _("由会商议定，须写明理由"), None)), None
    try:
        found = entitlement_of(ruling, application.applied_on, measures, held, granted, _assist_paid(application))
        return found.lines, found.amount
    except NotGoverned:
        # The clause grants help without a formula ("给予相应救助"): never more than what the person bears in scope.
        amount = max(0, measures.in_scope_burden - granted)
        formula = _("原文未定公式，以政策范围内个人负担为限：%(burden)s − %(granted)s") % {
            "burden": format_yuan(measures.in_scope_burden),
            "granted": format_yuan(granted),
        }
        if not any(code in held for code in rules.kind_of(application).who):
            amount, formula = 0, _("此人不属于这一条款的适用人员")
        return (burden, before, line(_("可核定金额"), formula, amount)), amount


def _assist_paid(application: Application) -> int:
    """Ordinary assistance of the year, for a limit that includes it."""
    state = PersonYear.objects.filter(person_id=application.person_id, year=application.applied_on.year).values_list(
        "state", flat=True
    )
    return int((state.first() or {}).get("assist_paid", 0))


def limit_now(application: Application) -> int | None:
    """The most that the rule allows at this moment, fen: another application may have been granted since the check.
    None where the panel decides or nothing is paid. Raises EngineError."""
    ruling = rules.rules_of(application.version)
    held = rules.held_on(application.person_id, application.applied_on)
    measures = measures_in(application.person_id, application.applied_on.year)
    granted = granted_in(application.person_id, application.applied_on.year, application.clauses)
    return _entitlement(application, ruling, measures, held, granted)[1]


def panel_line(application: Application) -> int | None:
    """Fen above which the amount goes to the panel first; None where the document names no such amount."""
    figure = rules.kind_of(application).panel_above
    if figure is None:
        return None
    parameters = rules.rules_of(application.version).parameters
    return figure.resolve(parameters, application.version.policy, application.applied_on.year)
