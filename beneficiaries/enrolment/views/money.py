"""Groups, yearly figures, applications for money with their transfers, and what goes to the tax office."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, Listing, ListPage
from accounts.models import ReadRecord
from accounts.printing import Paper
from accounts.services import record_read
from accounts.templatetags.tuodi import yuan
from beneficiaries.enrolment import applications as money
from beneficiaries.enrolment import forms as f
from beneficiaries.enrolment import relay as tax
from beneficiaries.enrolment import services
from beneficiaries.enrolment.case_models import FiscalTransfer, SubsidyApplication, SubsidyApplicationRow
from beneficiaries.enrolment.lists_in import persons_named
from beneficiaries.enrolment.models import RegionYear, TemporaryGroup, TemporaryMember
from beneficiaries.enrolment.views.common import (
    act_on,
    asked,
    chosen,
    form_page,
    may_write,
    places,
    try_service,
    user_of,
)
from policies.engine.codes import category_label


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
        on_export=lambda kind: _exported(request, f"temporary_group:{one.pk}"),
    )
    context = {"one": one, "form": form, "rows": _group_rows(one)}
    return listing.respond("enrolment/group.html", context, status=422 if form is not None and form.errors else 200)


def _exported(request: HttpRequest, subject: str) -> None:
    record_read(actor=user_of(request), what=ReadRecord.What.EXPORT, subject=subject, request=request)


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


# --- applications for money (S1-06) -----------------------------------------------------------------------------------
class Applications(ListPage):
    act = Act.ENROLMENT_READ
    title = gettext_lazy("资助资金申请")
    template_name = "enrolment/list.html"
    columns = (
        Column("number", gettext_lazy("申请编号"), kind="mono", primary=True),
        Column("region.name", gettext_lazy("旗县")),
        Column("year", gettext_lazy("参保年度"), kind="mono", sort="year"),
        Column("persons", gettext_lazy("资助人数"), kind="number"),
        Column("fund", gettext_lazy("救助基金"), kind="amount"),
        Column("county_finance", gettext_lazy("县级财政"), kind="amount"),
        Column("total", gettext_lazy("申请合计"), kind="amount"),
        Column("arrived", gettext_lazy("已划入财政专户"), kind="amount", value=lambda row: row.arrived or 0),
        Column("frozen_at", gettext_lazy("核定时间"), kind="datetime"),
        Column("due_on", gettext_lazy("办理期限"), kind="date"),
    )
    default_sort = "-year"
    empty = gettext_lazy("还没有资金申请")
    empty_help = gettext_lazy("集中缴费期结束后，核定资助参保人数，申请资助资金。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[SubsidyApplication]:
        return money.applications_for(self.user)

    def row_url(self, row: SubsidyApplication) -> str:
        return reverse("enrolment:application", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"places": places(self.user, "applications")}
        if self.user.may(Act.ENROLMENT_WRITE):
            url = reverse("enrolment:application_new")
            found["actions"] = [{"label": _("核定人数"), "url": url, "primary": True, "icon": "list-checks"}]
        return found


@requires(Act.ENROLMENT_WRITE)
@require_http_methods(["GET", "POST"])
def application_new(request: HttpRequest) -> HttpResponse:
    """What would be asked for now, by category and source; freezing writes the list under a number."""
    user = user_of(request)
    form = f.PlaceFilter(asked(request), user=user)
    form.is_valid()
    region, year = chosen(form, user)
    if request.method == "POST":
        frozen = try_service(request, form, lambda: money.freeze_application(actor=user, region=region, year=year))
        if frozen:
            messages.success(request, _("已核定，编号 %(number)s") % {"number": frozen.number})
            return go(request, "enrolment:application", frozen.pk)
    shares = money.shares_of(money.to_ask_for(region, year))
    context = {
        "title": _("核定资助参保人数"),
        "places": places(user, "applications"),
        "form": form,
        "region": region,
        "year": year,
        "shares": shares,
        "total": money.summed(shares),
        "left_out": money.left_out(region, year),
        "due_on": money.due_on(region.code, year),
        "window": money.window_of(region.code, year),
    }
    return render(request, "enrolment/application_new.html", context, status=422 if form.errors else 200)


def _application(request: HttpRequest, pk: int) -> SubsidyApplication:
    return get_visible(request, SubsidyApplication.objects.select_related("region", "frozen_by"), pk=pk)


@requires(Act.ENROLMENT_READ)
@require_http_methods(["GET", "POST"])
def application(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The frozen application: totals, transfers to the fiscal account, the list."""
    one, user = _application(request, pk), user_of(request)
    form = f.FiscalForm(request.POST or None) if may_write(request) else None
    if form is not None and form.is_valid():
        data = form.cleaned_data
        if try_service(request, form, lambda: money.record_transfer(actor=user, application=one, **data)):
            messages.success(request, _("已记录划款"))
            return go(request, "enrolment:application", one.pk)
    shares = money.shares_of(SubsidyApplicationRow.objects.filter(application=one))
    transfers = list(FiscalTransfer.objects.filter(application=one))
    arrived = sum(transfer.amount for transfer in transfers)
    listing = Listing(
        request=request,
        rows=_list_of(one),
        columns=_LIST,
        title=_("资助人员名单"),
        on_export=lambda kind: _exported(request, f"subsidy_application:{one.pk}"),
    )
    context = {
        "one": one,
        "title": one.number,
        "summary": [*_facts(one), {"label": _("已划入财政专户"), "value": arrived, "kind": "amount"}],
        "shares": shares,
        "total": money.summed(shares),
        "transfers": transfers,
        "missing": one.total - arrived,
        "form": form if one.total > arrived else None,
    }
    return listing.respond(
        "enrolment/application.html", context, status=422 if form is not None and form.errors else 200
    )


