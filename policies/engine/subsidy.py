"""Who pays the yearly contribution of a person: fund, county finance, the person; the highest subsidy, once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from .chain import share
from .codes import CATEGORY_CODES, NONE, category_label
from .document import Document, Subsidy, SubsidyRule
from .errors import NotGoverned, NoVersion
from .lines import Line
from .money import format_ratio, format_yuan
from .settlement import Spell
from .table import Rules, describe_parameter

PAYER_LABELS = {"fund": "医疗救助基金", "county_finance": "县级财政", "person": "个人"}


@dataclass(frozen=True)
class SubsidyResult:
    """Amounts in fen; `category` is the code that decides, or `none`."""

    table: SubsidyTable
    category: str
    fund: int
    county_finance: int
    person: int
    rule: SubsidyRule | None
    considered: tuple[tuple[str, int], ...]
    exempt: bool

    @property
    def subsidy(self) -> int:
        return self.fund + self.county_finance

    @cached_property
    def lines(self) -> list[Line]:
        return _lines(self)


@dataclass(frozen=True)
class SubsidyTable:
    """One policy and year: `base` fen to share out, and for each category its rule."""

    document: Document
    subsidy: Subsidy
    year: int
    base: int
    mark: str
    rules: dict[str, SubsidyRule]

    def shares(self, category: str, exempt: bool) -> tuple[int, int, int]:
        """(fund, county finance, person) in fen under the rule of a category."""
        rule = self.rules[category]
        stated = rule.figure.fen if rule.figure.fen is not None else share(self.base, rule.figure.ratio or 0)
        stated = min(self.base, max(stated, rule.at_least.fen or 0))
        paid = {"fund": 0, "county_finance": 0, "person": 0, rule.payer: stated}
        rest = rule.rest if rule.rest != "exempt" else ("county_finance" if exempt else "person")
        paid[rest] += self.base - stated
        return paid["fund"], paid["county_finance"], paid["person"]

    def of(self, held: Collection[str], exempt: bool = False) -> SubsidyResult:
        """The subsidy of a person who held these categories on at least one day of the year."""
        best: tuple[int, int, int] = (0, 0, self.base)
        winner = NONE
        considered = []
        for category in CATEGORY_CODES:
            rule = self.rules.get(category)
            if rule is None or category not in held or any(other in held for other in rule.unless_also):
                continue
            shares = self.shares(category, exempt)
            considered.append((category, shares[0] + shares[1]))
            if winner == NONE or shares[0] + shares[1] > best[0] + best[1]:
                best, winner = shares, category
        rule = self.rules.get(winner)
        return SubsidyResult(self, winner, *best, rule=rule, considered=tuple(considered), exempt=exempt)


def subsidy_table(rules: Rules, year: int) -> SubsidyTable:
    """The subsidies of a policy in a year. Raises NoVersion, NotGoverned, MissingParameter."""
    document = _document_of(rules, year)
    found = document.subsidy
    if found is None:
        raise NotGoverned(f"政策文件 {document.key} 没有规定 {year} 年度的参保资助，请改用规定这一年度的政策文件")
    base = found.base.resolve(rules.parameters, rules.policy, year)
    parameter = found.base.parameter(rules.parameters, rules.policy, year)
    mark = describe_parameter(parameter, found.base) if parameter else ""
    in_year = [rule for rule in found.rules if rule.years[0] <= year <= rule.years[1]]
    by_category = {category: rule for rule in in_year for category in rule.who}
    return SubsidyTable(document, found, year, base or 0, mark, by_category)


def _document_of(rules: Rules, year: int) -> Document:
    """The version in force when the year begins, or the one that begins in it."""
    try:
        return rules.document_on(date(year, 1, 1))
    except NoVersion:
        return rules.document_on(date(year, 12, 31))


def held_in(year: int, spells: Iterable[Spell]) -> set[str]:
    """Categories held on at least one day of the year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return {s.category for s in spells if s.valid_from <= last and (s.valid_to is None or s.valid_to >= first)}


def subsidy_of(rules: Rules, year: int, spells: Iterable[Spell], exempt: bool = False) -> SubsidyResult:
    """The subsidy of one person and year. Raises NoVersion, NotGoverned, MissingParameter."""
    return subsidy_table(rules, year).of(held_in(year, spells), exempt)


def _lines(result: SubsidyResult) -> list[Line]:
    table, rule = result.table, result.rule
    clauses = table.subsidy.clauses
    base = Line("base", table.subsidy.base.text, f"{table.year}年度", table.base, clauses, marks=(table.mark,))
    if rule is None:
        formula = "本年度没有可以资助的身份，由个人缴纳"
        return [base, Line("person", "个人缴纳", formula, result.person, clauses)]
    shown = "；".join(f"{category_label(code)} 可得 {format_yuan(amount)}" for code, amount in result.considered)
    if len(result.considered) > 1:
        shown += f"；取资助最高的一类：{category_label(result.category)}"
    reading = "".join(r.text for r in table.document.readings_of(rule.clauses))
    lines = [base, Line("category", "资助身份（就高不就低）", shown, None, clauses)]
    paid = {"fund": result.fund, "county_finance": result.county_finance, "person": result.person}
    for payer, amount in paid.items():
        if amount or payer == "person":
            formula = _stated(rule, table) if payer == rule.payer else f"其余部分（{rule.name}）"
            lines.append(Line(payer, PAYER_LABELS[payer], formula, amount, rule.clauses, reading))
    return lines


def _stated(rule: SubsidyRule, table: SubsidyTable) -> str:
    if rule.figure.fen is not None:
        return f"{rule.name}：{rule.figure.text}，不超过缴费标准 {format_yuan(table.base)}"
    formula = f"{rule.name}：{format_yuan(table.base)} × {format_ratio(rule.figure.ratio or 0)}"
    return formula if rule.at_least.is_none else f"{formula}，不低于 {rule.at_least.text}"
