"""One case under the law of every region, side by side. Reads the law; writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from claims import statements
from claims.facts import Fact, Outcome, Ruling
from claims.settling import settle_fact
from claims.trials.texts import Figures
from policies import selectors as law
from policies.engine.chain import State
from policies.engine.codes import NONE, mask_of
from policies.engine.errors import EngineError
from policies.engine.table import compile_year
from policies.models import PolicyVersion
from policies.sayings import said

# Rows of the comparison: a key for the page's words, and where the amount stands.
ROWS = ("cii", "assistance", "outside", "top_up", "borne", "burden")


@dataclass(frozen=True)
class Side:
    """One region: the version in force on the day, and what the case comes to, or why it does not."""

    version: PolicyVersion
    statement: statements.Statement | None = None
    outcome: Outcome | None = None
    problem: str = ""
    elsewhere: bool = False  # assistance for this patient is governed by another document: not zero, but not known here

    @property
    def category(self) -> str:
        return self.outcome.category if self.outcome else ""

    def amount(self, name: str) -> int | None:
        """Fen by the name of ROWS; None where the version does not say."""
        if self.outcome is None or (self.elsewhere and name in ("assistance", "outside", "top_up")):
            return None
        steps = self.outcome.steps
        return {
            "cii": steps.cii.paid,
            "assistance": steps.assistance.paid,
            "outside": steps.outside,
            "top_up": steps.top_up.paid,
            "borne": steps.control.borne,
            "burden": steps.personal_burden,
        }[name]


def side_by_side(case: dict[str, Any], categories: Collection[str], approved: bool) -> list[Side]:
    """The case as the first claim of its year, for someone who holds `categories`, under each region's version.

    `case` has the fields of `claims.facts.Fact` that describe a bill; categories on application count when `approved`.
    """
    found = PolicyVersion.objects.filter(state__in=law.IN_FORCE, validity__contains=case["settled_on"])
    versions = found.select_related("region").defer("body").order_by("region_id")
    figures = Figures()
    valid = mask_of(tuple(categories))
    return [_side(version, case, categories, valid if approved else 0, figures) for version in versions]


def _side(
    version: PolicyVersion, case: dict[str, Any], categories: Collection[str], approved: int, figures: Figures
) -> Side:
    fact = Fact(
        pk=0,
        year_id=0,
        person_id=0,
        region_id=version.region_id,
        claim_no="",
        insurance="390",
        platform_cii=None,
        **case,
    )
    try:
        document = law.document_of(version)
        table = compile_year(document, case["settled_on"].year, figures.of(version.policy))
    except EngineError as error:
        return Side(version, problem=said(str(error)))
    valid = mask_of(tuple(categories))
    outcome = settle_fact(Ruling(version, 0, table, ""), fact, State(), valid, approved, [])
    elsewhere = document.assistance is None or (
        outcome.category == NONE and any(document.governed_elsewhere(one) for one in categories)
    )
    return Side(version, statements.of_outcome(outcome), outcome, elsewhere=elsewhere)
