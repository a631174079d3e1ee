"""The year's indicators by banner: page, file, or PDF."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
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
from accounts.forms import RegionField
from accounts.lists import ListFilter
from accounts.models import Level, Region, User
from accounts.printing import Paper
from accounts.templatetags.tuodi import grouped, percent, yuan
from claims.models import PersonYear
from monitoring.figures import yearly as figures

UNITS = {"number": "", "amount": gettext_lazy("元"), "rate": "%"}


class YearForm(ListFilter):
    """Which region and year the page shows."""

    region = RegionField(label=gettext_lazy("行政区划"), empty_label=None)
    year = forms.IntegerField(label=gettext_lazy("年度"), min_value=2000, max_value=2100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(self.user, Level.COUNTY)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Cell:
    """A column of the export: one place, or what the line is."""

    label: Any
    at: int

    def plain(self, row: tuple[Any, ...]) -> Any:
        return row[self.at]


@requires(Act.OBLIGATION_READ)
@require_GET
def yearly(request: HttpRequest) -> HttpResponseBase:
    """Indicators downwards, banners across, all together at the end."""
    user = cast(User, request.user)
    own = get_visible(request, Region, pk=user.region_prefix[:6].ljust(12, "0"))
    last_year = date(timezone.localdate().year - 1, 12, 31)
    query = periods.asked(request, in_region(user, PersonYear.objects.all(), "region_id"), "year", present=last_year)
    form = YearForm({"region": own.pk} | query.dict(), user=user)
    form.is_valid()
    region, year = form.cleaned_data.get("region") or own, form.cleaned_data.get("year") or last_year.year
    table = figures.indicators(user, region, year)
    title = _("%(region)s %(year)s 年度绩效指标") % {"region": region.name, "year": year}
    wanted = request.GET.get("as")
    if wanted in ("csv", "xlsx"):
        return _file(wanted, title, table)
    if wanted == "pdf":
        return _paper(user, title, table)
    query = urlencode({"region": region.pk, "year": year})
    context = {
        "title": _("年度绩效指标"),
        "heading": title,
        "form": form,
        "places": table.places,
        "rows": [
            (
                one.label,
                UNITS[one.kind] if one.kind == "amount" else "",
                [_shown(one.kind, value) for value in values],
                _shown(one.kind, total),
            )
            for one, values, total in table.rows()
        ],
        "address": f"{reverse('monitoring:yearly')}?{query}&as=",
    }
    return render(request, "figures/yearly.html", context)


def _shown(kind: str, value: int | None) -> str:
    if value is None:
        return "—"
    return percent(value) if kind == "rate" else yuan(value) if kind == "amount" else grouped(value)


def _plain(kind: str, value: int | None) -> Any:
    if value is None:
        return ""
    return value if kind == "number" else Decimal(value) / 100


def _heads(table: figures.Table) -> list[Any]:
    return [_("指标"), _("单位"), *(place.name for place in table.places), _("合计")]


def _file(kind: str, title: str, table: figures.Table) -> HttpResponseBase:
    """Rates in per cent, amounts in yuan, as numbers."""
    rows = [
        (str(one.label), str(UNITS[one.kind]), *(_plain(one.kind, value) for value in (*values, total)))
        for one, values, total in table.rows()
    ]
    return export_rows(kind, title, [Cell(head, at) for at, head in enumerate(_heads(table))], rows)


def _paper(user: User, title: str, table: figures.Table) -> HttpResponse:
    office = user.organisation.name if user.organisation else ""
    paper = Paper(title, office=office, printed_on=timezone.localdate(), landscape=True)
    rows = [
        [one.label, UNITS[one.kind], *(_shown(one.kind, value) for value in (*values, total))]
        for one, values, total in table.rows()
    ]
    align = "ll" + "r" * (len(table.places) + 1)
    paper.table(_heads(table), rows, align, size=7.5)
    paper.note(_note())
    paper.signatures([_("制表"), _("复核"), _("负责人")])
    return paper.response(f"{title}.pdf")


def _note() -> str:
    return _("费用、待遇和预警为年末在册困难群众；申请按申请日期，批准按决定日期；基金支出按账面。")
