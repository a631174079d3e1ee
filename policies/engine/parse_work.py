"""Parsers of what surrounds the chain: subsidy, warnings, tests, funding, calendar, targets, duties."""

import re
from datetime import date

from .document import (
    ApplicationKind,
    Due,
    Duty,
    Funding,
    NeedTest,
    Obligation,
    SeriousDisease,
    Subsidy,
    SubsidyRule,
    Target,
    WarningRule,
    Warnings,
)
from .figures import NOTHING
from .node import CATEGORY_OF_LABEL, Node

PAYERS = {"fund": "医疗救助基金", "county_finance": "县级财政", "person": "个人"}
RESTS = {
    "医疗救助基金": "fund",
    "县级财政": "county_finance",
    "个人": "person",
    "免缴人员由县级财政，其他由个人": "exempt",
}
MEASURES = {
    "个人负担": "personal_burden",
    "总费用减基本医保、大病保险": "total_after_insurance",
    "政策范围内费用减基本医保、大病保险": "in_scope_after_insurance",
}
KINDS = {"因病致贫": "illness_poverty", "因病返贫": "relapse"}
OTHERS = {"": "", "其他农村居民": "rural", "其他参保人员": "insured"}
DECIDES = {"资格": "eligibility", "按规则核定的金额": "assistance", "议定金额": "case"}
PERIODS = {"每月": "month", "每年": "year", "每次": "time", "一次": "once"}
# What fulfils an obligation by happening in the system.
EVENTS = {
    "收到名单": "roster",
    "推送预警": "warnings",
    "推送重病名单": "serious",
    "推送新增监测对象": "monitored",
    "推送目录外负担": "out_of_catalogue",
    "收到核实反馈": "feedback",
    "收到缴费": "contributions",
    "推送参保登记": "enrolment",
    "申请资助资金": "subsidy_request",
    "资助资金到位": "subsidy_money",
    "收到僧尼名单": "monastic_roster",
    "达到目标": "target",
}
# Help beside the three tiers to which a case may be sent.
HELPS = {
    "慈善救助": "charity",
    "社会救助": "social_assistance",
    "基本生活救助": "basic_living",
    "临时救助": "temporary",
    "就业帮扶": "employment",
    "产业帮扶": "industry",
    "商业保险、医疗互助": "insurance",
    "社会捐赠": "donation",
}
STEPS = ("accept", "check", "panel", "decide", "pay")
FIRST_YEAR, LAST_YEAR = 1900, 2999


def subsidy(node: Node | None) -> Subsidy | None:
    if node is None:
        return None
    found = Subsidy(
        clauses=node.clauses(),
        base=node.money("base"),
        rules=node.rows("rules", _subsidy_rule),
    )
    node.done()
    return found


def _subsidy_rule(node: Node) -> SubsidyRule:
    stated = [payer for payer in PAYERS if node.has(payer)]
    if len(stated) != 1:
        raise node.fail("", f"应写明且只写明一方的数额：{'、'.join(PAYERS)} 之一，其余写在 rest 中")
    rule = SubsidyRule(
        name=node.text("name"),
        clauses=node.clauses(),
        who=node.who(),
        payer=stated[0],
        figure=node.figure(stated[0], "元%"),
        at_least=node.money("at_least", default=NOTHING),
        rest=node.choice("rest", RESTS),
        unless_also=node.who("unless_also", optional=True),
        years=(node.year("from_year", FIRST_YEAR), node.year("to_year", LAST_YEAR)),
    )
    if rule.rest == rule.payer:
        raise node.fail("rest", "其余部分由同一方负担，等于全额；请把数额写成“100%”，其余写另一方")
    if rule.years[1] < rule.years[0]:
        raise node.fail("to_year", "早于 from_year，请改正")
    node.done()
    return rule


def warnings(node: Node | None) -> Warnings | None:
    if node is None:
        return None
    found = Warnings(
        clauses=node.clauses(),
        measure=node.choice("measure", MEASURES),
        first=node.who("first", optional=True),
        lines=node.rows("lines", _warning_rule),
        diseases=node.rows("diseases", _serious_disease),
    )
    if not found.lines:
        raise node.fail("lines", "没有预警线，请补充 [[warnings.lines]]")
    node.done()
    return found


def _serious_disease(node: Node) -> SeriousDisease:
    if not (node.has("codes") or node.has("services")):
        raise node.fail("codes", "请写明病种编码的开头（codes），或者一律计入的服务（services）")
    found = SeriousDisease(
        name=node.text("name"),
        clauses=node.clauses(),
        codes=node.texts("codes") if node.has("codes") else (),
        services=node.services() if node.has("services") else (),
    )
    node.done()
    return found


