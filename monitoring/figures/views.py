"""Pages of figures: places side by side with their year, the monthly report on screen, as a file and as PDF."""

from datetime import date
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts import periods
from accounts.access import Act, in_region
from accounts.doors import get_visible, requires
from accounts.export import export_rows
from accounts.lists import Column
from accounts.models import Region, User
from accounts.printing import Paper
from accounts.templatetags.tuodi import grouped, percent, ym, yuan
from beneficiaries.enrolment.selectors import POPULATIONS
from claims.models import Claim
from monitoring.figures import reports, selectors
from monitoring.figures.forms import CompareForm, MonthlyForm
from monitoring.models import Figure

# Tone to the class of a cell; words and figures say the same without colour.
HEAT = {"late": "heat-1", "due": "heat-2", "done": "heat-4", "plain": ""}
COLUMNS = (
    Column("name", gettext_lazy("地区")),
    Column("people", gettext_lazy("人数"), kind="number"),
    Column("insured", gettext_lazy("已参保"), kind="number"),
    Column("patients", gettext_lazy("就诊人数"), kind="number"),
    Column("claims", gettext_lazy("结算笔数"), kind="number"),
    Column("total", gettext_lazy("总费用"), kind="amount"),
    Column("basic", gettext_lazy("基本医保"), kind="amount"),
    Column("cii", gettext_lazy("大病保险"), kind="amount"),
    Column("assistance", gettext_lazy("医疗救助"), kind="amount"),
    Column("burden", gettext_lazy("个人负担"), kind="amount"),
    Column("warned", gettext_lazy("新增预警"), kind="number"),
    Column("standing", gettext_lazy("在册预警"), kind="number"),
    Column("helped", gettext_lazy("已落实帮扶"), kind="number"),
    Column("measures", gettext_lazy("本月办结措施"), kind="number"),
)


def _asked(request: HttpRequest, form_class: type[Any], query: QueryDict, **first: str) -> tuple[Any, Region, date]:
    """The form with the choices of `query`, which has a month; the user's own region where it names none."""
    user = cast(User, request.user)
    own = get_visible(request, Region, pk=user.region_prefix.ljust(12, "0"))
    form = form_class({"region": own.pk, **first} | query.dict(), user=user)
    form.is_valid()
    month = form.cleaned_data.get("month") or timezone.localdate().replace(day=1)
    return form, form.cleaned_data.get("region") or own, month


@requires(Act.OBLIGATION_READ)
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """The places below a region with their four figures, and a year of one of them."""
    user = cast(User, request.user)
    query = periods.asked(request, user.visible(Figure), "month", unit=periods.MONTH)
    form, region, month = _asked(request, CompareForm, query, key=Figure.Key.ENROLMENT.value)
    key = form.cleaned_data.get("key") or Figure.Key.ENROLMENT
    keys = [one for one in Figure.Key if user.may(selectors.BEHIND[one][0])]
    rows = [
        {
            "region": row.region,
            "own": row.region == region,
            "cells": [_cell(row.figures.get(one)) for one in keys],
        }
        for row in selectors.side_by_side(user, region, month)
    ]
    context = {
        "title": _("地区对比"),
        "form": form,
        "region": region,
        "month": month,
        "heads": [one.label for one in keys],
        "rows": rows,
        "trends": selectors.trends(user, region, key, month) if key in keys else [],
        "trend_label": Figure.Key(key).label,
    }
    return render(request, "figures/compare.html", context)


def _cell(figure: Figure | None) -> dict[str, str]:
    if figure is None or figure.rate is None:
        return {"text": "—", "more": "", "heat": ""}
    show = yuan if figure.key == Figure.Key.FUND else grouped
    return {
        "text": percent(figure.rate),
        "more": f"{show(figure.part)} / {show(figure.whole)}",
        "heat": HEAT[figure.tone],
    }


@requires(Act.OBLIGATION_READ)
@require_GET
def monthly(request: HttpRequest) -> HttpResponseBase:
    """The monthly report: page, file, or PDF."""
    user = cast(User, request.user)
    last_month = timezone.localdate().replace(day=1) - date.resolution
    settled = in_region(user, Claim.objects.all(), "region_id")
    query = periods.asked(request, settled, "settled_on", unit=periods.MONTH, present=last_month)
    form, region, month = _asked(request, MonthlyForm, query, group=reports.GROUPS[0])
    group = form.cleaned_data.get("group") or reports.GROUPS[0]
    rows, total = reports.monthly(user, region, month, group)
    title = _("%(region)s %(month)s 监测月报（%(group)s）") % {
        "region": region.name,
        "month": ym(month),
        "group": POPULATIONS[group][0],
    }
    wanted = request.GET.get("as")
    if wanted in ("csv", "xlsx"):
        return export_rows(wanted, title, list(COLUMNS), [*rows, total])
    if wanted == "pdf":
        return _paper(user, title, rows, total)
    query = urlencode({"region": region.pk, "month": f"{month:%Y-%m}", "group": group})
    context = {
        "title": _("监测月报"),
        "heading": title,
        "form": form,
        "columns": COLUMNS,
        "rows": rows,
        "total": total,
        "address": f"{reverse('monitoring:monthly')}?{query}&as=",
    }
    return render(request, "figures/monthly.html", context)


def _paper(user: User, title: str, rows: list[reports.Row], total: reports.Row) -> HttpResponse:
    office = user.organisation.name if user.organisation else ""
    paper = Paper(title, office=office, printed_on=timezone.localdate(), landscape=True)
    align = "".join("l" if column.kind == "text" else "r" for column in COLUMNS)
    total.name = _("合计")
    paper.table(
        [column.label for column in COLUMNS],
        [[_shown(column, row) for column in COLUMNS] for row in rows],
        align,
        total=[_shown(column, total) for column in COLUMNS],
        size=7.5,
    )
    paper.note(_("费用为当月结算；人数、参保为月末在册；预警为本年度。"))
    paper.signatures([_("制表"), _("复核"), _("负责人")])
    return paper.response(f"{title}.pdf")


def _shown(column: Column, row: reports.Row) -> str:
    value = getattr(row, column.name)
    return yuan(value) if column.kind == "amount" else grouped(value) if column.kind == "number" else str(value)
