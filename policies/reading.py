"""A version as a lawyer reads it: every rule in one line of figures, beside the clauses that it cites.

Pure presentation of the parsed document; nothing is computed but what a figure comes to in a year.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.vocabulary import Category
from policies.engine.codes import CHARGE_CLASSES, HOSPITAL_LEVELS, LOCATIONS, SERVICES
from policies.engine.document import Document, SubsidyRule, WarningRule
from policies.engine.errors import EngineError
from policies.engine.figures import NOTHING, Figure, show
from policies.engine.money import format_ratio
from policies.engine.parameters import Parameters
from policies.engine.parse_work import FIRST_YEAR, LAST_YEAR
from policies.sayings import said

PAYERS = {
    "fund": gettext_lazy("医疗救助基金"),
    "county_finance": gettext_lazy("县级财政"),
    "person": gettext_lazy("个人"),
    "exempt": gettext_lazy("按规定免缴的由县级财政承担，其余由个人先缴"),
}


@dataclass(frozen=True)
class Mark:
    """Where a statistical figure comes from and whether it is published."""

    status: str  # published, illustrative, missing
    text: str
    source: str = ""


@dataclass(frozen=True)
class Shown:
    """One figure: what it is, what the document says, what that is in the year, and its marks."""

    label: str
    text: str
    value: str = ""
    mark: Mark | None = None


@dataclass(frozen=True)
class Rule:
    """One rule of the document. `who` and `where` say whom and what it is for; `figures` what it gives."""

    part: str
    name: str
    clauses: tuple[str, ...]
    figures: tuple[Shown, ...] = ()
    who: tuple[str, ...] = ()
    where: str = ""
    note: str = ""
    elsewhere: bool = False


@dataclass
class Reader:
    """Reads one document in one year under some parameters."""

    document: Document
    parameters: Parameters
    year: int
    found: list[Rule] = field(default_factory=list)

    # --- figures --------------------------------------------------------------------------------------------------
    def figure(self, label: str, figure: Figure) -> Shown:
        """A figure of the document with its value in the year."""
        if figure.need is None:
            return Shown(label, figure.text)
        year = self.year + figure.year_offset
        try:
            behind = figure.parameter(self.parameters, self.document.policy, self.year)
            value = figure.resolve(self.parameters, self.document.policy, self.year)
            working = figure.working(self.parameters, self.document.policy, self.year)
        except EngineError:
            missing = _("缺少 %(year)s 年数值") % {"year": year}
            return Shown(label, figure.text, "", Mark("missing", missing))
        assert behind is not None  # noqa: S101 - a figure with a need has a parameter
        unit = "%" if figure.need.unit == "%" else "元"
        shown = _("不设") if value is None else show(value, figure.need.unit if figure.need.unit == "人" else unit)
        text = f"{working} = {shown}" if figure.ratio is not None else working
        return Shown(label, figure.text, text, Mark(behind.status, status_label(behind.status), behind.source))

    def add(self, part: str, name: str, clauses: Sequence[str], *figures: Shown, **more: Any) -> None:
        self.found.append(Rule(part, name, tuple(clauses), tuple(figures), **more))

    # --- parts ----------------------------------------------------------------------------------------------------
    def rules(self) -> list[Rule]:
        """Every rule in the order in which money flows, then what the office owes."""
        self.scope()
        self.critical_illness()
        self.assistance()
        self.top_up()
        self.control()
        self.elsewhere()
        self.subsidy()
        self.warnings()
        self.need_test()
        self.funding()
        self.work()
        return self.found

    def scope(self) -> None:
        """Who is helped, in order, and for which care."""
        categories = self.document.categories
        self.add(_("救助对象"), _("就高不就低的次序"), categories.clauses, who=labels(categories.order))
        if categories.on_application:
            direct = [code for code in categories.order if categories.is_direct(code)]
            self.add(
                _("救助对象"),
                _("办理方式"),
                categories.clauses,
                Shown(_("直接结算"), "、".join(labels(direct))),
                Shown(_("依申请"), "、".join(labels(categories.on_application))),
            )
        for one in self.document.exclusive:
            with_whom = (Shown(_("与谁"), "、".join(labels(one.others))),) if one.others else ()
            note = _("不能同时成立；两个部门都认定的列入疑点")
            self.add(_("救助对象"), one.name, one.clauses, *with_whom, who=labels(one.who), note=note)
        if self.document.assistance:
            found = self.document.assistance
            services = dict.fromkeys(code for rule in found.rules for code in rule.services)
            self.add(_("医疗救助"), _("保障范围"), found.clauses, where=_services(tuple(services)))
            for base in found.bases:
                where = _where(base.services, base.locations)
                self.add(_("医疗救助"), _("起付线按年累计"), base.clauses, where=where, note=_("所有人的费用都计入"))

    def critical_illness(self) -> None:
        part, rule = _("大病保险"), self.document.critical_illness
        self.add(
            part,
            _("全体居民参保人"),
            rule.clauses,
            self.figure(_("起付标准"), rule.deductible),
            self.figure(_("支付比例"), rule.ratio),
            self.figure(_("最高支付限额"), rule.cap),
        )
        for tilt in rule.tilts:
            mark = Mark("illustrative", status_label("illustrative")) if tilt.illustrative else None
            self.add(
                part,
                _("倾斜支付"),
                tilt.clauses,
                Shown(_("起付标准"), _("降低 %(share)s") % {"share": format_ratio(tilt.reduction)}, "", mark),
                Shown(_("支付比例"), _("提高 %(n)s 个百分点") % {"n": format_ratio(tilt.points)[:-1]}, "", mark),
                Shown(_("最高支付限额"), _("不设") if tilt.uncapped else _("同普通参保人"), "", mark),
                who=labels(tilt.who),
            )

    def assistance(self) -> None:
        part, found = _("医疗救助"), self.document.assistance
        if found is None:
            return
        if found.referral_needed:
            self.add(part, _("未按规定转诊"), found.referral_clauses, note=_("不予医疗救助，也不计入起付线累计"))
        for rule in found.rules:
            figures = [
                self.figure(_("起付线"), rule.deductible),
                Shown(_("救助比例"), format_ratio(rule.ratio)),
                self.figure(_("年度限额"), rule.limit),
            ]
            if found.major:
                figures.append(self.figure(_("重大疾病年度限额"), rule.major_limit))
            if rule.reach is not None:
                figures.append(
                    Shown(_("救助到"), _("政策范围内费用的 %(share)s") % {"share": format_ratio(rule.reach)})
                )
            self.add(
                part,
                rule.name,
                rule.clauses,
                *figures,
                who=labels(rule.who),
                where=_where(rule.services, rule.locations),
                note=_("限额管理的年末一次结算") if rule.quota_at_year_end else "",
            )
        for out_rule in found.out_of_catalogue:
            self.add(
                _("目录外费用救助"),
                out_rule.name,
                out_rule.clauses,
                Shown(_("救助比例"), format_ratio(out_rule.ratio)),
                who=labels(out_rule.who),
                where=_where(out_rule.services, out_rule.locations),
            )

    def top_up(self) -> None:
        rule = self.document.top_up
        if rule is None:
            return
        modes = {"automatic": _("自动结算"), "on_application": _("依申请"), "decided": _("个案决定金额")}
        figures = []
        if rule.mode != "decided":
            figures = [self.figure(_("起付标准"), rule.threshold), self.figure(_("年度限额"), rule.limit)]
        if rule.mode == "automatic":
            figures.insert(1, Shown(_("救助比例"), format_ratio(rule.ratio)))
        for target in rule.targets:
            label = _("%(services)s救助到") % {"services": _services(target.services)}
            share = _("政策范围内费用的 %(share)s") % {"share": format_ratio(target.target)}
            figures.insert(-1, Shown(label, share))
        self.add(_("倾斜救助"), modes[rule.mode], rule.clauses, *figures, who=labels(rule.who))

    def control(self) -> None:
        rule = self.document.control
        if rule is None:
            return
        figures = [
            Shown(_share_label(share), _("不超过 %(n)s") % {"n": format_ratio(share.share)}) for share in rule.shares
        ]
        self.add(
            _("目录外费用控制"),
            _("超出部分由医疗机构承担") if rule.bears else _("超出的只作标记"),
            rule.clauses,
            *figures,
            who=(_("所有患者"),) if rule.everyone else labels(rule.who),
            where=_where(rule.services, rule.locations),
        )

    def elsewhere(self) -> None:
        for other in self.document.elsewhere:
            self.add(
                _("不由本文件规定"),
                other.subject,
                other.clauses,
                Shown(_("依据"), other.document),
                who=labels(other.who),
                elsewhere=True,
            )

    def subsidy(self) -> None:
        found = self.document.subsidy
        if found is None:
            return
        part = _("参保资助")
        self.add(part, _("计算基数"), found.clauses, self.figure(_("基数"), found.base))
        for rule in found.rules:
            self.add(
                part, rule.name, rule.clauses, *self._subsidy_figures(rule), who=labels(rule.who), note=_years(rule)
            )

    def _subsidy_figures(self, rule: SubsidyRule) -> list[Shown]:
        figures = [self.figure(str(PAYERS[rule.payer]), rule.figure)]
        if not rule.at_least.is_none:
            figures.append(self.figure(_("不低于"), rule.at_least))
        figures.append(Shown(_("其余"), str(PAYERS[rule.rest])))
        if rule.unless_also:
            figures.append(Shown(_("除非同时是"), "、".join(labels(rule.unless_also))))
        return figures

    def warnings(self) -> None:
        found = self.document.warnings
        if found is None:
            return
        measures = {
            "personal_burden": _("个人负担"),
            "total_after_insurance": _("总费用减基本医保、大病保险"),
            "in_scope_after_insurance": _("政策范围内费用减基本医保、大病保险"),
        }
        for rule in found.lines:
            compare = _("达到") if rule.inclusive else pgettext("compare", "超过")
            self.add(
                _("预警"),
                _("因病致贫") if rule.kind == "illness_poverty" else _("因病返贫"),
                rule.clauses,
                Shown(_("口径"), measures[found.measure]),
                self.figure(str(compare), rule.line),
                who=_warned(rule),
            )
        for disease in found.diseases:
            shown = [Shown(_("病种编码的开头"), "、".join(disease.codes))] if disease.codes else []
            if disease.services:
                shown.append(Shown(_("服务"), _services(disease.services)))
            self.add(_("规定重病范围"), disease.name, disease.clauses, *shown)

    def need_test(self) -> None:
        test = self.document.need_test
        if test is None:
            return
        self.add(
            _("认定"),
            labels((test.category,))[0],
            test.clauses,
            Shown(_("计算期"), _("申请当月之前 %(n)s 个月") % {"n": test.months}),
            self.figure(_("家庭人均年收入低于"), test.income_below),
            self.figure(_("扣减医疗费用后人均低于"), test.after_costs_below),
            note=_("不属于：%(who)s") % {"who": "、".join(labels(test.not_eligible_as))},
        )

    def funding(self) -> None:
        rule = self.document.funding
        if rule is None:
            return
        shares = [Shown(payer, format_ratio(share)) for payer, share in rule.shares]
        self.add(
            _("筹资"),
            _("医疗救助基金"),
            rule.clauses,
            self.figure(_("每人每年不低于"), rule.per_resident),
            self.figure(_("人数"), rule.residents),
            *shares,
        )

    def work(self) -> None:
        """Applications, obligations with their dates, targets, duties."""
        decides = {"eligibility": _("决定资格"), "assistance": _("决定按规则的金额"), "case": _("议定金额")}
        for kind in self.document.applications:
            more = [Shown(_("至"), kind.until.isoformat())] if kind.until else []
            if kind.papers:
                more.append(Shown(_("材料"), "、".join(kind.papers)))
            if kind.panel_above not in (None, NOTHING):
                more.append(self.figure(_("会商"), kind.panel_above))
            self.add(_("依申请"), kind.name, kind.clauses, *more, who=labels(kind.who), note=decides[kind.decides])
        for due in self.document.obligations:
            when = f"{due.after}{due.due_text}" if due.after else due.due_text
            figures = [Shown(_("由"), "、".join(due.by)), Shown(_("期限"), f"{_every(due.every)}{when}")]
            if due.to:
                figures.insert(1, Shown(_("送"), "、".join(due.to)))
            self.add(_("期限"), due.name, due.clauses, *figures)
        for aim in self.document.targets:
            word = _("约") if aim.about else _("不低于")
            self.add(_("目标"), aim.name, aim.clauses, Shown(word, format_ratio(aim.value)))
        for duty in self.document.duties:
            self.add(_("经办"), duty.name, duty.clauses, who=labels(duty.who), note=duty.text)


def plain(value: int, unit: str) -> str:
    """A value beside its unit's column: 1234500 fen → `12,345.00`, people with thousands, ratios in per cent."""
    if unit == "人":
        return f"{value:,}"
    return format_ratio(value) if unit == "%" else f"{value // 100:,}.{value % 100:02d}"


