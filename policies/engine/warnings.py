"""Warning lines of a day: who is over one, who approaches one, and how far everyone is from each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from .codes import CATEGORY_LABELS, category_label
from .document import Document, WarningRule, Warnings
from .errors import NotGoverned
from .lines import Line
from .measures import MEASURE_LABELS
from .money import format_yuan
from .settlement import Spell
from .table import Rules, describe_parameter

KIND_LABELS = {"illness_poverty": "因病致贫", "relapse": "因病返贫"}
OTHERS_LABELS = {"rural": "其他农村居民", "insured": "其他参保人员"}
# A person at this share of a line is shown to the bureau before the line is crossed (our own addition).
APPROACHING_TENTHS = 8


@dataclass(frozen=True, slots=True)
class WarningLine:
    """One line in fen, in a form from which a set-based scan can be written.

    Over the line: measure ≥ `over_from`; approaching: measure ≥ `near_from` (both whole fen, exact). It applies to who
    holds a category of `categories` on the day (`earlier_too`: or ever began one by then); with `others` it applies
    to who no line with categories applies to: `rural` residents, or all `insured`.
    """

    kind: str
    categories: tuple[str, ...]
    earlier_too: bool
    others: str
    inclusive: bool
    line: int
    clauses: tuple[str, ...]
    text: str
    mark: str

    @property
    def over_from(self) -> int:
        return self.line if self.inclusive else self.line + 1

    @property
    def near_from(self) -> int:
        return -(-self.line * APPROACHING_TENTHS // 10)

    def names(self, held: Collection[str], ever: Collection[str]) -> bool:
        """Whether one of its categories is held (or, where that counts, was held)."""
        return any(code in held or (self.earlier_too and code in ever) for code in self.categories)


@dataclass(frozen=True, slots=True)
class Warned:
    """A person over a line, or approaching one. `measure` and `line` in fen."""

    kind: str
    measure: int
    line: int
    approaching: bool
    rule: WarningLine


@dataclass(frozen=True)
class WarningTable:
    """The lines of a policy on a day. `measure` names the yearly sum that is compared (see `Measures`)."""

    document: Document
    warnings: Warnings
    day: date
    lines: tuple[WarningLine, ...]

    @property
    def measure(self) -> str:
        return self.warnings.measure

    def applicable(self, held: Collection[str], ever: Collection[str], rural: bool) -> list[WarningLine]:
        """The lines that apply to a person: those that name a category, else those for all others."""
        named = [line for line in self.lines if line.names(held, ever)]
        if named:
            return named
        return [line for line in self.lines if line.others == "insured" or (line.others == "rural" and rural)]

    def assess(self, measure: int, held: Collection[str], ever: Collection[str], rural: bool) -> Warned | None:
        """The one warning of a person, or None.

        `measure` fen of the year to date; `held` categories valid on the day; `ever` categories begun by then. Over
        two lines the higher counts; under all, the lowest is the one that is approached.
        """
        lines = self.applicable(held, ever, rural)
        over = [line for line in lines if measure >= line.over_from]
        if over:
            highest = max(over, key=lambda line: line.line)
            return Warned(highest.kind, measure, highest.line, False, highest)
        if not lines:
            return None
        lowest = min(lines, key=lambda line: line.line)
        if measure < lowest.near_from:
            return None
        return Warned(lowest.kind, measure, lowest.line, True, lowest)

    def explain(self, measure: int, held: Collection[str], ever: Collection[str], rural: bool) -> list[Line]:
        """Every line and the distance to it: why a person is, or is not, on the list."""
        clauses = self.warnings.clauses
        label = f"{MEASURE_LABELS[self.measure]}（{self.day.year}年1月1日至{self.day}累计）"
        reading = "".join(r.text for r in self.document.readings_of(clauses))
        shown = [Line("measure", label, "本年各次费用之和", measure, clauses, reading)]
        applicable = self.applicable(held, ever, rural)
        for line in self.lines:
            formula = _distance(line, measure) if line in applicable else _not_applicable(line)
            label = f"{KIND_LABELS[line.kind]}线：{line.text}"
            marks = (line.mark,) if line.mark else ()
            shown.append(Line(f"line_{line.kind}", label, formula, line.line, line.clauses, marks=marks))
        return [*shown, self._verdict(self.assess(measure, held, ever, rural))]

    def _verdict(self, found: Warned | None) -> Line:
        if found is None:
            return Line("verdict", "结论", "不在预警名单中", None, self.warnings.clauses)
        state = "接近预警线（只提示经办机构，不推送）" if found.approaching else "列入预警名单"
        return Line("verdict", "结论", f"{KIND_LABELS[found.kind]}：{state}", None, found.rule.clauses)


def warning_table(rules: Rules, day: date) -> WarningTable:
    """The lines in force on a day. Raises NoVersion, NotGoverned, MissingParameter."""
    document = rules.document_on(day)
    found = document.warnings
    if found is None:
        raise NotGoverned(f"政策文件 {document.key} 没有规定因病致贫、因病返贫预警线")
    return WarningTable(document, found, day, tuple(_line(rules, rule, day.year) for rule in found.lines))


def _line(rules: Rules, rule: WarningRule, year: int) -> WarningLine:
    parameter = rule.line.parameter(rules.parameters, rules.policy, year)
    return WarningLine(
        kind=rule.kind,
        categories=rule.who,
        earlier_too=rule.earlier_too,
        others=rule.others,
        inclusive=rule.inclusive,
        line=rule.line.resolve(rules.parameters, rules.policy, year) or 0,
        clauses=rule.clauses,
        text=f"{'达到' if rule.inclusive else '超过'} {rule.line.working(rules.parameters, rules.policy, year)}",
        mark=describe_parameter(parameter, rule.line) if parameter else "",
    )


def held_on(day: date, spells: Iterable[Spell]) -> tuple[set[str], set[str]]:
    """Categories valid on the day, and categories begun by then."""
    spells = list(spells)
    return {s.category for s in spells if s.covers(day)}, {s.category for s in spells if s.valid_from <= day}


def warnings_of(rules: Rules, day: date, measure: int, spells: Iterable[Spell], rural: bool) -> Warned | None:
    """The warning of one person on a day, from the yearly measure up to then (fen)."""
    return warning_table(rules, day).assess(measure, *held_on(day, spells), rural)


def _distance(line: WarningLine, measure: int) -> str:
    if measure >= line.over_from:
        return f"{format_yuan(measure)} 已{'达到' if line.inclusive else '超过'} {format_yuan(line.line)}"
    left = format_yuan(line.over_from - measure)
    near = "，已到八成" if measure >= line.near_from else ""
    return f"{format_yuan(measure)} 距 {format_yuan(line.line)} 还差 {left}{near}"


def _not_applicable(line: WarningLine) -> str:
    if line.others:
        return f"只适用于{OTHERS_LABELS[line.others]}，此人不属于"
    who = "、".join(category_label(code) for code in CATEGORY_LABELS if code in line.categories)
    return f"只适用于{who}，此人不属于"
