"""What a person may ask for: the test of a household impoverished by illness, help on application, and the fund."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from .chain import share
from .codes import SERVICES, category_label
from .document import NeedTest, TopUp
from .errors import NotGoverned
from .figures import Figure
from .lines import Line
from .measures import Measures
from .money import format_ratio, format_yuan
from .table import Rules, describe_parameter


@dataclass(frozen=True, slots=True)
class Household:
    """The facts of the test: income and medical costs borne in the months before the month of application, in fen."""

    persons: int
    income: int
    costs_borne: int
    locally_registered: bool
    seriously_ill: bool
    property_within_rules: bool
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Leg:
    """One condition with its figures."""

    name: str
    passed: bool
    line: Line

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "passed": self.passed, **self.line.as_dict()}


@dataclass(frozen=True, slots=True)
class NeedResult:
    """All conditions; `passed` only when each is."""

    passed: bool
    legs: tuple[Leg, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, stored with the application."""
        return {"passed": self.passed, "legs": [leg.as_dict() for leg in self.legs]}


def months_of(rules: Rules, applied_on: date) -> tuple[date, date]:
    """First and last day of the months whose income and costs count. Raises NoVersion, NotGoverned."""
    months = _test_of(rules, applied_on).months
    index = applied_on.year * 12 + applied_on.month - 1 - months
    return date(index // 12, index % 12 + 1, 1), date.fromordinal(applied_on.replace(day=1).toordinal() - 1)


def need_test(rules: Rules, applied_on: date, household: Household) -> NeedResult:
    """The S1-02 test on the day of application. Raises NoVersion, NotGoverned, MissingParameter, ValueError."""
    if household.persons < 1:
        raise ValueError("household of nobody")
    test = _test_of(rules, applied_on)
    writer = _Legs(rules, test, applied_on, household)
    legs = (
        writer.fact("local", "具有当地户籍", household.locally_registered),
        writer.fact("illness", "患重大疾病", household.seriously_ill),
        writer.not_otherwise_eligible(),
        writer.income(),
        writer.after_costs(),
        writer.fact("property", "家庭财产状况符合规定", household.property_within_rules),
    )
    return NeedResult(all(leg.passed for leg in legs), legs)


def _test_of(rules: Rules, day: date) -> NeedTest:
    document = rules.document_on(day)
    if document.need_test is None:
        raise NotGoverned(f"政策文件 {document.key} 没有规定因病致贫重病患者的认定条件")
    return document.need_test


class _Legs:
    def __init__(self, rules: Rules, test: NeedTest, day: date, household: Household) -> None:
        self.rules, self.test, self.day, self.household = rules, test, day, household
        readings = rules.document_on(day).readings_of(test.clauses)
        self.reading = "".join(reading.text for reading in readings)

    def fact(self, name: str, label: str, passed: bool) -> Leg:
        return self._leg(name, label, "是" if passed else "否", None, passed)

    def not_otherwise_eligible(self) -> Leg:
        held = [category_label(code) for code in self.test.not_eligible_as if code in self.household.categories]
        names = "、".join(category_label(code) for code in self.test.not_eligible_as)
        formula = f"现为{'、'.join(held)}" if held else f"不是{names}"
        return self._leg("not_otherwise_eligible", f"不符合{names}条件", formula, None, not held)

    def income(self) -> Leg:
        label = f"家庭人均年收入低于{self.test.income_below.text}"
        return self._per_head("income", label, self.household.income, "家庭收入", self.test.income_below)

    def after_costs(self) -> Leg:
        home = self.household
        label = f"扣减个人负担医疗费用后，家庭人均收入低于{self.test.after_costs_below.text}"
        words = f"家庭收入 {format_yuan(home.income)} − 个人负担医疗费用 {format_yuan(home.costs_borne)} ="
        return self._per_head("after_costs", label, home.income - home.costs_borne, words, self.test.after_costs_below)

    def _per_head(self, name: str, label: str, amount: int, words: str, figure: Figure) -> Leg:
        persons = self.household.persons
        year, policy = self.day.year, self.rules.policy
        line = figure.resolve(self.rules.parameters, policy, year) or 0
        # Compared without dividing, so that a fen never decides by rounding.
        passed = amount < line * persons
        per_head = (2 * amount + persons) // (2 * persons)
        compared = "低于" if passed else "不低于"
        working = figure.working(self.rules.parameters, policy, year)
        head = f"{words} {format_yuan(amount)} ÷ {persons}人 = {format_yuan(per_head)}"
        formula = f"{head}，{compared} {format_yuan(line)}（{working}）"
        found = figure.parameter(self.rules.parameters, policy, year)
        marks = (describe_parameter(found, figure),) if found else ()
        return self._leg(name, label, formula, per_head, passed, marks)

    def _leg(
        self, name: str, label: str, formula: str, amount: int | None, passed: bool, marks: tuple[str, ...] = ()
    ) -> Leg:
        return Leg(name, passed, Line(name, label, formula, amount, self.test.clauses, self.reading, marks))


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What may be granted on application, in fen, with its working."""

    amount: int
    lines: tuple[Line, ...]


def entitlement_of(
    rules: Rules, day: date, measures: Measures, held: Collection[str], granted: int = 0, assist_paid: int = 0
) -> Entitlement:
    """Help on application for the year so far (S3-13).

    `measures` sums of the year's claims, `held` categories valid on the day, `granted` fen of this help granted in
    the year already, which counts as paid towards the target and towards the limit; `assist_paid` is needed only
    where the limit includes ordinary assistance. Raises NoVersion, NotGoverned.
    """
    document = rules.document_on(day)
    rule = document.top_up
    if rule is None or rule.mode != "on_application":
        raise NotGoverned(f"政策文件 {document.key} 没有规定按公式核定的依申请救助")
    reading = "".join(r.text for r in document.readings_of(rule.clauses))

    def line(step: str, label: str, formula: str, amount: int | None) -> Line:
        return Line(step, label, formula, amount, rule.clauses, reading)

    lines: list[Line] = []
    if not any(code in held for code in rule.who):
        names = "、".join(category_label(code) for code in rule.who)
        return Entitlement(0, (line("entitlement", "可核定金额", f"只适用于{names}，此人不属于", 0),))
    threshold = rule.threshold.resolve(rules.parameters, rules.policy, day.year) or 0
    burden = measures.in_scope_burden
    reached = burden >= threshold
    shown = f"{format_yuan(burden)} {'达到' if reached else '未达到'} {format_yuan(threshold)}"
    lines.append(line("threshold", "三重制度后的政策范围内个人负担", shown, burden))
    need = 0
    for target in rule.targets:
        group, formula = _group_need(target.services, target.target, measures)
        need += group
        lines.append(line("need", f"{'、'.join(SERVICES[s] for s in target.services)}差额", formula, group))
    if not reached:
        return Entitlement(0, (*lines, line("entitlement", "可核定金额", "个人负担未达到申请条件", 0)))
    amount, formula = _within_limit(rules, rule, day.year, need, granted, assist_paid)
    return Entitlement(amount, (*lines, line("entitlement", "可核定金额", formula, amount)))


def _group_need(services: tuple[str, ...], target: int, measures: Measures) -> tuple[int, str]:
    in_scope = sum(getattr(measures, f"in_scope_{service}") for service in services)
    paid = sum(getattr(measures, f"paid_{service}") for service in services)
    wanted = share(in_scope, target)
    formula = (
        f"政策范围内费用 {format_yuan(in_scope)} × {format_ratio(target)} = {format_yuan(wanted)}，"
        f"减三重制度已支付 {format_yuan(paid)}，不低于零"
    )
    return max(0, wanted - paid), formula


def _within_limit(rules: Rules, rule: TopUp, year: int, need: int, granted: int, assist_paid: int) -> tuple[int, str]:
    limit = rule.limit.resolve(rules.parameters, rules.policy, year) or 0
    used = granted + (assist_paid if rule.limit_includes_base else 0)
    left, open_need = max(0, limit - used), max(0, need - granted)
    formula = (
        f"差额合计 {format_yuan(need)} − 本年已核定 {format_yuan(granted)} = {format_yuan(open_need)}；"
        f"年度限额 {format_yuan(limit)} 尚余 {format_yuan(left)}，取较小者"
    )
    return min(open_need, left), formula


@dataclass(frozen=True, slots=True)
class FundDue:
    """What each payer owes the assistance fund in a year, in fen."""

    total: int
    shares: tuple[tuple[str, int], ...]
    lines: tuple[Line, ...]


def fund_due(rules: Rules, year: int) -> FundDue:
    """The least funding of a year and who pays it (S1-08); the last payer bears the rounding.

    Raises NoVersion, NotGoverned, MissingParameter.
    """
    document = rules.document_on(date(year, 1, 1))
    funding = document.funding
    if funding is None:
        raise NotGoverned(f"政策文件 {document.key} 没有规定医疗救助基金的筹资标准")
    residents = funding.residents.resolve(rules.parameters, rules.policy, year) or 0
    per_head = funding.per_resident.resolve(rules.parameters, rules.policy, year) or 0
    total = residents * per_head
    found = funding.residents.parameter(rules.parameters, rules.policy, year)
    marks = (describe_parameter(found, funding.residents),) if found else ()
    lines = [
        Line("total", "最低筹资额", f"{residents}人 × {format_yuan(per_head)}", total, funding.clauses, marks=marks)
    ]
    shares: list[tuple[str, int]] = []
    for i, (payer, ratio) in enumerate(funding.shares):
        last = i == len(funding.shares) - 1
        amount = total - sum(paid for _, paid in shares) if last else share(total, ratio)
        shares.append((payer, amount))
        lines.append(Line("share", payer, f"{format_yuan(total)} × {format_ratio(ratio)}", amount, funding.clauses))
    return FundDue(total, tuple(shares), tuple(lines))
