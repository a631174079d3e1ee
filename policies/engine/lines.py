"""The working of a settlement as sentences: every amount with its formula, its numbers, its clause and reading.

Nothing is computed here: the numbers are the steps that the chain wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import chain as ch
from .codes import CATEGORY_CODES, CHARGE_CLASSES, HOSPITAL_LEVELS, LOCATIONS, NONE, SERVICES, category_label
from .document import AssistanceRule
from .figures import Figure
from .money import format_ratio, format_yuan

if TYPE_CHECKING:
    from .settlement import Settlement, YearEnd
    from .table import YearTable


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a working: `amount` in fen, or None where the line states a fact.

    `step` is a stable name; `clauses` the IDs of the provisions; `reading` how they were read; `marks` the statistical
    figures used, each with its status.
    """

    step: str
    label: str
    formula: str
    amount: int | None
    clauses: tuple[str, ...] = ()
    reading: str = ""
    marks: tuple[str, ...] = ()

    @property
    def clause(self) -> str:
        return "、".join(self.clauses)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for storing and for JSON."""
        return {
            "step": self.step,
            "label": self.label,
            "formula": self.formula,
            "amount": self.amount,
            "clauses": list(self.clauses),
            "reading": self.reading,
            "marks": list(self.marks),
        }


def lines_of(settlement: Settlement) -> list[Line]:
    """The working of one claim, in the order of the chain."""
    writer = _Writer(settlement)
    writer.category()
    writer.control()
    writer.critical_illness()
    writer.assistance()
    writer.out_of_catalogue()
    writer.top_up()
    writer.burden()
    return writer.lines


def over_formula(before: int, grown: int, deductible: int, figure: str) -> str:
    """How much of a yearly base lies over a deductible, of which this claim is the last part."""
    after = format_yuan(before + grown)
    return (
        f"本年累计 {format_yuan(before)} + {format_yuan(grown)} = {after}，"
        f"超过起付线 {format_yuan(deductible)}（{figure}）的部分，减去此前已超过的部分"
    )


class _Writer:
    def __init__(self, settlement: Settlement) -> None:
        self.settlement = settlement
        self.table: YearTable = settlement.table
        self.claim = settlement.claim
        self.steps = settlement.steps
        self.lines: list[Line] = []

    def add(
        self,
        step: str,
        label: str,
        formula: str,
        amount: int | None,
        clauses: tuple[str, ...] = (),
        marks: tuple[str, ...] = (),
    ) -> None:
        reading = self.table.reading(clauses) if clauses else ""
        self.lines.append(Line(step, label, formula, amount, clauses, reading, marks))

    def category(self) -> None:
        considered = self.settlement.candidates
        shown = "；".join(f"{category_label(code)} 可得 {format_yuan(amount)}" for code, amount in considered)
        winner = category_label(self.settlement.category)
        formula = f"{shown}；取金额最高的一类：{winner}" if len(considered) > 1 else winner
        if absent := self._not_considered():
            formula += f"；{absent}"
        self.add("category", "适用身份（就高不就低）", formula, None, self.table.document.categories.clauses)

    def _not_considered(self) -> str:
        """Categories that the person holds on the day and that did not take part, with the reason."""
        order, considered = self.table.document.categories.order, dict(self.settlement.candidates)
        named: list[str] = []
        unnamed: list[str] = []
        for index, code in enumerate(CATEGORY_CODES):
            if self.settlement.facts.valid >> index & 1 and code not in considered:
                (named if code in order else unnamed).append(category_label(code))
        parts = [f"{'、'.join(named)}的申请尚未批准，不参与比较"] if named else []
        return "；".join([*parts, f"{'、'.join(unnamed)}不在本政策列明的身份之内"] if unnamed else parts)

    def control(self) -> None:
        share, control = self.steps.control.share, self.table.document.control
        if share < 0 or control is None:
            return
        claim, line = self.claim, self.steps.control.line
        place = HOSPITAL_LEVELS[claim.hospital_level]
        if any(s.charge_class for s in control.shares):
            place = CHARGE_CLASSES[claim.charge_class]
        compared = f"总费用 {format_yuan(claim.total)} × {format_ratio(share)} = {format_yuan(line)}（{place}）"
        spent = f"目录外费用 {format_yuan(claim.out_of_catalogue)}"
        if not self.steps.control.over:
            self.add("control", "目录外费用控制", f"{spent}，未超过 {compared}", 0, control.clauses)
        elif control.bears:
            borne = self.steps.control.borne
            self.add("control", "超控制比例，由医疗机构承担", f"{spent} − {compared}", borne, control.clauses)
        else:
            self.add("control", "目录外占比超标（只作标记）", f"{spent}，超过 {compared}", 0, control.clauses)

    def critical_illness(self) -> None:
        claim, steps, rule = self.claim, self.steps, self.table.document.critical_illness
        own, paid = steps.cii.own, steps.cii.paid
        formula = f"政策范围内费用 {format_yuan(claim.in_scope)} − 基本医保支付 {format_yuan(claim.basic_paid)}"
        self.add("after_basic", "基本医保后的政策范围内自付", formula, own)
        if claim.given_cii is not None:
            self.add("cii", "职工大额医疗补助", "按国家平台结算结果", paid)
        else:
            self._resident_cii(rule.deductible)
        formula = f"{format_yuan(own)} − {format_yuan(paid)}"
        self.add("after_cii", "大病保险后的政策范围内自付", formula, steps.cii.rest)

    def _resident_cii(self, deductible: Figure) -> None:
        steps, rule, table = self.steps, self.table.document.critical_illness, self.table
        tilt = table.tilts.get(steps.category)
        clauses = tuple(dict.fromkeys(rule.clauses + (tilt.clauses if tilt else ())))
        figure = table.working(deductible) + (f"，倾斜降低 {format_ratio(tilt.reduction)}" if tilt else "")
        payable, before = steps.cii.payable, self.settlement.before.cii_base
        formula = over_formula(before, steps.cii.own, steps.cii.deductible, figure)
        self.add("cii_payable", "大病保险可支付费用", formula, payable, clauses, table.mark(deductible))
        formula = f"{format_yuan(payable)} × {format_ratio(steps.cii.ratio)} = {format_yuan(steps.cii.computed)}"
        if tilt:
            formula += f"（{table.working(rule.ratio)}，倾斜提高 {format_ratio(tilt.points)[:-1]} 个百分点）"
        formula += _within(steps.cii.left, "大病保险最高支付限额")
        marks = table.mark(rule.ratio) + (table.mark(rule.cap) if steps.cii.left >= 0 else ())
        if tilt and tilt.illustrative:
            marks += ("倾斜幅度：示例，待替换",)
        self.add("cii", "大病保险支付", formula, steps.cii.paid, clauses, marks)

    def assistance(self) -> None:
        found, steps = self.table.document.assistance, self.steps
        rule = self._rule()
        if found is not None and not steps.assistance.covered:
            formula = "未按规定转诊，不予医疗救助，也不计入起付线累计"
            self.add("assistance", "医疗救助支付", formula, 0, found.referral_clauses)
        elif rule is None:
            self.add("assistance", "医疗救助支付", *self._no_rule())
        elif steps.assistance.deferred:
            formula = f"限额管理，{format_yuan(steps.cii.rest)} 计入年末一次性救助"
            self.add("assistance", "医疗救助支付", formula, 0, rule.clauses)
        else:
            self._paid_assistance(rule)

    def _rule(self) -> AssistanceRule | None:
        service, where = self._place()
        return self.table.rules.get((self.steps.category, service, where))

    def _place(self) -> tuple[int, int]:
        return list(SERVICES).index(self.claim.service), list(LOCATIONS).index(self.claim.location)

    def _no_rule(self) -> tuple[str, int | None, tuple[str, ...]]:
        document, code = self.table.document, self.settlement.category
        elsewhere = document.governed_elsewhere(code)
        if elsewhere is None and document.assistance is None and document.elsewhere:
            elsewhere = document.elsewhere[0]
        if elsewhere is not None:
            return f"不由本文件规定，见 {elsewhere.document}", None, elsewhere.clauses
        if code == NONE:
            return "没有本政策列明的救助身份", 0, document.categories.clauses
        assert document.assistance is not None  # noqa: S101 - parse requires either assistance or elsewhere
        formula = f"本政策未对{category_label(code)}的{SERVICES[self.claim.service]}规定医疗救助"
        return formula, 0, document.assistance.clauses

    def _paid_assistance(self, rule: AssistanceRule) -> None:
        steps, before = self.steps, self.settlement.before
        base = steps.assistance.payable
        if steps.assistance.deductible:
            figure = self.table.working(rule.deductible)
            formula = over_formula(steps.assistance.base, steps.cii.rest, steps.assistance.deductible, figure)
            marks = self.table.mark(rule.deductible)
            self.add("assistance_payable", "救助起付线以上费用", formula, base, rule.clauses, marks)
        formula = (
            f"{format_yuan(base)} × {format_ratio(steps.assistance.ratio)} = {format_yuan(steps.assistance.computed)}"
        )
        if rule.reach is not None:
            lifted = f"救助到政策范围内费用的 {format_ratio(rule.reach)}，需 {format_yuan(steps.assistance.reach)}"
            formula += f"；{lifted}，取较大者"
        formula += _within(steps.assistance.left, f"年度救助限额（已用 {format_yuan(self._used(before.assist_paid))}）")
        label = f"医疗救助支付（{rule.name}{'，县级财政承担' if rule.payer == 'county_finance' else ''}）"
        self.add("assistance", label, formula, steps.assistance.paid, self._rule_clauses(rule))

    def _used(self, ordinary: int) -> int:
        separate = self.table.values[ch.T_MAJOR_POOL] == 1 and self.claim.major_disease
        return self.settlement.before.assist_major_paid if separate else ordinary

    def _rule_clauses(self, rule: AssistanceRule) -> tuple[str, ...]:
        found = self.table.document.assistance
        return tuple(dict.fromkeys(rule.clauses + (found.major_clauses if found else ())))

    def out_of_catalogue(self) -> None:
        steps = self.steps
        rule = self.table.out_rules.get((steps.category, *self._place()))
        if rule is None:
            return
        outside, borne = self.claim.out_of_catalogue, steps.control.borne
        rest = f"目录外费用 {format_yuan(outside)} − 医疗机构承担 {format_yuan(borne)}"
        formula = f"（{rest}）× {format_ratio(rule.ratio)}"
        label = f"目录外费用救助（{rule.name}）"
        self.add("out_of_catalogue", label, formula, steps.outside, rule.clauses)

    def top_up(self) -> None:
        rule, steps, table = self.table.document.top_up, self.steps, self.table
        if rule is None or rule.mode != "automatic":
            return
        if not steps.assistance.covered or self.settlement.category not in rule.who:
            why = "未按规定转诊" if not steps.assistance.covered else "没有本政策列明的救助身份"
            self.add("top_up", "倾斜救助", f"{why}，不予倾斜救助", 0, rule.clauses)
            return
        threshold = table.values[ch.T_TOP_UP_THRESHOLD]
        payable = steps.top_up.payable
        before = self.settlement.before.topup_base
        formula = over_formula(before, steps.top_up.burden, threshold, table.working(rule.threshold))
        marks = table.mark(rule.threshold)
        self.add("top_up_payable", "三重制度后的负担，倾斜救助起付线以上", formula, payable, rule.clauses, marks)
        formula = f"{format_yuan(payable)} × {format_ratio(rule.ratio)} = {format_yuan(steps.top_up.computed)}"
        formula += _within(steps.top_up.left, f"年度最高限额 {rule.limit.text}")
        self.add("top_up", "倾斜救助", formula, steps.top_up.paid, rule.clauses)

    def burden(self) -> None:
        steps, claim = self.steps, self.claim
        parts = [f"大病保险后自付 {format_yuan(steps.cii.rest)}"]
        for name, paid in (("医疗救助", steps.assistance.paid), ("倾斜救助", steps.top_up.paid)):
            if paid:
                parts.append(f"{name} {format_yuan(paid)}")
        self.add("in_scope_burden", "政策范围内个人负担", " − ".join(parts), steps.in_scope_burden)
        taken = (
            ("医疗机构承担", steps.control.borne),
            ("基本医保", claim.basic_paid),
            ("大病保险", steps.cii.paid),
            ("医疗救助", steps.assistance.paid),
            ("目录外费用救助", steps.outside),
            ("倾斜救助", steps.top_up.paid),
            ("其他支付", claim.other_paid),
        )
        formula = " − ".join(
            [f"总费用 {format_yuan(claim.total)}", *(f"{name} {format_yuan(fen)}" for name, fen in taken if fen)]
        )
        if steps.spare:
            formula += f"，其他支付超出 {format_yuan(steps.spare)}，个人负担按零计"
        self.add("personal_burden", "个人负担", formula, steps.personal_burden)


def _within(left: int, limit: str) -> str:
    return "" if left < 0 else f"；{limit}尚余 {format_yuan(left)}，取较小者"


def year_end_lines(year_end: YearEnd) -> list[Line]:
    """The working of the one payment at year end."""
    table, steps, code = year_end.table, year_end.steps, year_end.category
    service = table.values[ch.T_YEAR_END_SERVICE]
    rule = table.rules.get((steps.category, service, 0))
    day = f"{year_end.year}-12-31"
    lines = [Line("year_end_base", "限额管理费用本年累计自付", "各次大病保险后的政策范围内自付之和", year_end.base)]
    if rule is None:
        formula = f"{day} 没有可得年末救助的身份"
        return [*lines, Line("assistance", "年末一次性救助", formula, 0, table.document.categories.clauses)]
    formula = f"{format_yuan(year_end.base)} × {format_ratio(steps.ratio)} = {format_yuan(steps.computed)}"
    formula = f"{day} 身份：{category_label(code)}；{formula}{_within(steps.left, '年度救助限额')}"
    label, reading = f"年末一次性救助（{rule.name}）", table.reading(rule.clauses)
    return [*lines, Line("assistance", label, formula, steps.paid, rule.clauses, reading)]
