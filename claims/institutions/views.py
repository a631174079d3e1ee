"""Pages of institutions: the register, one with its history and months, the file, the report, the claim form."""

import csv
import io
from datetime import date
from itertools import groupby
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import periods
from accounts.access import Act
from accounts.audit import events_of, with_actor
from accounts.doors import get_visible, go, requires
from accounts.export import csv_response, neutral, xlsx_response
from accounts.forms import add_errors
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from claims.errors import ClaimError
from claims.institutions import selectors, services
from claims.institutions.forms import (
    SO_FAR,
    InstitutionFilter,
    InstitutionForm,
    InstitutionsFileForm,
    PeriodFilter,
    from_csv,
)
from claims.institutions.models import Institution
from claims.institutions.recovery import recovery_paper
from claims.models import Claim, PersonYear

SAMPLE = 30


def _yes(name: str) -> Any:
    return lambda row: _("是") if getattr(row, name) else ""


class Institutions(ListPage):
    act = Act.CLAIM_READ
    title = gettext_lazy("定点机构")
    filters = InstitutionFilter
    columns = (
        Column("code", gettext_lazy("机构编码"), kind="mono", sort="code", primary=True),
        Column("name", gettext_lazy("机构名称"), sort="name"),
        Column("region.name", gettext_lazy("所在地区"), sort="region_id"),
        Column("get_level_display", gettext_lazy("等级"), sort="level"),
        Column("get_charge_class_display", gettext_lazy("收费类别"), sort="charge_class"),
        Column("pay_later", gettext_lazy("先诊疗后付费"), value=_yes("pay_later")),
        Column("supervised", gettext_lazy("监管"), kind="badge", value=_yes("supervised"), tone=lambda row: "due"),
        Column("exit_on", gettext_lazy("退出日期"), kind="date", sort="exit_on"),
    )
    default_sort = "code"
    empty = gettext_lazy("还没有登记定点机构")
    empty_help = gettext_lazy("逐个登记，或导入机构名册；登记后费用缺少等级和收费类别时按机构补上")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.institutions_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: Institution) -> str:
        return reverse("claims:institution", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        actions = [{"label": _("机构报表"), "url": reverse("claims:institution_report"), "icon": "table-2"}]
        if self.user.may(Act.INSTITUTION_WRITE):
            actions += [
                {"label": _("导入"), "url": reverse("claims:institutions_import"), "icon": "upload"},
                {"label": _("登记机构"), "url": reverse("claims:institution_new"), "primary": True, "icon": "plus"},
            ]
        return {"breadcrumb": [(_("费用"), reverse("claims:list"))], "actions": actions}


MONTHS = (
    Column("month", gettext_lazy("月份"), kind="month"),
    Column("claims", gettext_lazy("笔数"), kind="number"),
    Column("persons", gettext_lazy("人数"), kind="number"),
    Column("total", gettext_lazy("总费用"), kind="amount"),
    Column("outside", gettext_lazy("目录外费用"), kind="amount"),
    Column("share", gettext_lazy("目录外占比%"), kind="number"),
    Column("controlled_share", gettext_lazy("受控费用占比%"), kind="number"),
    Column("allowed", gettext_lazy("允许占比%"), kind="number"),
    Column(
        "beyond",
        gettext_lazy("超过"),
        kind="badge",
        value=lambda row: _("超过") if row.beyond else "",
        tone=lambda row: "late",
    ),
    Column("flagged", gettext_lazy("标记笔数"), kind="number"),
    Column("borne", gettext_lazy("机构承担"), kind="amount"),
    Column("county_share", gettext_lazy("县域住院报销%"), kind="number"),
    Column("county_share_all", gettext_lazy("三重保障后%"), kind="number"),
)
REPORT = (
    Column("code", gettext_lazy("机构编码"), kind="mono", value=lambda row: row.code or _("未填机构")),
    Column("name", gettext_lazy("机构名称"), value=lambda row: row.name or _("未登记")),
    Column("level", gettext_lazy("等级"), kind="number"),
    *MONTHS[1:],
)


@requires(Act.CLAIM_READ)
def institution(request: HttpRequest, pk: int) -> HttpResponse:
    """One institution: what it is, its months of the last year, what changed in the register."""
    user = cast(User, request.user)
    found = get_visible(request, Institution.objects.select_related("region"), pk=pk)
    claims = user.visible(Claim).filter(institution=found.code)
    form = PeriodFilter(periods.asked(request, claims, "settled_on", unit=SO_FAR), user=user)
    first, last, region, _level, _supervised = _asked(form)
    months = selectors.figures(user, first=first, last=last, region=region, code=found.code, by_month=True)
    recovery = reverse("claims:institution_recovery", args=[pk]) + f"?first={first:%Y-%m}&last={last:%Y-%m}"
    changes = with_actor(events_of(Institution).objects.filter(pgh_obj_id=pk))  # type: ignore[attr-defined]
    context = {
        "title": found.name,
        "institution": found,
        "summary": _summary(found),
        "form": form,
        "columns": MONTHS,
        "months": months,
        "recovery_url": recovery if any(month.borne for month in months) else "",
        "may_write": user.may(Act.INSTITUTION_WRITE),
        "years": [(year, list(found)) for year, found in groupby(_history(changes.order_by("pgh_id")), _year)],
    }
    return render(request, "claims/institutions/institution.html", context)


def _asked(form: PeriodFilter) -> tuple[date, date, Any, int | None, bool]:
    """First and last day, region, level and supervised of a period's form; this year where it cannot be read."""
    form.is_valid()
    given = form.cleaned_data
    today = timezone.localdate()
    first, last = given.get("first") or today.replace(month=1, day=1), given.get("last") or today
    return min(first, last), last, given.get("region"), given.get("level"), bool(given.get("supervised"))


def _summary(found: Institution) -> list[Any]:
    rows: list[Any] = [
        {"label": _("机构编码"), "value": found.code, "kind": "mono"},
        (_("所在地区"), found.region.name),
        (_("机构等级"), found.get_level_display()),
        (_("收费类别"), found.get_charge_class_display()),
        (_("定点"), _("是") if found.designated else _("否")),
        (_("先诊疗后付费协议"), _("已签订") if found.pay_later else _("未签订")),
    ]
    if found.supervised:
        rows.append({"label": _("监管名单"), "value": found.supervised_reason, "kind": "badge", "tone": "due"})
    if found.exit_on:
        rows += [{"label": _("退出日期"), "value": found.exit_on, "kind": "date"}, (_("退出原因"), found.exit_reason)]
    return rows


_KEPT = (
    "name",
    "region_id",
    "level",
    "charge_class",
    "designated",
    "pay_later",
    "supervised",
    "supervised_reason",
    "exit_on",
    "exit_reason",
)


def _history(events: Any) -> list[dict[str, Any]]:
    """Entries for components/timeline.html, newest first: which fields got which value."""
    entries, before = [], None
    for event in events:
        changed = [
            f"{Institution._meta.get_field(name).verbose_name}：{_said(event, name)}"
            for name in _KEPT
            if before is not None and getattr(event, name) != getattr(before, name)
        ]
        text = _("登记机构") if before is None else "；".join(changed)
        entries.append(
            {"day": timezone.localdate(event.pgh_created_at), "icon": "building-2", "text": text, "who": event.acted_by}
        )
        before = event
    return entries[::-1]


def _year(entry: dict[str, Any]) -> int:
    return entry["day"].year


def _said(event: Any, name: str) -> str:
    value = getattr(event, name)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if name in ("level", "charge_class"):
        return str(getattr(event, f"get_{name}_display")())
    return str(value) if value not in (None, "") else _("无")


@requires(Act.INSTITUTION_WRITE)
def new(request: HttpRequest) -> HttpResponseBase:
    return _edit(request, None, _("登记机构"))


@requires(Act.INSTITUTION_WRITE)
def edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_visible(request, Institution, pk=pk)
    return _edit(request, found, found.name)


def _edit(request: HttpRequest, found: Institution | None, title: str) -> HttpResponseBase:
    actor = cast(User, request.user)
    starting = {"code": request.GET.get("code", "")[:30]}
    form = InstitutionForm(request.POST or None, user=actor, instance=found, initial={} if found else starting)
    if request.method == "POST" and form.is_valid():
        try:
            code = {} if found is None else {"code": found.code}
            saved = services.save_institution(actor=actor, institution=found, **(form.cleaned_data | code))
        except ValidationError as error:
            add_errors(form, error)
        except ClaimError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("机构已保存"))
            return go(request, "claims:institution", saved.pk)
    back = reverse("claims:institution", args=[found.pk]) if found else reverse("claims:institutions")
    context = {"title": title, "form": form, "back": back, "draft": f"institution-{found.pk if found else ''}"}
    return render(request, "claims/institutions/edit.html", context)


