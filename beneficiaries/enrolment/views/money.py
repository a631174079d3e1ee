"""Temporary groups, yearly figures, and what goes to the tax office."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, Listing, ListPage
from accounts.models import User
from beneficiaries.enrolment import forms as f
from beneficiaries.enrolment import relay as tax
from beneficiaries.enrolment import services
from beneficiaries.enrolment.lists_in import persons_named
from beneficiaries.enrolment.models import RegionYear, TemporaryGroup, TemporaryMember
from beneficiaries.enrolment.views.common import (
    act_on,
    asked,
    chosen,
    exported,
    form_page,
    may_write,
    places,
    try_service,
    user_of,
)
from exchange.models import Delivery


# --- temporary groups (S2-02) ---------------------------------------------------------------------------------------
class Groups(ListPage):
    act = Act.ENROLMENT_READ
    title = gettext_lazy("临时资助人群")
    template_name = "enrolment/list.html"
    columns = (
        Column("name", gettext_lazy("名称"), primary=True),
        Column("region.name", gettext_lazy("地区")),
        Column("year", gettext_lazy("参保年度"), kind="mono", sort="year"),
        Column("amount", gettext_lazy("每人资助"), kind="amount"),
        Column("get_payer_display", gettext_lazy("资金来源")),
        Column("valid_from", gettext_lazy("开始日期"), kind="date"),
        Column("valid_to", gettext_lazy("结束日期"), kind="date"),
        Column("people", gettext_lazy("人数"), kind="number"),
    )
    default_sort = "-year"
    empty = gettext_lazy("还没有临时资助人群")
    empty_help = gettext_lazy("因疫情等原因需要临时资助参保的，由旗县开设，写明依据、金额和起止日期。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[TemporaryGroup]:
        found = self.user.visible(TemporaryGroup).select_related("region")
        return found.annotate(people=Count("members"))

    def row_url(self, row: TemporaryGroup) -> str:
        return reverse("enrolment:group", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"places": places(self.user, "groups")}
        if self.user.may(Act.ENROLMENT_WRITE):
            new = {"label": _("开设人群"), "url": reverse("enrolment:group_new"), "primary": True, "icon": "plus"}
            found["actions"] = [new]
        return found


@requires(Act.ENROLMENT_WRITE)
@require_http_methods(["GET", "POST"])
def group_new(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = f.GroupForm(request.POST or None, user=user)
    if form.is_valid():
        group = try_service(request, form, lambda: services.open_group(actor=user, **form.cleaned_data))
        if group:
            messages.success(request, _("已开设，请加入人员"))
            return go(request, "enrolment:group", group.pk)
    cancel = reverse("enrolment:groups")
    crumb = [(_("临时资助人群"), cancel)]
    return form_page(request, form, title=_("开设临时资助人群"), label=_("开设"), cancel=cancel, breadcrumb=crumb)


@requires(Act.ENROLMENT_READ)
@require_http_methods(["GET", "POST"])
def group(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A group with its persons; more are added by number or by list."""
    one = get_visible(request, TemporaryGroup.objects.select_related("region"), pk=pk)
    user = user_of(request)
    form = f.MembersForm(request.POST or None, request.FILES or None) if may_write(request) else None
    if form is not None and form.is_valid():
        data = form.cleaned_data

        def add() -> bool:
            named = persons_named(user, numbers=data["numbers"], file=data["file"])
            fresh = services.add_members(actor=user, group=one, persons=named)
            messages.success(
                request, _("加入 %(n)s 人，其余 %(rest)s 人已在其中") % {"n": fresh, "rest": len(named) - fresh}
            )
            return True

        if try_service(request, form, add):
            return go(request, "enrolment:group", one.pk)
    listing = Listing(
        request=request,
        rows=TemporaryMember.objects.filter(group=one).select_related("person__region"),
        columns=(
            Column("person.name", _("姓名"), primary=True),
            Column("person.masked_id_number", _("证件号码"), kind="mono"),
            Column("person.region.name", _("所在地区")),
            Column("added_on", _("加入日期"), kind="date"),
        ),
        title=one.name,
        row_url=lambda row: (
            reverse("beneficiaries:person_tab", args=[row.person_id, "enrolment"]) if user.may(Act.PERSON_READ) else ""
        ),
        empty=_("还没有加入人员"),
        on_export=lambda kind: exported(request, f"temporary_group:{one.pk}"),
    )
    context = {"one": one, "form": form, "rows": _group_rows(one)}
    return listing.respond("enrolment/group.html", context, status=422 if form is not None and form.errors else 200)


def _group_rows(one: TemporaryGroup) -> list[Any]:
    return [
        (_("地区"), one.region.name),
        (_("参保年度"), one.year),
        {"label": _("每人资助"), "value": one.amount, "kind": "amount"},
        (_("资金来源"), one.get_payer_display()),
        {"label": _("开始日期"), "value": one.valid_from, "kind": "date"},
        {"label": _("结束日期"), "value": one.valid_to, "kind": "date"},
        (_("依据和原因"), one.reason),
    ]


