"""What enrolment adds to a person's page: the tab 参保, entries of the timeline, lines of the summary."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.models import User
from accounts.rows import rebuilt
from accounts.templatetags.tuodi import yuan
from accounts.workdays import Workdays
from beneficiaries.designations.selectors import counts, said
from beneficiaries.enrolment import law, selectors
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.models import Contribution, Enrolment, Insurance
from beneficiaries.enrolment.of_person import beside
from beneficiaries.enrolment.trace import Ground, Step, culprit, trace
from beneficiaries.models import CategorySpell, Person
from beneficiaries.panels import Panel
from policies.engine.lines import Line
from policies.engine.settlement import Spell
from policies.engine.subsidy import held_in
from policies.sayings import category_label, statement_line


def explain(person: Person, row: Enrolment) -> tuple[list[dict[str, Any]], str]:
    """The working of a year's subsidy, line by line, from today's facts; or why there is none.

    `person.history` holds all spells of the person.
    """
    try:
        table = law.subsidies_now(person.region_id, row.year)
    except EnrolmentError as error:
        return [], str(error)
    known = [spell for spell in person.history if spell.known_to is None]  # type: ignore[attr-defined]
    held = [Spell(one.category, one.first, one.last) for spell in known for one in counts(spell)]
    clauses = table.document.clauses
    lines = [_line(line, clauses) for line in table.of(held_in(row.year, held), row.exempt).lines]
    lines = [*_by_county(known, row), *lines]
    if row.group:
        formula = _("%(name)s（%(why)s）：每人 %(amount)s 元，高于上列资助，就高不就低") % {
            "name": row.group.name,
            "why": row.group.reason,
            "amount": yuan(row.group.amount),
        }
        amount = row.fund + row.county_finance
        lines.append({"label": _("临时资助"), "formula": formula, "amount": amount, "clause": "S2-02"})
    return lines, ""


def _by_county(known: list[CategorySpell], row: Enrolment) -> list[dict[str, Any]]:
    """By whose word the person has the deciding category (S1-01); nothing where a department certified it."""
    if any(spell.category == row.category for spell in known):
        return []
    named = [one for spell in known for one in spell.named]  # type: ignore[attr-defined] - they come with the history
    return [
        {"label": _("视同类别"), "formula": said(one), "amount": None}
        for one in named
        if one.treated_as == row.category
    ]


def _line(line: Line, clauses: dict[str, Any]) -> dict[str, Any]:
    """A line of the engine as components/statement.html shows it, with the words of its clauses."""
    words = "\n".join(clauses[one].text for one in line.clauses if one in clauses)
    return {**statement_line(line), "quote": words}


def category_of(row: Enrolment) -> str:
    """The deciding category in words."""
    if row.group_id:
        return _("临时资助人群")
    return category_label(row.category) if row.category not in ("", "none") else _("无资助身份")


def _context(user: User, person: Person) -> dict[str, Any]:
    years = selectors.years_of(person)
    newest = years[0] if years else None
    lines, why_none = explain(person, newest) if newest and newest.insurance == Insurance.RESIDENT else ([], "")
    of_year = newest.year if newest else timezone.localdate().year
    payments = list(person.contributions.select_related("source"))
    found = beside(person, of_year)
    steps = _trace(person, of_year, years, payments, found.window_to)
    uninsured = newest is None or not newest.is_covered
    return {
        "rows": [(row, category_of(row)) for row in years],
        "newest": newest,
        "lines": lines,
        "why_none": why_none,
        "steps": steps,
        "trace_year": of_year,
        "why": culprit(steps) if uninsured else None,
        "uninsured": uninsured,
        "payments": payments[:50],
        "coverages": found.coverages,
        "marks": found.marks,
        "cases": found.cases,
        "mismatches": found.mismatches,
        "acts": _acts(person) if user.may(Act.ENROLMENT_WRITE) else [],
    }


def _trace(
    person: Any, year: int, years: Sequence[Enrolment], payments: list[Contribution], window_to: date | None
) -> list[Step]:
    """The trace of what the page has read already."""
    person.trace_spells = [spell for spell in person.history if spell.known_to is None]
    person.trace_rows = years
    person.trace_payments = [one for one in payments if one.kind == Contribution.Kind.PAYMENT]
    document = law.document_of_year(person.region_id, year)
    return trace(person, year, Ground(document, Workdays.load(), window_to, timezone.localdate()))


def _acts(person: Person) -> list[tuple[Any, str]]:
    words = {
        "enrol": _("登记参保"),
        "transfer": _("办理转移"),
        "pay": _("记录代缴退费"),
        "exempt": _("政策免缴"),
        "mark": _("标记"),
        "interruption": _("列入中断风险"),
    }
    return [(label, reverse("enrolment:act", args=[person.pk, act])) for act, label in words.items()]


def _timeline(user: User, person: Person) -> Sequence[dict[str, Any]]:
    found = rebuilt(Contribution, person.paid)  # type: ignore[attr-defined] - the page's query brings it
    return [
        {
            "day": one.paid_on,
            "icon": "shield-check",
            "text": _("%(year)s 年参保%(kind)s") % {"year": one.year, "kind": one.get_kind_display()},
            "amount": one.amount if one.kind == Contribution.Kind.PAYMENT else -one.amount,
            "who": one.payer_name or str(one.get_payer_display()),
            "url": reverse("beneficiaries:person_tab", args=[person.pk, "enrolment"]),
        }
        for one in found
    ]


def _summary(user: User, person: Person) -> Sequence[dict[str, Any]]:
    row = person.insured  # type: ignore[attr-defined] - the page's query brings it (`selectors.insured`)
    url = reverse("beneficiaries:person_tab", args=[person.pk, "enrolment"])
    if row is None:
        return [{"label": _("参保"), "value": _("未登记参保"), "kind": "badge", "tone": "due", "url": url}]
    words = f"{row['year']} {Insurance(row['insurance']).label}"
    if not row["covered"]:
        words += _("，应缴未缴") if row["insurance"] == Insurance.RESIDENT else ""
    return [
        {"label": _("参保"), "value": words, "kind": "badge", "tone": "done" if row["covered"] else "due", "url": url}
    ]


ENROLMENT = Panel(
    key="enrolment",
    label=gettext_lazy("参保"),
    act=Act.ENROLMENT_READ,
    order=15,
    template="enrolment/person_panel.html",
    context=_context,
    timeline=_timeline,
    summary=_summary,
)