def labels(codes: Iterable[str]) -> tuple[str, ...]:
    """Official names of category codes."""
    return tuple(str(Category(code).label) for code in codes)


def status_label(status: str) -> str:
    return _("已公布") if status == "published" else _("示例值")


def _services(services: Sequence[str]) -> str:
    return _("各类服务") if len(services) == len(SERVICES) else _("、").join(said(SERVICES[code]) for code in services)


def _where(services: Sequence[str], locations: Sequence[str]) -> str:
    where = "" if len(locations) == len(LOCATIONS) else _("、").join(said(LOCATIONS[code]) for code in locations)
    return _services(services) + (f"（{where}）" if where else "")


def _share_label(share: Any) -> str:
    if share.hospital_level:
        return _("%(level)s医疗机构") % {"level": HOSPITAL_LEVELS[share.hospital_level]}
    return CHARGE_CLASSES[share.charge_class] if share.charge_class else _("各级医疗机构")


def _warned(rule: WarningRule) -> tuple[str, ...]:
    others = {"rural": _("其他农村居民"), "insured": _("其他参保人员"), "": ""}[rule.others]
    earlier = (_("以及曾属上述类别的人员"),) if rule.earlier_too else ()
    return labels(rule.who) + earlier + ((others,) if others else ())


def _every(every: str) -> str:
    return {"month": _("每月"), "year": _("每年"), "time": "", "once": ""}[every]


def _years(rule: SubsidyRule) -> str:
    first, last = rule.years
    if first <= FIRST_YEAR and last >= LAST_YEAR:
        return ""
    return _("%(first)s—%(last)s 年") % {
        "first": first if first > FIRST_YEAR else "",
        "last": last if last < LAST_YEAR else "",
    }