# --- yearly figures -------------------------------------------------------------------------------------------------
class Figures(ListPage):
    """Residents, insured, window: what the ledger's rates and the deadlines rest on."""

    act = Act.ENROLMENT_READ
    title = gettext_lazy("年度参保参数")
    template_name = "enrolment/list.html"
    columns = (
        Column("region.name", gettext_lazy("地区"), primary=True),
        Column("year", gettext_lazy("参保年度"), kind="mono", sort="year"),
        Column("residents", gettext_lazy("常住人口数"), kind="number"),
        Column("insured", gettext_lazy("基本医保参保人数"), kind="number"),
        Column("window_from", gettext_lazy("集中缴费期开始"), kind="date"),
        Column("window_to", gettext_lazy("集中缴费期结束"), kind="date"),
        Column("funds_arrived", gettext_lazy("申请以外已到位"), kind="amount"),
        Column("source", gettext_lazy("数据来源")),
    )
    default_sort = "-year"
    empty = gettext_lazy("还没有年度参数")
    empty_help = gettext_lazy("登记常住人口、参保人数和集中缴费期后，台账显示总参保率，资金申请和倒查有了期限。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[RegionYear]:
        return self.user.visible(RegionYear).select_related("region")

    def row_url(self, row: RegionYear) -> str:
        if not self.user.may(Act.ENROLMENT_WRITE):
            return ""
        return f"{reverse('enrolment:figures_edit')}?{urlencode({'region': row.region_id, 'year': row.year})}"

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"places": places(self.user, "figures")}
        if self.user.may(Act.ENROLMENT_WRITE):
            edit = {"label": _("登记参数"), "url": reverse("enrolment:figures_edit"), "primary": True, "icon": "plus"}
            found["actions"] = [edit]
        return found


@requires(Act.ENROLMENT_WRITE)
@require_http_methods(["GET", "POST"])
def figures_edit(request: HttpRequest) -> HttpResponse:
    """The figures of a region's year, known ones filled in."""
    user = user_of(request)
    initial: dict[str, Any] = {}
    if request.GET.get("region") and request.GET.get("year", "").isdigit():
        known = user.visible(RegionYear).filter(region_id=request.GET["region"], year=request.GET["year"]).first()
        names = ("residents", "insured", "window_from", "window_to", "funds_arrived", "source")
        initial = {name: getattr(known, name) for name in names} if known else {}
        initial |= {"region": request.GET["region"], "year": request.GET["year"]}
    form = f.FiguresForm(request.POST or None, user=user, initial=initial)
    if form.is_valid():
        data = form.cleaned_data | {"funds_arrived": form.cleaned_data["funds_arrived"] or 0}
        if try_service(request, form, lambda: services.set_region_year(actor=user, **data)):
            messages.success(request, _("已登记年度参数"))
            return go(request, "enrolment:figures")
    cancel = reverse("enrolment:figures")
    crumb = [(_("年度参保参数"), cancel)]
    return form_page(request, form, title=_("登记年度参数"), label=_("保存"), cancel=cancel, breadcrumb=crumb)


# --- the tax office (S3-06) -----------------------------------------------------------------------------------------
def _delivery(user: User, row: Delivery) -> SafeString:
    """Its number, leading whoever may see it to what was sent, how often it was tried, who acknowledged it."""
    if not user.may(Act.DELIVERY_READ):
        return format_html('<span class="mono">{}</span>', row.number)
    return format_html('<a class="mono" href="{}">{}</a>', reverse("exchange:delivery", args=[row.pk]), row.number)


@requires(Act.ENROLMENT_READ)
@require_http_methods(["GET", "POST"])
def relay(request: HttpRequest) -> HttpResponse:
    """What waits to be told to the tax office, and what it was told; POST sends."""
    user = user_of(request)
    form = f.PlaceFilter(asked(request), user=user)
    form.is_valid()
    region, year = chosen(form, user)
    if request.method == "POST":
        return act_on(
            request,
            lambda: tax.relay_enrolment(actor=user, region=region, year=year),
            _("已生成送达清单"),
            f"{reverse('enrolment:relay')}?{urlencode({'region': region.code, 'year': year})}",
        )
    columns = [
        Column("number", gettext_lazy("文号"), kind="html", value=lambda row: _delivery(user, row)),
        Column("region.name", gettext_lazy("地区")),
        Column("rows", gettext_lazy("条数"), kind="number"),
        Column("created_at", gettext_lazy("生成时间"), kind="datetime"),
        Column("get_state_display", gettext_lazy("状态"), kind="badge", tone=lambda row: row.tone),
        Column("acknowledged_at", gettext_lazy("签收时间"), kind="datetime"),
        Column("receipt", gettext_lazy("回执")),
    ]
    context = {
        "title": _("推送税务部门"),
        "places": places(user, "relay"),
        "form": form,
        "region": region,
        "year": year,
        "pending": tax.pending(region, year),
        "may_write": may_write(request),
        "columns": columns,
        "rows": list(tax.deliveries_for(user)[:100]),
        "empty": _("还没有推送过"),
    }
    return render(request, "enrolment/relay.html", context)
