"""Applications for subsidy money with their list and their transfers (S1-06)."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, Listing, ListPage
from accounts.models import Level
from accounts.printing import Paper
from accounts.templatetags.tuodi import yuan
from beneficiaries.enrolment import applications as money
from beneficiaries.enrolment import forms as f
from beneficiaries.enrolment.case_models import FiscalTransfer, SubsidyApplication, SubsidyApplicationRow
from beneficiaries.enrolment.views.common import asked, chosen, exported, may_write, places, try_service, user_of
from policies.sayings import category_label


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
        "above": region.level < Level.COUNTY,
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
        on_export=lambda kind: exported(request, f"subsidy_application:{one.pk}"),
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
    exported(request, f"subsidy_application:{one.pk}")
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
