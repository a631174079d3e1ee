"""The statement of a settled claim (一单制结算单): the engine's working, told again from the stored steps.

Nothing is settled here. Version and figures never change, nor does the stored trace: the same words come out for ever.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from claims.facts import Fact, Outcome, fact_of, facts_of, unflat
from claims.models import Claim, Settlement
from policies import selectors as law
from policies.engine import settlement as engine
from policies.engine.chain import Facts, State, Steps
from policies.engine.codes import mask_of
from policies.engine.document import Clause, Document, Reading
from policies.engine.lines import Line
from policies.engine.table import YearTable
from policies.sayings import said

# Facts of the working, and the line that a clerk looks for first.
STRONG = ("cii", "assistance", "out_of_catalogue", "top_up")


@dataclass(frozen=True)
class Entry:
    """One line of a statement; `amount` in fen, None where the line states a fact."""

    label: str
    formula: str
    amount: int | None
    clauses: tuple[str, ...] = ()
    reading: str = ""
    marks: tuple[str, ...] = ()
    strong: bool = False

    @property
    def refs(self) -> tuple[str, ...]:
        return self.clauses

    @property
    def clause(self) -> str:
        return "、".join(self.clauses)


@dataclass(frozen=True)
class QuotedClause:
    """A clause that the statement cites, with how it is read."""

    clause: Clause
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Statement:
    """A claim's statement: lines that read downwards like a sum, and the law that they cite."""

    document: Document
    lines: list[Entry]
    left: Entry
    category: str
    quotes: list[QuotedClause]


def of_settlement(settlement: Settlement, claim: Claim, categories: Sequence[str]) -> Statement:
    """The statement of a stored settlement, of the facts as the claim had them then: at most one query.

    `categories`: those of the spells that were valid on the day.
    """
    claim = _as_then(claim, settlement)
    table = law.table_of(settlement.version, settlement.figures_id, claim.settled_on.year)
    facts = facts_of(fact_of(claim), mask_of(tuple(categories)), mask_of(tuple(settlement.approved)))
    return _statement(table, claim, facts, State(*settlement.before), unflat(settlement.steps))


def _as_then(claim: Claim, settlement: Settlement) -> Claim:
    """The claim with the facts that the settlement was made of (`EarlierFacts` keeps what was replaced since)."""
    since = [one for one in claim.earlier_facts.all() if one.replaced_at > settlement.settled_at]
    if not since:
        return claim
    then = copy(claim)
    for name, value in min(since, key=lambda one: (one.replaced_at, one.pk)).facts.items():
        setattr(then, name, parse_date(value) if name == "settled_on" else value)
    return then


def of_outcome(outcome: Outcome) -> Statement:
    """The statement of a preview."""
    return _statement(outcome.ruling.table, outcome.fact, outcome.facts, outcome.before, outcome.steps)


def _statement(table: YearTable, claim: Claim | Fact, facts: Facts, before: State, steps: Steps) -> Statement:
    settled = engine.Settlement(table, _quoted(claim), before, facts, steps)
    lines = settled.lines
    entries = [_entry(line) for line in lines]
    return Statement(
        document=table.document,
        lines=[_head(claim.total), *entries[:-1]],
        left=entries[-1],
        category=settled.category,
        quotes=_quotes(table.document, lines),
    )


def _quoted(claim: Claim | Fact) -> engine.Claim:
    """What the working quotes of a claim (a stored one or one being typed)."""
    get = {name: getattr(claim, name) for name in engine.Claim.__slots__ if name != "given_cii"}
    return engine.Claim(**get, given_cii=claim.given_cii)


def _head(total: int) -> Entry:
    """What it cost, before anyone pays."""
    return Entry(_("医疗费总额"), "", total)


def _entry(line: Line) -> Entry:
    return Entry(
        said(line.label),
        said(line.formula),
        line.amount,
        line.clauses,
        line.reading,
        tuple(said(mark) for mark in line.marks),
        strong=line.step in STRONG,
    )


def _quotes(document: Document, lines: Iterable[Line]) -> list[QuotedClause]:
    cited = dict.fromkeys(clause for line in lines for clause in line.clauses)
    return [QuotedClause(document.clauses[one], document.readings_of((one,))) for one in cited]
