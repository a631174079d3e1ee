"""Why a person is, or is not, on the list of warnings: the year's burden and the distance to every line."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from beneficiaries.designations.selectors import counts, in_force, said
from beneficiaries.models import Designation, Person
from claims.models import PersonYear
from monitoring.lines import Ruling, first_known
from monitoring.selectors import categories_on
from policies import selectors as law
from policies.engine.errors import EngineError
from policies.sayings import statement_line

YEARS_BACK = 3


@dataclass(frozen=True)
class Why:
    """`lines` for components/statement.html; `problem` instead of them where no line can be read.

    `day` is the last one of an earlier year where the figures of `asked` are not known yet.
    """

    day: date
    lines: tuple[dict[str, Any], ...] = ()
    problem: str = ""
    asked: date | None = None

    @property
    def is_earlier(self) -> bool:
        return self.asked is not None and self.day.year < self.asked.year


@dataclass(frozen=True)
class Nearest:
    """The sum of the year of `day` and the lines that count for the person, for the burden bar."""

    day: date
    amount: int
    lines: list[tuple[str, int]]


def why(user: User, person: Person, day: date) -> Why:
    """The sum of the year to date beside every line of the policy in force, those that do not apply too.

    Before the year's figures are known, that of the last year in which the person had claims. Empty for who may not
    read the person's burden. Five queries.
    """
    ruling, shown, measure, problem = _read(user, person, day)
    if ruling is None:
        return Why(day, problem=problem)
    held, ever = _held(person, shown)
    quotes = ruling.table.document.clauses
    lines = tuple({"label": _("视同类别"), "formula": said(one), "amount": None} for one in _named(person, shown))
    lines += tuple(
        {
            **statement_line(line),
            "quote": "".join(quotes[key].text for key in line.clauses if key in quotes),
            "strong": line.step == "verdict",
        }
        for line in ruling.table.explain(measure, held, ever, person.rural)
    )
    return Why(shown, lines, asked=day)


def nearest(user: User, person: Person, day: date) -> Nearest | None:
    """As `why`; None where no line counts for the person. Three queries."""
    ruling, shown, measure, _problem = _read(user, person, day)
    if ruling is None:
        return None
    lines = ruling.table.applicable(*_held(person, shown), person.rural)
    found = [(_("因病致贫线") if line.kind == "illness_poverty" else _("因病返贫线"), line.line) for line in lines]
    return Nearest(shown, measure, found) if found else None


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


def _read(user: User, person: Person, day: date) -> tuple[Ruling | None, date, int, str]:
    """The lines, the day that they are of, the year's sum; or why there are none."""
    version = law.version_on(person.region_id, day)
    nothing = _("%(day)s 当地政策没有规定预警线") % {"day": day}
    if version is None:
        return None, day, 0, nothing
    mine = user.visible(PersonYear).filter(person=person, year__range=(day.year - YEARS_BACK, day.year))
    sums = dict(mine.values_list("year", "measure"))
    years = sorted(range(day.year - YEARS_BACK, day.year), key=lambda year: (year in sums, year), reverse=True)
    earlier = [date(year, 12, 31) for year in years if date(year, 12, 31) >= version.validity.lower]
    try:
        ruling, shown = first_known(version, [day, *earlier])
    except EngineError as error:
        return None, day, 0, str(error)
    return ruling, shown, sums.get(shown.year, 0), "" if ruling else nothing
