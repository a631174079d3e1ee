"""Why a person is, or is not, on the list of warnings: the year's burden and the distance to every line."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from beneficiaries.designations.selectors import counts, in_force, said
from beneficiaries.models import Designation, Person
from claims.models import PersonYear
from monitoring.lines import Ruling, lines_on
from monitoring.selectors import categories_on
from policies.engine.errors import EngineError


@dataclass(frozen=True)
class Why:
    """`lines` for components/statement.html; `problem` instead of them where no line can be read."""

    day: date
    lines: tuple[dict[str, Any], ...] = ()
    problem: str = ""


def why(user: User, person: Person, day: date) -> Why:
    """The sum of the year to date beside every line of the policy in force, those that do not apply too.

    Empty for who may not read the person's burden. Five queries.
    """
    ruling, problem = _ruling(person, day)
    if ruling is None:
        return Why(day, problem=problem)
    measure = _measure(user, person, day.year)
    held, ever = _held(person, day)
    quotes = ruling.table.document.clauses
    lines = tuple({"label": _("视同类别"), "formula": said(one), "amount": None} for one in _named(person, day))
    lines += tuple(
        {
            "label": line.label,
            "formula": line.formula,
            "amount": line.amount,
            "clause": line.clause,
            "reading": line.reading,
            "marks": line.marks,
            "quote": "".join(quotes[key].text for key in line.clauses if key in quotes),
            "strong": line.step == "verdict",
        }
        for line in ruling.table.explain(measure, held, ever, person.rural)
    )
    return Why(day, lines)


def nearest(user: User, person: Person, day: date) -> tuple[int, list[tuple[str, int]]] | None:
    """The year's sum and the lines that count for the person, for the burden bar; None where there are none."""
    ruling, _problem = _ruling(person, day)
    if ruling is None:
        return None
    lines = ruling.table.applicable(*_held(person, day), person.rural)
    shown = [(_("因病致贫线") if line.kind == "illness_poverty" else _("因病返贫线"), line.line) for line in lines]
    return (_measure(user, person, day.year), shown) if shown else None


def _held(person: Person, day: date) -> tuple[set[str], set[str]]:
    """Valid on the day, and begun by then; from the page's own reading of the person where there is one."""
    spells = getattr(person, "history", None)
    if spells is None:
        return categories_on(person.pk, day)
    counted = [one for spell in spells if spell.known_to is None for one in counts(spell)]
    known = [one for one in counted if one.first <= day]
    return {one.category for one in known if one.last is None or one.last >= day}, {one.category for one in known}


def _named(person: Person, day: date) -> list[Designation]:
    """By whose word a category of the day counts as another (S1-01), of the page's own reading."""
    spells = getattr(person, "history", None) or ()
    return [one for spell in spells if spell.known_to is None for one in in_force(spell, day)]


def _ruling(person: Person, day: date) -> tuple[Ruling | None, str]:
    try:
        found = lines_on(person.region_id, day)
    except EngineError as error:
        return None, str(error)
    return found, "" if found else _("%(day)s 当地政策没有规定预警线") % {"day": day}


def _measure(user: User, person: Person, year: int) -> int:
    return user.visible(PersonYear).filter(person=person, year=year).values_list("measure", flat=True).first() or 0