# --- the file -----------------------------------------------------------------------------------------------------
@requires(Act.INSTITUTION_WRITE)
def institutions_import(request: HttpRequest) -> HttpResponse:
    """Reads the file and shows what it would do; `institutions_confirm` does it."""
    form = InstitutionsFileForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"title": _("导入定点机构"), "form": form}
    if request.method == "POST" and form.is_valid():
        table = form.cleaned_data["file"]
        plan = services.import_institutions(actor=cast(User, request.user), table=table, confirm=False)
        context |= _shown(plan, _as_csv(table))
    return render(request, "claims/institutions/import.html", context)


@requires(Act.INSTITUTION_WRITE)
@require_POST
def institutions_confirm(request: HttpRequest) -> HttpResponse:
    text = request.POST.get("content", "")
    plan = services.import_institutions(actor=cast(User, request.user), table=from_csv(text), confirm=True)
    if plan.errors:
        context = {"title": _("导入定点机构"), "form": InstitutionsFileForm(), **_shown(plan, text)}
        return render(request, "claims/institutions/import.html", context)
    messages.success(
        request,
        _("定点机构已导入：新增 %(new)s，变更 %(changed)s") % {"new": len(plan.new), "changed": len(plan.changed)},
    )
    return go(request, "claims:institutions")


