"""The checks that come with claims, and the words in which their evidence is shown."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.templatetags.tuodi import ymd, yuan
from accounts.vocabulary import Department
from claims.contradictions import reading
from claims.contradictions.checks import Check, register
from claims.contradictions.models import Contradiction
from claims.models import Claim
from policies.engine.codes import category_label

MONEY = {
    "left": gettext_lazy("政策范围内仍由个人负担"),
    "assistance": gettext_lazy("医疗救助"),
    "own": gettext_lazy("政策范围内自付"),
    "total": gettext_lazy("总费用"),
    "paid": gettext_lazy("各方支付合计"),
    "platform": gettext_lazy("平台支付"),
    "ours": gettext_lazy("本系统"),
    "in_scope": gettext_lazy("政策范围内费用"),
    "basic": gettext_lazy("基本医保支付"),
    "other": gettext_lazy("其他支付"),
    "base": gettext_lazy("缴费标准"),
    "due": gettext_lazy("个人应缴"),
    "subsidy": gettext_lazy("资助"),
}
CATEGORY = {"category": gettext_lazy("人员类别"), "first_category": gettext_lazy("类别一")} | {
    "second_category": gettext_lazy("类别二")
}
DEPARTMENT = {"department": gettext_lazy("部门"), "first_department": gettext_lazy("部门一")} | {
    "second_department": gettext_lazy("部门二")
}
DAYS = {
    "since": gettext_lazy("自"),
    "last": gettext_lazy("最近一笔"),
    "died": gettext_lazy("死亡日期"),
    "first_day": gettext_lazy("前一笔日期"),
    "second_day": gettext_lazy("后一笔日期"),
    "left_on": gettext_lazy("退出日期"),
    "back_on": gettext_lazy("再次认定"),
}
TEXT = {
    "claims": gettext_lazy("笔数"),
    "claim_no": gettext_lazy("结算号"),
    "first": gettext_lazy("前一笔"),
    "second": gettext_lazy("后一笔"),
    "institution": gettext_lazy("机构编码"),
    "known_as": gettext_lazy("登记姓名"),
    "called": gettext_lazy("名单姓名"),
    "reason": gettext_lazy("退出原因"),
    "year": gettext_lazy("年度"),
}


def words(found: Contradiction) -> list[Any]:
    """The evidence with its labels: amounts, days, categories, departments, and links to claims and files."""
    rows: list[Any] = []
    for name, value in found.evidence.items():
        if value in (None, ""):
            continue
        if name in MONEY:
            rows.append({"label": MONEY[name], "value": int(value), "kind": "amount"})
        elif name in CATEGORY:
            rows.append((CATEGORY[name], category_label(value)))
        elif name in DEPARTMENT:
            rows.append((DEPARTMENT[name], Department(value).label))
        elif name in DAYS:
            rows.append({"label": DAYS[name], "value": date.fromisoformat(value), "kind": "date"})
        elif name in TEXT:
            rows.append({"label": TEXT[name], "value": value, "url": _link(found, name)})
        else:
            rows += _special(name, value)
    return rows


def _special(name: str, value: Any) -> list[Any]:
    """Evidence that is said in words of its own; nothing for what only the check needs."""
    if name == "file":
        return [{"label": _("来文"), "value": f"#{value}", "url": reverse("exchange:file", args=[value])}]
    if name == "referred" and value == Claim.Referred.NO:
        return [(_("转诊"), Claim.Referred.NO.label)]
    if name == "room" and int(value) == 0:
        return [(_("年度限额"), _("已用完"))]
    if name == "why":
        return [(_("说明"), _("平台少付") if value == "less" else _("该类别须依申请，尚无批准的申请"))]
    if name == "ratio" and int(value) >= 0:
        return [(_("救助比例"), f"{int(value) / 100:g}%")]
    return []


def _link(found: Contradiction, name: str) -> str:
    pk = {
        "claim_no": found.claim_id,
        "first": found.evidence.get("first_id"),
        "second": found.evidence.get("second_id"),
    }
    return reverse("claims:claim", args=[pk[name]]) if pk.get(name) else ""


def sentence(found: Contradiction) -> str:
    """One line of a list: what was found."""
    e = found.evidence
    money = next((f"{MONEY[n]} {yuan(int(e[n]))}" for n in ("left", "own", "paid", "total", "due") if e.get(n)), "")
    kind = found.kind
    if kind == "exclusive_categories":
        return f"{category_label(e['first_category'])} / {category_label(e['second_category'])}"
    if kind == "two_names":
        return f"{e['known_as']} / {e['called']}"
    if kind == "dropped_and_back":
        return f"{category_label(e['category'])} {ymd(date.fromisoformat(e['left_on']))} → {e['back_on']}"
    if kind == "stay_twice":
        return f"{e['first']} / {e['second']}"
    if kind == "certified_without_benefit":
        return f"{category_label(e['category'])}，{money}"
    return "，".join(filter(None, [str(e.get("claim_no", "")), money]))


FACTS, AUDIT, PROTECTION = "facts", "audit", "protection"
_SHIPPED = (
    (
        "full_not_paid",
        gettext_lazy("特困人员未达到100%"),
        FACTS,
        ("S0-11", "S1-12", "S4-04"),
        reading.full_not_paid,
        gettext_lazy("核对转诊、认定日期和年度限额；认定补录后按重新结算处理"),
    ),
    (
        "certified_without_benefit",
        gettext_lazy("认定一个月以上未享受待遇"),
        FACTS,
        (),
        reading.certified_without_benefit,
        gettext_lazy("核对是否须依申请、费用是否按身份结算"),
    ),
    (
        "stay_twice",
        gettext_lazy("同一次住院结算两次"),
        FACTS,
        (),
        reading.stay_twice,
        gettext_lazy("确属重复的，冲正其中一笔"),
    ),
    (
        "after_death",
        gettext_lazy("死亡后仍有费用"),
        FACTS,
        (),
        reading.after_death,
        gettext_lazy("核对死亡日期和就医人身份"),
    ),
    (
        "exclusive_categories",
        gettext_lazy("两部门认定互相排斥"),
        FACTS,
        (),
        reading.exclusive_categories,
        gettext_lazy("请两部门核实，由错误的一方退出"),
    ),
    (
        "two_names",
        gettext_lazy("同一证件号码两个姓名"),
        FACTS,
        ("S3-07",),
        reading.two_names,
        gettext_lazy("退回来文部门核实姓名和证件号码"),
    ),
    (
        "dropped_and_back",
        gettext_lazy("名单中退出后又恢复"),
        FACTS,
        (),
        reading.dropped_and_back,
        gettext_lazy("核对是否漏报；漏报期间的费用须重新结算"),
    ),
    (
        "platform_differs",
        gettext_lazy("平台支付与本系统不同"),
        AUDIT,
        ("S2-15",),
        reading.platform_differs,
        gettext_lazy("按可能原因核对，答复后关闭；本系统有误的更正后重新结算"),
    ),
    (
        "tilted_basic",
        gettext_lazy("仍按提高5%报销"),
        AUDIT,
        ("S0-08",),
        reading.tilted_basic,
        gettext_lazy("2022年起取消原贫困人口基本医保提高5%"),
    ),
    (
        "supplementary",
        gettext_lazy("仍含补充医疗保险"),
        AUDIT,
        ("S4-10",),
        reading.supplementary,
        gettext_lazy("补充医疗保险已停止，请平台更正"),
    ),
    (
        "over_cost",
        gettext_lazy("支付超过费用"),
        PROTECTION,
        ("S0-14",),
        reading.over_cost,
        gettext_lazy("各方支付之和超过总费用"),
    ),
    ("nothing_left", gettext_lazy("非全额救助人员个人负担为零"), PROTECTION, ("S0-14",), reading.nothing_left, ""),
    ("no_contribution", gettext_lazy("非全额资助人员个人零缴费"), PROTECTION, ("S0-14",), reading.no_contribution, ""),
    ("outside_policy", gettext_lazy("政策之外的救助"), PROTECTION, ("S0-14",), reading.outside_policy, ""),
    (
        "not_applied",
        gettext_lazy("应享未享"),
        PROTECTION,
        ("S0-14",),
        reading.not_applied,
        gettext_lazy("保障不足：符合规定而没有按规定支付"),
    ),
)


def register_shipped() -> None:
    """Called when claims are ready."""
    for kind, title, group, clauses, select, help_text in _SHIPPED:
        register(Check(kind, title, group, clauses, select, words, help_text))