def _facts(one: SubsidyApplication) -> list[Any]:
    return [
        (_("旗县"), one.region.name),
        (_("参保年度"), one.year),
        (_("资助人数"), one.persons),
        {"label": _("申请医疗救助基金"), "value": one.fund, "kind": "amount"},
        {"label": _("申请县级财政"), "value": one.county_finance, "kind": "amount"},
        {"label": _("申请合计"), "value": one.total, "kind": "amount"},
        {"label": _("核定日期"), "value": timezone.localdate(one.frozen_at), "kind": "date"},
        (_("核定人"), one.frozen_by.name if one.frozen_by else _("系统")),
        {"label": _("办理期限"), "value": one.due_on, "kind": "date"},
    ]


def _list_of(one: SubsidyApplication) -> QuerySet[SubsidyApplicationRow]:
    return SubsidyApplicationRow.objects.filter(application=one).select_related("enrolment__person__region")


def _category(row: SubsidyApplicationRow) -> str:
    return category_label(row.category) if row.category not in ("", "none") else _("临时资助人群")


_LIST = (
    Column("enrolment.person.name", gettext_lazy("姓名"), primary=True),
    Column("enrolment.person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
    Column("enrolment.person.region.name", gettext_lazy("所在地区")),
    Column("category", gettext_lazy("资助身份"), value=_category),
    Column("base", gettext_lazy("缴费标准"), kind="amount"),
    Column("fund", gettext_lazy("医疗救助基金"), kind="amount"),
    Column("county_finance", gettext_lazy("县级财政"), kind="amount"),
)


@requires(Act.ENROLMENT_READ)
@require_GET
def application_print(request: HttpRequest, pk: int) -> HttpResponse:
    """The application as a paper with its list (PDF)."""
    one = _application(request, pk)
    _exported(request, f"subsidy_application:{one.pk}")
    shares = money.shares_of(SubsidyApplicationRow.objects.filter(application=one))
    total = money.summed(shares)
    office = _("%(region)s医疗保障局") % {"region": one.region.name}
    title = _("%(year)s 年度资助参保资金申请表") % {"year": one.year}
    paper = Paper(title, office=office, printed_on=timezone.localdate(), number=one.number)
    words = [row if isinstance(row, tuple) else (row["label"], _shown(row)) for row in _facts(one)]
    paper.facts(words)
    paper.heading(_("按资助身份汇总"))
    head = [_("资助身份"), _("人数"), _("医疗救助基金（元）"), _("县级财政（元）"), _("合计（元）")]
    paper.table(
        head,
        [[one.label, one.persons, yuan(one.fund), yuan(one.county_finance), yuan(one.total)] for one in shares],
        align="lrrrr",
        total=[total.label, total.persons, yuan(total.fund), yuan(total.county_finance), yuan(total.total)],
    )
    paper.signatures([_("经办人"), _("复核人"), _("单位负责人")])
    paper.heading(_("资助人员名单"))
    rows = [
        [
            at,
            row.enrolment.person.name,
            row.enrolment.person.masked_id_number,
            row.enrolment.person.region.name,
            _category(row),
            yuan(row.fund),
            yuan(row.county_finance),
        ]
        for at, row in enumerate(_list_of(one), start=1)
    ]
    columns = [_("序号"), _("姓名"), _("证件号码"), _("所在地区"), _("资助身份"), _("救助基金"), _("县级财政")]
    paper.table(columns, rows, align="rllllrr")
    return paper.response(f"{one.number}.pdf")


def _shown(row: dict[str, Any]) -> str:
    if row.get("kind") == "amount":
        return yuan(row["value"])
    return str(row["value"] or "")


# --- the tax office (S3-06) -----------------------------------------------------------------------------------------
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
        Column("number", gettext_lazy("文号"), kind="mono"),
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
