"""A document of one year as one vector of integers for the chain, with the way back to the rules behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from . import chain as ch
from .book import Book
from .codes import CATEGORY_INDEX, LOCATION_INDEX, SERVICE_INDEX, mask_of
from .document import AssistanceRule, Document, OutOfCatalogueRule, Tilt
from .errors import EngineError, MissingParameter, NoVersion, ParameterError
from .figures import Figure, show
from .money import BASIS
from .parameters import Parameter, Parameters


@dataclass(frozen=True)
class YearTable:
    """One policy version in one calendar year: `values` for the chain, `rules` by (category, service, location)."""

    document: Document
    year: int
    parameters: Parameters
    values: list[int]
    rules: dict[tuple[int, int, int], AssistanceRule]
    out_rules: dict[tuple[int, int, int], OutOfCatalogueRule]
    tilts: dict[int, Tilt]
    _texts: dict[object, str] = field(default_factory=dict, compare=False)

    def working(self, figure: Figure) -> str:
        """The figure with the numbers of this year."""
        if figure.text not in self._texts:
            self._texts[figure.text] = figure.working(self.parameters, self.document.policy, self.year)
        return self._texts[figure.text]

    def mark(self, figure: Figure) -> tuple[str, ...]:
        """Statistical figures behind `figure`, with whether they are published or illustrative."""
        found = figure.parameter(self.parameters, self.document.policy, self.year)
        if found is None or figure.need is None:
            return ()
        return (describe_parameter(found, figure),)

    def reading(self, clauses: tuple[str, ...]) -> str:
        """The readings of the clauses, one after the other."""
        if clauses not in self._texts:
            self._texts[clauses] = "".join(reading.text for reading in self.document.readings_of(clauses))
        return self._texts[clauses]

    @cached_property
    def needs_year_end(self) -> bool:
        return self.values[ch.T_YEAR_END_SERVICE] >= 0


def describe_parameter(found: Parameter, figure: Figure) -> str:
    """`大病保险起付标准（2023年）14000.00元：示例，待替换`."""
    assert figure.need is not None  # noqa: S101 - only called for figures that are parameters
    value = found.number(figure.need)
    shown = "不设" if value is None else show(value, figure.need.unit)
    return f"{figure.need.label}（{found.year}年）{shown}：{found.status_label}"


def compile_year(document: Document, year: int, parameters: Parameters) -> YearTable:
    """Write the vector. Raises MissingParameter (naming all that are missing), ParameterError."""
    _check_figures(document, year, parameters)
    t = [-1] * ch.TABLE_SIZE
    table = YearTable(document, year, parameters, t, {}, {}, {})
    _write_head(table)
    _write_critical_illness(table)
    _write_control(table)
    _write_assistance(table)
    return table


def _check_figures(document: Document, year: int, parameters: Parameters) -> None:
    cii, found, top_up = document.critical_illness, document.assistance, document.top_up
    figures = [cii.deductible, cii.ratio, cii.cap]
    for rule in found.rules if found else ():
        if _applies(rule.valid, year):
            figures += [rule.deductible, rule.limit, rule.major_limit]
    if top_up is not None and top_up.mode == "automatic":
        figures += [top_up.threshold, top_up.limit]
    missing: dict[tuple[str, int, str], None] = {}
    for figure in figures:
        try:
            figure.parameter(parameters, document.policy, year)
        except MissingParameter as error:
            missing.update(dict.fromkeys(error.missing))
    if missing:
        raise MissingParameter(document.policy, *missing)


def _number(table: YearTable, figure: Figure) -> int:
    value = figure.resolve(table.parameters, table.document.policy, table.year)
    return -1 if value is None else value


def _write_head(table: YearTable) -> None:
    t, document = table.values, table.document
    order = [CATEGORY_INDEX[code] for code in document.categories.order]
    t[ch.T_CANDIDATE_COUNT] = len(order)
    t[ch.T_ORDER : ch.T_ORDER + len(order)] = order
    t[ch.T_NAMED_MASK] = mask_of(document.categories.order)
    t[ch.T_APPLICATION_MASK] = mask_of(document.categories.on_application)
    top_up = document.top_up
    if top_up is not None and top_up.mode == "automatic":
        t[ch.T_TOP_UP_THRESHOLD] = _number(table, top_up.threshold)
        t[ch.T_TOP_UP_RATIO] = top_up.ratio
        t[ch.T_TOP_UP_LIMIT] = _number(table, top_up.limit)
    for category in range(ch.CATEGORY_COUNT):
        t[ch.T_CATEGORY + category * ch.CATEGORY_STRIDE + ch.K_TOP_UP] = 0
    if top_up is not None and top_up.mode == "automatic":
        for code in top_up.who:
            t[ch.T_CATEGORY + CATEGORY_INDEX[code] * ch.CATEGORY_STRIDE + ch.K_TOP_UP] = 1


def _write_critical_illness(table: YearTable) -> None:
    t, rule = table.values, table.document.critical_illness
    deductible = _number(table, rule.deductible)
    ratio = _number(table, rule.ratio)
    cap = _number(table, rule.cap)
    for tilt in rule.tilts:
        for code in tilt.who:
            table.tilts[CATEGORY_INDEX[code]] = tilt
    for category in range(ch.CATEGORY_COUNT):
        at = ch.T_CATEGORY + category * ch.CATEGORY_STRIDE
        better = table.tilts.get(category)
        raised = ratio + (better.points if better else 0)
        if raised > BASIS:
            raise ParameterError(
                f"{table.document.key} {table.year} 年度大病保险倾斜后的支付比例超过100%，请核对参数和政策文件"
            )
        t[at + ch.K_CII_DEDUCTIBLE] = ch.share(deductible, BASIS - better.reduction) if better else deductible
        t[at + ch.K_CII_RATIO] = raised
        t[at + ch.K_CII_CAP] = -1 if better and better.uncapped else cap


def _write_control(table: YearTable) -> None:
    t, control = table.values, table.document.control
    t[ch.T_CONTROL_MASK] = t[ch.T_CONTROL_EVERYONE] = t[ch.T_CONTROL_BEARS] = 0
    if control is None:
        return
    t[ch.T_CONTROL_MASK] = mask_of(control.who)
    t[ch.T_CONTROL_EVERYONE] = int(control.everyone)
    t[ch.T_CONTROL_BEARS] = int(control.bears)
    for place in _places(control.services, control.locations):
        for level in (1, 2, 3):
            for charge_class in (1, 2, 3):
                for limit in control.shares:
                    if limit.hospital_level in (None, level) and limit.charge_class in (None, charge_class):
                        t[ch.T_CONTROL_SHARE + place * 9 + (level - 1) * 3 + charge_class - 1] = limit.share


def _places(services: tuple[str, ...], locations: tuple[str, ...]) -> Iterator[int]:
    for service in services:
        for where in locations:
            yield SERVICE_INDEX[service] * ch.LOCATION_COUNT + LOCATION_INDEX[where]


def _write_assistance(table: YearTable) -> None:
    t, found = table.values, table.document.assistance
    t[ch.T_MAJOR_POOL] = t[ch.T_REFERRAL_NEEDED] = 0
    if found is None:
        return
    t[ch.T_MAJOR_POOL] = {"": 0, "separate": 1, "shared": 2}[found.major]
    t[ch.T_REFERRAL_NEEDED] = int(found.referral_needed)
    for pool, base in enumerate(found.bases):
        for place in _places(base.services, base.locations):
            t[ch.T_DEDUCTIBLE_POOL + place] = pool
    for rule in found.rules:
        if _applies(rule.valid, table.year):
            _write_rule(table, rule)
    for out_rule in found.out_of_catalogue:
        if _applies(out_rule.valid, table.year):
            for code in out_rule.who:
                for place in _places(out_rule.services, out_rule.locations):
                    t[_cell(CATEGORY_INDEX[code], place) + ch.R_OUT_OF_CATALOGUE] = out_rule.ratio
                    key = (CATEGORY_INDEX[code], *divmod(place, ch.LOCATION_COUNT))
                    table.out_rules[key] = out_rule


def _applies(valid: tuple[date, date], year: int) -> bool:
    return valid[0].year <= year <= valid[1].year


def _cell(category: int, place: int) -> int:
    return ch.T_RULE + (category * ch.SERVICE_COUNT * ch.LOCATION_COUNT + place) * ch.RULE_STRIDE


def _write_rule(table: YearTable, rule: AssistanceRule) -> None:
    t = table.values
    limit = _number(table, rule.limit)
    major = _number(table, rule.major_limit)
    for code in rule.who:
        category = CATEGORY_INDEX[code]
        for place in _places(rule.services, rule.locations):
            at = _cell(category, place)
            t[at + ch.R_RATIO] = rule.ratio
            t[at + ch.R_DEDUCTIBLE] = _number(table, rule.deductible)
            t[at + ch.R_LIMIT] = limit
            t[at + ch.R_LIMIT_MAJOR] = major
            t[at + ch.R_REACH] = -1 if rule.reach is None else rule.reach
            table.rules[(category, *divmod(place, ch.LOCATION_COUNT))] = rule
        if rule.quota_at_year_end:
            row = ch.T_CATEGORY + category * ch.CATEGORY_STRIDE
            t[ch.T_YEAR_END_SERVICE] = SERVICE_INDEX[rule.services[0]]
            t[row + ch.K_YEAR_END_RATIO] = rule.ratio
            t[row + ch.K_YEAR_END_LIMIT] = limit


class Rules:
    """One policy with its figures, ready to settle: tables are compiled on first use and kept."""

    def __init__(self, book: Book, policy: str, parameters: Parameters) -> None:
        self.book, self.policy, self.parameters = book, policy, parameters
        self._tables: dict[tuple[str, int], YearTable | EngineError] = {}

    def document_on(self, day: date) -> Document:
        """The version in force. Raises NoVersion."""
        return self.book.in_force(self.policy, day)

    def table_on(self, day: date) -> YearTable:
        """The table that settles a claim of `day`. Raises NoVersion, MissingParameter, ParameterError."""
        document = self.document_on(day)
        key = (document.key, day.year)
        if key not in self._tables:
            try:
                self._tables[key] = compile_year(document, day.year, self.parameters)
            except MissingParameter as error:
                self._tables[key] = error
        found = self._tables[key]
        if isinstance(found, EngineError):
            raise found
        return found

    def closing_table(self, year: int) -> YearTable | None:
        """The table of 31 December, under which quota-managed care of the year is paid."""
        try:
            return self.table_on(date(year, 12, 31))
        except (NoVersion, MissingParameter):
            return None