def _as_csv(table: Any) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(table.headers or [])
    writer.writerows(table)
    return out.getvalue()


def _shown(plan: services.Plan, text: str) -> dict[str, Any]:
    counts = [
        (_("新增"), len(plan.new), "done"),
        (_("变更"), len(plan.changed), "due"),
        (_("不变"), plan.unchanged, ""),
        (_("错误"), len(plan.errors), "late"),
    ]
    return {
        "plan": plan,
        "content": text,
        "figures": [{"label": label, "count": count, "tone": tone} for label, count, tone in counts],
        "errors": plan.errors[: SAMPLE * 3],
        "named": [(_("新增"), plan.new[:SAMPLE]), (_("变更"), plan.changed[:SAMPLE])],
        "can_confirm": not plan.errors and bool(plan.new or plan.changed),
    }


# --- reports ------------------------------------------------------------------------------------------------------
@requires(Act.CLAIM_READ)
def report(request: HttpRequest) -> HttpResponseBase:
    """Institutions by what they bear and how much lies outside the catalogue (S1-21, S1-24, S3-16, S4-08, S4-13)."""
    user = cast(User, request.user)
    form = PeriodFilter(periods.asked(request, user.visible(PersonYear), "year", unit=SO_FAR), user=user)
    first, last, region, level, supervised = _asked(form)
    rows = selectors.figures(user, first=first, last=last, region=region, level=level, supervised=supervised)
    title = _("定点机构报表 %(first)s至%(last)s") % {"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}"}
    if request.GET.get("export") in ("csv", "xlsx"):
        return _export(request.GET["export"], title, rows)
    place = region.pk if region else user.region_prefix.ljust(12, "0")
    query = request.GET.copy()
    context = {
        "title": title,
        "form": form,
        "columns": REPORT,
        "rows": [(row, _place_of(row, first, last)) for row in rows],
        "allowed": selectors.allowed_shares(place, last),
        "totals": [
            (_("机构"), f"{len(rows):,}"),
            {"label": _("机构承担合计"), "value": sum(row.borne for row in rows), "kind": "amount"},
            (_("标记笔数"), f"{sum(row.flagged for row in rows):,}"),
            (_("超过允许占比的机构"), f"{sum(row.beyond for row in rows):,}"),
        ],
        "exports": [(kind, f"?{_with(query, kind)}") for kind in ("csv", "xlsx")],
    }
    return render(request, "claims/institutions/report.html", context)


def _with(query: Any, kind: str) -> str:
    query["export"] = kind
    return query.urlencode()


def _place_of(row: selectors.Figures, first: date, last: date) -> str:
    if row.pk:
        return reverse("claims:institution", args=[row.pk]) + f"?first={first:%Y-%m}&last={last:%Y-%m}"
    return ""


def _export(kind: str, title: str, rows: list[selectors.Figures]) -> HttpResponseBase:
    head = [str(column.label) for column in REPORT]
    body = ([neutral(column.plain(row)) for column in REPORT] for row in rows)
    response = csv_response(head, body) if kind == "csv" else xlsx_response(title, head, body)
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{title}.{kind}") or ""
    return response


@requires(Act.CLAIM_READ)
def recovery(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The claim form (追偿函) to the institution for what it must bear, as PDF; a form with people is on record."""
    user = cast(User, request.user)
    found = get_visible(request, Institution, pk=pk)
    first, last, *_rest = _asked(PeriodFilter(request.GET, user=user))
    claims = list(selectors.borne(user, found, first, last).select_related("now__version"))
    if not claims:
        messages.info(request, _("这一时期没有须由该机构承担的费用，不必发函。"))
        return go(request, "claims:institution", pk)
    record_read(actor=user, what=ReadRecord.What.EXPORT, subject=f"institution:{found.pk}", request=request)
    paper = recovery_paper(user, found, first, last, claims)
    return paper.response(f"{_('追偿函')}-{found.code}-{first:%Y%m}-{last:%Y%m}.pdf")
