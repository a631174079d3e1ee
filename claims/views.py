"""Pages of claims: the list, and one claim with its statement."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.capitals import capital_amount
from accounts.doors import get_visible, requires
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from accounts.templatetags.tuodi import ymd
from beneficiaries.designations.selectors import said
from beneficiaries.naming import person_url
from claims import selectors, statements
from claims.forms import ClaimFilter
from claims.models import Claim
from policies.sayings import category_label


def _now(name: str) -> Any:
    return lambda row: getattr(row.now, name) if row.now else None


def _mark(row: Claim) -> str:
    if row.reversed_at:
        return _("已冲正")
    now: Any = row.now  # type: ignore[attr-defined]
    return _("目录外超标") if now and now.over_control else ""


class Claims(ListPage):
    """Claims with what was settled, by day."""

    act = Act.CLAIM_READ
    title = gettext_lazy("费用")
    filters = ClaimFilter
    columns = (
        Column("settled_on", gettext_lazy("结算日期"), kind="date", sort="settled_on"),
        Column("claim_no", gettext_lazy("结算号"), kind="mono", sort="claim_no", primary=True),
        Column("person.name", gettext_lazy("姓名")),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono", shown=False),
        Column("county", gettext_lazy("参保旗县"), sort=""),
        Column("region.name", gettext_lazy("参保地区"), shown=False),
        Column("service", gettext_lazy("医疗类别"), value=lambda row: row.get_service_display()),
        Column(
            "category",
            gettext_lazy("适用类别"),
            value=lambda row: category_label(row.now.category) if row.now else _("未结算"),
        ),
        Column("total", gettext_lazy("总费用"), kind="amount", sort="total"),
        Column("basic_paid", gettext_lazy("基本医保"), kind="amount"),
        Column("cii", gettext_lazy("大病保险"), kind="amount", value=_now("cii_paid")),
        Column("assistance", gettext_lazy("医疗救助"), kind="amount", value=_now("assistance")),
        Column("top_up", gettext_lazy("倾斜救助"), kind="amount", value=_now("top_up"), shown=False),
        Column("other_paid", gettext_lazy("其他支付"), kind="amount", shown=False),
        Column("burden", gettext_lazy("个人负担"), kind="amount", value=_now("personal_burden")),
        Column(
            "flag",
            gettext_lazy("标记"),
            kind="badge",
            value=_mark,
            tone=lambda row: "late" if row.reversed_at else "due",
        ),
    )
    default_sort = "-settled_on"
    empty = gettext_lazy("还没有费用")
    empty_help = gettext_lazy("从平台导入结算明细，或者登记外地、纸质的费用")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.claims_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: Claim) -> str:
        return reverse("claims:claim", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        actions: list[dict[str, Any]] = [
            {"label": _("医疗机构"), "url": reverse("claims:institutions")},
            {"label": _("录入费用"), "url": reverse("claims:entries")},
            {"label": _("疑点"), "url": reverse("claims:contradictions")},
            {"label": _("重新结算"), "url": reverse("later:list")},
        ]
        if self.user.may(Act.CLAIM_WRITE):
            actions.append({"label": _("登记费用"), "url": reverse("claims:new"), "primary": True, "icon": "plus"})
        return {"actions": actions}


@requires(Act.CLAIM_READ)
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """One claim: its statement read downwards like a sum, the law beside it, and what came before.

    `?settlement=` shows the statement of a superseded settlement, of the facts as they were then.
    """
    found = get_visible(request, selectors.claims(), pk=pk)
    user = cast(User, request.user)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{found.person_id}", request=request)
    history = selectors.history(found)
    current = next((one for one in history if one.settlement.superseded_at is None), None)
    asked = request.GET.get("settlement", "")
    newest = current or next(iter(history), None)
    shown = next((one for one in history if str(one.settlement.pk) == asked), newest)
    statement = statements.of_settlement(shown.settlement, found, shown.categories) if shown else None
    paid = shown.settlement if shown else None
    later = selectors.later_of(found)
    return render(
        request,
        "claims/claim.html",
        {
            "title": _("结算单 %(no)s") % {"no": found.claim_no},
            "claim": found,
            "current": newest,
            "shown": shown,
            "statement": statement,
            "paid": selectors.paid_by_us(paid) if paid else 0,
            "capital": capital_amount(selectors.paid_by_us(paid)) if paid else "",
            "summary": _summary(user, found, shown),
            "differs": selectors.differs(found, current.settlement) if current else {},
            "earlier": [(one, *later.why(one.settlement)) for one in history if one is not current],
            "later": later,
            "year_id": selectors.year_id(found),
            "may_write": user.may(Act.CLAIM_WRITE) and found.reversed_at is None,
            "may_apply": user.may(Act.APPLICATION_REGISTER)
            and found.reversed_at is None
            and found.person.region_id.startswith(user.region_prefix),
            "may_except": user.may(Act.CLAIM_EXCEPT) and found.reversed_at is None,
        },
    )


def _summary(user: User, found: Claim, current: selectors.Settled | None) -> list[Any]:
    person = found.person
    rows: list[Any] = [
        {"label": _("姓名"), "value": person.name, "url": person_url(user, person.pk)},
        {"label": _("证件号码"), "value": person.masked_id_number, "kind": "mono"},
        (_("参保地区"), found.region.name),
        {"label": _("结算日期"), "value": found.settled_on, "kind": "date"},
        (_("医疗类别"), found.get_service_display()),
        (_("就医"), f"{found.get_location_display()} · {_('%(n)s 级机构') % {'n': found.hospital_level}}"),
        (_("转诊"), found.get_referred_display()),
        {"label": _("机构编码"), "value": found.institution, "kind": "mono"},
        (_("险种"), _("职工医保") if found.insurance == "310" else _("城乡居民医保")),
    ]
    if found.major_disease:
        rows.append((_("重大疾病"), _("是")))
    if found.disease_code or found.disease_name:
        rows.append((_("病种"), f"{found.disease_name} {found.disease_code}".strip()))
    if found.tilted_basic:
        rows.append({"label": _("基本医保倾斜"), "value": _("账单带有标志"), "kind": "badge", "tone": "due"})
    if found.supplementary_paid:
        rows.append({"label": _("补充保险支付"), "value": found.supplementary_paid, "kind": "amount"})
    if found.reversed_at:
        rows.append({"label": _("冲正"), "value": ymd(found.reversed_at.date()), "kind": "badge", "tone": "late"})
    if current:
        version = current.settlement.version
        rows += [
            (_("适用类别"), category_label(current.settlement.category)),
            (_("当日身份"), "、".join(_spell(one) for one in current.spells) or _("无")),
            *((_("视同类别"), said(one)) for one in current.named),
            {"label": _("政策版本"), "value": version.name, "url": reverse("policies:version", args=[version.name])},
        ]
    rows.append((_("来源"), _source(found)))
    return rows


def _spell(spell: Any) -> str:
    until = ymd(spell.valid_to) if spell.valid_to else _("今")
    return f"{spell.get_category_display()}（{spell.get_department_display()}，{ymd(spell.valid_from)}—{until}）"


def _source(found: Claim) -> str:
    if found.source:
        return _("%(file)s 第 %(row)s 行") % {"file": found.source.name, "row": found.source_row}
    return _("%(who)s 录入") % {"who": found.entered_by or _("系统")}