def _warning_rule(node: Node) -> WarningRule:
    others = node.choice("others", OTHERS, default="")
    if bool(others) == node.has("who"):
        raise node.fail("who", "who（列明的类别）与 others（其他人员）请写且只写一项")
    rule = WarningRule(
        kind=node.choice("kind", KINDS),
        clauses=node.clauses(),
        who=node.who(optional=True),
        earlier_too=node.flag("earlier_too"),
        others=others,
        inclusive=node.choice("compare", {"超过": False, "达到": True}),
        line=node.money("line"),
    )
    node.done()
    return rule


def need_test(node: Node | None) -> NeedTest | None:
    if node is None:
        return None
    found = NeedTest(
        clauses=node.clauses(),
        category=node.choice("category", CATEGORY_OF_LABEL),
        not_eligible_as=node.who("not_eligible_as"),
        months=node.counted("months", "个月"),
        income_below=node.money("income_below"),
        after_costs_below=node.money("after_costs_below"),
    )
    node.done()
    return found


def funding(node: Node | None) -> Funding | None:
    if node is None:
        return None
    shares = []
    for child in node.tables("shares"):
        shares.append((child.text("payer"), child.ratio("share")))
        child.done()
    if sum(share for _, share in shares) != 10_000:
        raise node.fail("shares", "各方比例合计应为100%，请核对")
    found = Funding(
        clauses=node.clauses(),
        per_resident=node.money("per_resident"),
        residents=node.figure("residents", "人"),
        shares=tuple(shares),
    )
    node.done()
    return found


def application(node: Node) -> ApplicationKind:
    found = ApplicationKind(
        name=node.text("name"),
        clauses=node.clauses(),
        who=node.who(optional=True),
        decides=node.choice("decides", DECIDES),
        until=node.day("until"),
        papers=node.texts("papers") if node.has("papers") else (),
        panel_above=node.limit("panel_above"),
    )
    node.done()
    return found


def obligation(node: Node) -> Obligation:
    every = node.choice("every", PERIODS)
    due_text = node.text("due")
    try:
        due = _due(due_text)
    except ValueError:
        forms = "、".join(("20日", "月末", "前5个工作日", "12月31日", "5个工作日内", "1个月内", "之前", "2022-02-28"))
        raise node.fail("due", f"“{due_text}”看不懂，请写成：{forms}") from None
    fits = {"month": {"day_of_month", "end_of_month", "working_day_of_month"}, "once": {"on_date"}}
    by_event = due.kind in {"working_days", "months", "before"}
    if every in fits and due.kind not in fits[every] and not by_event:
        raise node.fail("due", f"“{due_text}”与 every 不相配，请核对")
    found = Obligation(
        name=node.text("name"),
        clauses=node.clauses(),
        by=node.texts("by"),
        to=node.texts("to") if node.has("to") else (),
        every=every,
        due=due,
        due_text=due_text,
        after=node.text("after") if by_event else "",
        event=node.choice("event", EVENTS) if node.has("event") else "",
    )
    node.done()
    return found


def _due(text: str) -> Due:
    """`20日`, `月末`, `前5个工作日`, `12月31日`, `5个工作日内`, `1个月内`, `之前`, `2022-02-28`."""
    forms = {
        r"([1-9]|[12][0-9]|3[01])日": "day_of_month",
        r"前([1-9][0-9]?)个工作日": "working_day_of_month",
        r"([1-9][0-9]?)个工作日内": "working_days",
        r"([1-9][0-9]?)个月内": "months",
    }
    for pattern, kind in forms.items():
        if match := re.fullmatch(pattern, text):
            return Due(kind, int(match[1]))
    if text in {"月末", "之前"}:
        return Due("end_of_month" if text == "月末" else "before")
    if match := re.fullmatch(r"([1-9]|1[0-2])月([1-9]|[12][0-9]|3[01])日", text):
        return Due("day_of_year", int(match[2]), int(match[1]))
    try:
        return Due("on_date", day=date.fromisoformat(text))
    except ValueError:
        raise ValueError(text) from None


def target(node: Node) -> Target:
    about = node.has("about")
    found = Target(
        name=node.text("name"),
        clauses=node.clauses(),
        value=node.ratio("about" if about else "at_least"),
        about=about,
        due=node.day("due"),
    )
    node.done()
    return found


def duty(node: Node) -> Duty:
    helps = node.codes("refers_to", HELPS, "帮扶方式") if node.has("refers_to") else ()
    found = Duty(node.text("name"), node.clauses(), node.text("text"), node.who(optional=True), helps)
    node.done()
    return found


def deadlines(node: Node | None) -> dict[str, int]:
    if node is None:
        return {}
    found = {step: node.counted(step, "个工作日") for step in STEPS}
    node.done()
    return found
