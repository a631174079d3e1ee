"""Parsers of what the chain computes: critical illness, assistance, top-up, control."""

from datetime import date

from .codes import CHARGE_CLASSES, HOSPITAL_LEVELS
from .document import (
    Assistance,
    AssistanceRule,
    Control,
    ControlShare,
    CriticalIllness,
    DeductibleBase,
    OutOfCatalogueRule,
    Tilt,
    TopUp,
    TopUpTarget,
)
from .figures import NO_LIMIT, NOTHING, parse_ratio
from .node import Node

LEVEL_OF_LABEL = {label: level for level, label in HOSPITAL_LEVELS.items()}
CLASS_OF_LABEL = {label: number for number, label in CHARGE_CLASSES.items()}
TOP_UP_MODES = {"自动": "automatic", "依申请": "on_application", "个案决定": "decided"}
PAYERS = {"医疗救助基金": "fund", "县级财政": "county_finance"}
MAJOR_MODES = {"": "", "分别累计": "separate", "合并累计": "shared"}


def critical_illness(node: Node) -> CriticalIllness:
    found = CriticalIllness(
        clauses=node.clauses(),
        deductible=node.money("deductible"),
        ratio=node.figure("ratio", "%"),
        cap=node.limit("cap", default=None),
        tilts=node.rows("tilt", _tilt),
    )
    seen: set[str] = set()
    for tilt in found.tilts:
        if seen & set(tilt.who):
            raise node.fail("tilt", "同一类人员出现在两条倾斜规则中，请只保留一条")
        seen |= set(tilt.who)
    node.done()
    return found


def _tilt(node: Node) -> Tilt:
    reduction = node.text("deductible")
    points = node.text("ratio")
    if not reduction.startswith("降低"):
        raise node.fail("deductible", f"“{reduction}”应写成“降低50%”")
    if not (points.startswith("提高") and points.endswith("个百分点")):
        raise node.fail("ratio", f"“{points}”应写成“提高5个百分点”")
    try:
        lowered = parse_ratio(reduction.removeprefix("降低"))
        raised = parse_ratio(points.removeprefix("提高").removesuffix("个百分点") + "%")
    except ValueError as error:
        raise node.fail("deductible", str(error)) from None
    tilt = Tilt(
        clauses=node.clauses(),
        who=node.who(),
        reduction=lowered,
        points=raised,
        uncapped=node.choice("cap", {NO_LIMIT: True, "同普通参保人": False}),
        illustrative=node.flag("illustrative"),
    )
    node.done()
    return tilt


def _valid(node: Node) -> tuple[date, date]:
    """Dates of one rule; figures are yearly, so a rule begins on 1 January and ends on 31 December."""
    first, last = node.day("valid_from"), node.day("valid_to")
    if first is not None and (first.month, first.day) != (1, 1):
        raise node.fail("valid_from", f"{first} 应为某年1月1日：起付线和限额按年累计，规则按整年起止")
    if last is not None and (last.month, last.day) != (12, 31):
        raise node.fail("valid_to", f"{last} 应为某年12月31日：起付线和限额按年累计，规则按整年起止")
    span = first or date.min, last or date.max
    if span[1] < span[0]:
        raise node.fail("valid_to", f"{last} 早于 {first}，请改正")
    return span


def assistance(node: Node | None) -> Assistance | None:
    if node is None:
        return None
    needed = node.flag("referral_needed")
    major = node.choice("major_disease_limit", MAJOR_MODES, default="")
    found = Assistance(
        clauses=node.clauses(),
        referral_needed=needed,
        referral_clauses=node.clauses("referral_clauses") if needed else (),
        major=major,
        major_clauses=node.clauses("major_clauses") if major else (),
        bases=node.rows("deductibles", _base),
        rules=node.rows("rules", lambda child: _rule(child, major)),
        out_of_catalogue=node.rows("out_of_catalogue", _out_of_catalogue),
    )
    node.done()
    return found


def _base(node: Node) -> DeductibleBase:
    base = DeductibleBase(node.clauses(), node.services(), node.locations())
    node.done()
    return base


def _rule(node: Node, major: str) -> AssistanceRule:
    rule = AssistanceRule(
        name=node.text("name"),
        clauses=node.clauses(),
        who=node.who(),
        services=node.services(),
        locations=node.locations(),
        deductible=node.limit("deductible", default=None),
        ratio=node.ratio("ratio"),
        limit=node.limit("limit", default=None),
        major_limit=node.limit("major_disease_limit", default=None) if major else NOTHING,
        reach=node.ratio("reach") if node.has("reach") else None,
        quota_at_year_end=node.choice("quota_managed", {"": False, "年末一次": True}, default=""),
        valid=_valid(node),
        payer=node.choice("payer", PAYERS, default="医疗救助基金"),
    )
    node.done()
    return rule


def _out_of_catalogue(node: Node) -> OutOfCatalogueRule:
    rule = OutOfCatalogueRule(
        name=node.text("name"),
        clauses=node.clauses(),
        who=node.who(),
        services=node.services(),
        locations=node.locations(),
        ratio=node.ratio("ratio"),
        valid=_valid(node),
    )
    node.done()
    return rule


def top_up(node: Node | None) -> TopUp | None:
    if node is None:
        return None
    mode = node.choice("mode", TOP_UP_MODES)
    computed = mode != "decided"
    found = TopUp(
        clauses=node.clauses(),
        mode=mode,
        who=node.who(),
        threshold=node.money("threshold") if computed else NOTHING,
        ratio=node.ratio("ratio") if mode == "automatic" else 0,
        limit=node.money("limit") if computed else NOTHING,
        limit_includes_base=node.flag("limit_includes_base"),
        targets=node.rows("targets", _target),
    )
    if (mode == "on_application") != bool(found.targets):
        raise node.fail("targets", "依申请的倾斜救助要写明各类服务的报销比例目标，其他方式不写")
    node.done()
    return found


def _target(node: Node) -> TopUpTarget:
    target = TopUpTarget(node.services(), node.ratio("target"))
    node.done()
    return target


def control(node: Node | None) -> Control | None:
    if node is None:
        return None
    everyone = node.flag("everyone")
    found = Control(
        clauses=node.clauses(),
        everyone=everyone,
        who=() if everyone else node.who(),
        services=node.services(),
        locations=node.locations(),
        bears=node.choice("excess", {"由医疗机构承担": True, "只作标记": False}),
        shares=node.rows("shares", _share),
    )
    if not found.shares:
        raise node.fail("shares", "没有写明控制比例，请补充 [[control.shares]]")
    places = [(s.hospital_level, s.charge_class) for s in found.shares]
    if len(set(places)) < len(places):
        raise node.fail("shares", "同一机构等级或者收费类别写了两个比例，请只保留一个")
    node.done()
    return found


def _share(node: Node) -> ControlShare:
    share = ControlShare(
        hospital_level=node.choice("hospital_level", LEVEL_OF_LABEL) if node.has("hospital_level") else None,
        charge_class=node.choice("charge_class", CLASS_OF_LABEL) if node.has("charge_class") else None,
        share=node.ratio("share"),
    )
    node.done()
    return share
