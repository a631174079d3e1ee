"""The ledger by place, the persons behind a number, a county's year on the worker, monasteries, funding, trace."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Act
from accounts.doors import go, requires
from accounts.export import export_rows
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord, Region
from accounts.services import record_read
from beneficiaries.enrolment import selectors, services
from beneficiaries.enrolment.forms import LedgerFilter, PeopleFilter, PlaceFilter, YearRegionForm
from beneficiaries.enrolment.funding import FundingRow, funding_rows
from beneficiaries.enrolment.models import Insurance
from beneficiaries.enrolment.selectors import STATUSES, LedgerRow
from beneficiaries.enrolment.trace import Ground, Step, culprit, trace, with_facts
from beneficiaries.enrolment.views.common import asked, chosen, may_write, places, user_of
from beneficiaries.models import Person

COLUMNS = (
    Column("name", gettext_lazy("地区")),
    Column("people", gettext_lazy("人数"), kind="number"),
    Column("resident", gettext_lazy("居民医保"), kind="number"),
    Column("employee", gettext_lazy("职工医保"), kind="number"),
    Column("elsewhere", gettext_lazy("外地参保"), kind="number"),
    Column("unpaid", gettext_lazy("应缴未缴"), kind="number"),
    Column("unregistered", gettext_lazy("未登记"), kind="number"),
    Column("rate", gettext_lazy("参保率（%）"), value=lambda row: _percent(row.rate)),
    Column("next_rate", gettext_lazy("下年度参保率（%）"), value=lambda row: _percent(row.next_rate)),
    Column("fund", gettext_lazy("救助基金资助"), kind="amount"),
    Column("county_finance", gettext_lazy("县级财政资助"), kind="amount"),
    Column("other_paid", gettext_lazy("其他渠道代缴"), kind="amount"),
)


def _percent(rate: int | None) -> str:
    return "" if rate is None else f"{rate / 100:.2f}"


@requires(Act.ENROLMENT_READ)
@require_GET
def ledger(request: HttpRequest) -> HttpResponseBase:
    """Numbers by place for a population and year, against the targets; every number leads to its persons."""
    user = user_of(request)
    form = LedgerFilter(asked(request), user=user)
    form.is_valid()
    region, year = chosen(form, user)
    population = form.cleaned_data.get("population") or "hardship"
    rows, total = selectors.ledger(user, region=region, year=year, population=population)
    if request.GET.get("export") in ("csv", "xlsx"):
        name = f"{_('参保台账')}-{region.name}-{year}"
        return export_rows(request.GET["export"], name, list(COLUMNS), [*rows, total])
    _rows, exited = selectors.ledger(user, region=region, year=year, population="exited")
    context = {
        "title": _("参保台账"),
        "places": places(user, "ledger"),
        "form": form,
        "region": region,
        "year": year,
        "population": selectors.POPULATIONS[population][0],
        "rows": [(row, _links(row, year, population), _deeper(row, region, year, population)) for row in rows],
        "total": total,
        "total_links": _links(total, year, population),
        "targets": selectors.target_rows(user, region=region, year=year),
        "residents": selectors.residents(region, year),
        "departments": [
            (one, _people_url(region.code, year, population, status="uninsured", department=one.department))
            for one in selectors.by_department(user, region=region, year=year, population=population)
        ],
        "exited": exited,
        "exited_url": _people_url(region.code, year, "exited", status="employee"),
        "compute": YearRegionForm(user=user, initial={"region": region.code, "year": year}, auto_id="start_%s")
        if may_write(request)
        else None,
        "export": f"{request.path}?{urlencode({'region': region.code, 'year': year, 'population': population})}",
    }
    return render(request, "enrolment/ledger.html", context)


def _people_url(code: str, year: int, population: str, **more: str) -> str:
    query = {"region": code, "year": year, "population": population, **more}
    return f"{reverse('enrolment:people')}?{urlencode(query)}"


def _links(row: LedgerRow, year: int, population: str) -> dict[str, str]:
    found = {status: _people_url(row.code, year, population, status=status) for status in STATUSES}
    return {"people": _people_url(row.code, year, population), **found}


def _deeper(row: LedgerRow, region: Region, year: int, population: str) -> str:
    """The ledger of the place itself, while it has places below."""
    if row.code == region.code or row.code[6:] != "000000":
        return ""
    query = {"region": row.code, "year": year, "population": population}
    return f"{reverse('enrolment:ledger')}?{urlencode(query)}"


@requires(Act.ENROLMENT_WRITE)
@require_POST
def compute(request: HttpRequest) -> HttpResponse:
    """Enrols and computes a region's year on the worker."""
    user = user_of(request)
    form = YearRegionForm(request.POST, user=user)
    if not form.is_valid():
        messages.error(request, _("请选择地区和年度。"))
        return go(request, "enrolment:ledger")
    region, year = form.cleaned_data["region"], form.cleaned_data["year"]
    url = f"{reverse('enrolment:ledger')}?{urlencode({'region': region.code, 'year': year})}"
    try:
        job = services.start_computing(actor=user, region=region, year=year, url=url)
    except (PermissionDenied, ValidationError) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
        return go(request, url)
    return go(request, "accounts:job", job.pk)


# --- persons ----------------------------------------------------------------------------------------------------------
def _categories(person: Person) -> str:
    return "、".join(str(spell.get_category_display()) for spell in person.held)  # type: ignore[attr-defined]


def _insurance(person: Any) -> str:
    return str(Insurance(person.e_insurance).label) if person.e_insurance else _("未登记参保")


def _net(person: Any) -> int | None:
    return None if person.e_paid is None else person.e_paid + person.e_other_paid - person.e_refunded


class People(ListPage):
    """The persons behind a number of the ledger."""

    act = Act.ENROLMENT_READ
    title = gettext_lazy("参保人员")
    filters = PeopleFilter
    template_name = "enrolment/list.html"
    columns = (
        Column("name", gettext_lazy("姓名"), primary=True),
        Column("masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("categories", gettext_lazy("现有类别"), value=_categories),
        Column("region.name", gettext_lazy("所在地区")),
        Column("insurance", gettext_lazy("险种"), value=_insurance),
        Column("e_tier", gettext_lazy("档次")),
        Column("e_base", gettext_lazy("缴费标准"), kind="amount"),
        Column("e_fund", gettext_lazy("救助基金"), kind="amount"),
        Column("e_county_finance", gettext_lazy("县级财政"), kind="amount"),
        Column("e_due", gettext_lazy("个人应缴"), kind="amount"),
        Column("net", gettext_lazy("已缴"), kind="amount", value=_net),
    )
    empty = gettext_lazy("没有符合条件的人员")
    empty_help = gettext_lazy("换一个年度、人群或状态；新名单确认后请先核算本年度参保。")

    def asked(self) -> QueryDict:
        return selectors.asked_year(self.request, self.user)

    def rows(self, filters: dict[str, Any]) -> QuerySet[Person]:
        region = filters.get("region") or Region.objects.get(pk=self.user.region_prefix.ljust(12, "0"))
        return selectors.people_rows(
            self.user,
            region=region,
            year=filters.get("year") or selectors.default_year(),
            population=filters.get("population") or "hardship",
            status=filters.get("status") or "",
            department=filters.get("department") or "",
        )

    def row_url(self, row: Person) -> str:
        if not self.user.may(Act.PERSON_READ):
            return ""
        return reverse("beneficiaries:person_tab", args=[row.pk, "enrolment"])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="enrolment", request=self.request)

    def extra(self) -> dict[str, Any]:
        return {"places": places(self.user, "ledger")}


class Trace(People):
    """Uninsured persons with the step at which they stopped (S3-08)."""

    title = gettext_lazy("参保责任倒查")
    empty = gettext_lazy("没有未参保的人员")
    empty_help = gettext_lazy("未参保的低收入人口列在这里，逐人显示认定、送达、登记、推送、缴费各步的期限和日期。")
    _year = 0

    @property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]
        """Columns that ask for a person's trace, over the text and calendar of each county read once."""
        grounds: dict[str, Ground] = {}

        def stopped(row: Any) -> Step:
            county = row.region_id[:6].ljust(12, "0")
            if county not in grounds:
                grounds[county] = Ground.of(county, self._year)
            if not hasattr(row, "stopped"):
                row.stopped = culprit(trace(row, self._year, grounds[county])) or Step("", "", "")
            return row.stopped

        def tells(name: str) -> Any:
            return lambda row: getattr(stopped(row), name)

        return (
            Column("name", _("姓名"), primary=True),
            Column("masked_id_number", _("证件号码"), kind="mono"),
            Column("region.name", _("所在地区")),
            Column("step", _("停在"), value=tells("label")),
            Column("who", _("责任部门"), value=tells("department")),
            Column("due", _("期限"), kind="date", value=tells("due")),
            Column("done", _("完成日期"), kind="date", value=tells("done")),
            Column("state", _("状态"), kind="badge", value=tells("state"), tone=tells("tone")),
            Column("clause", _("条款"), kind="mono", value=tells("clause")),
        )

    def rows(self, filters: dict[str, Any]) -> QuerySet[Person]:
        self._year = filters.get("year") or selectors.default_year()
        return with_facts(super().rows(filters | {"status": filters.get("status") or "uninsured"}), self._year)

    def extra(self) -> dict[str, Any]:
        return {"places": places(self.user, "trace")}


# --- monasteries, funding -------------------------------------------------------------------------------------------
@requires(Act.ENROLMENT_READ)
@require_GET
def monasteries(request: HttpRequest) -> HttpResponseBase:
    """S0-20: by monastery its people, the insured, the commended."""
    user = user_of(request)
    form = PlaceFilter(asked(request), user=user)
    form.is_valid()
    _region, year = chosen(form, user)
    columns = [
        Column("detail", gettext_lazy("寺庙")),
        Column("people", gettext_lazy("僧尼人数"), kind="number"),
        Column("insured", gettext_lazy("参保人数"), kind="number"),
        Column("commended_count", gettext_lazy("先进僧尼"), kind="number"),
    ]
    rows = selectors.monasteries(user, year)
    if request.GET.get("export") in ("csv", "xlsx"):
        return export_rows(request.GET["export"], f"{_('寺庙僧尼参保')}-{year}", columns, rows)
    del form.fields["region"]
    context = {
        "title": _("寺庙僧尼参保"),
        "places": places(user, "monasteries"),
        "form": form,
        "columns": columns,
        "rows": rows,
        "export": f"{request.path}?year={year}",
        "empty": _("还没有登记寺庙僧尼"),
        "empty_help": _(
            "统战、民宗部门的僧尼名单写明“寺庙”和“先进僧尼”两列，确认后即登记在这里；"
            "也可以在人员档案的“参保”页用“标记”登记。"
        ),
        "empty_url": reverse("exchange:upload") if user.may(Act.ROSTER_UPLOAD) else "",
        "empty_label": _("上传名单"),
    }
    return render(request, "enrolment/table.html", context)


@requires(Act.ENROLMENT_READ)
@require_GET
def funding(request: HttpRequest) -> HttpResponseBase:
    """S2-05: what is short of the subsidy money by county, before the window closes."""
    user = user_of(request)
    form = PlaceFilter(asked(request), user=user)
    form.is_valid()
    region, year = chosen(form, user)
    columns = [
        Column("name", gettext_lazy("旗县")),
        Column("fund", gettext_lazy("需救助基金"), kind="amount"),
        Column("county_finance", gettext_lazy("需县级财政"), kind="amount"),
        Column("needed", gettext_lazy("合计需要"), kind="amount"),
        Column("arrived", gettext_lazy("已到位"), kind="amount"),
        Column(
            "short",
            gettext_lazy("缺口"),
            kind="amount",
        ),
        Column("window_to", gettext_lazy("集中缴费期结束"), kind="date"),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda row: _funding_state(row)[0],
            tone=lambda row: _funding_state(row)[1],
        ),
    ]
    rows = funding_rows(user, region=region, year=year)
    if request.GET.get("export") in ("csv", "xlsx"):
        return export_rows(request.GET["export"], f"{_('资助资金缺口')}-{year}", columns, rows)
    context = {
        "title": _("资助资金缺口"),
        "places": places(user, "funding"),
        "form": form,
        "columns": columns,
        "rows": rows,
        "export": f"{request.path}?{urlencode({'region': region.code, 'year': year})}",
        "empty": _("这一年度还没有核算参保"),
        "empty_help": _("在参保台账中核算本年度参保后，这里列出各旗县需要、到位和短缺的资助资金。"),
        "empty_url": reverse("enrolment:ledger"),
        "empty_label": _("参保台账"),
    }
    return render(request, "enrolment/table.html", context)


def _funding_state(row: FundingRow) -> tuple[str, str]:
    if not row.short:
        return _("已足额到位"), "done"
    if row.days_left is None:
        return _("未登记缴费期"), "due"
    if row.days_left < 0:
        return _("缴费期已过，未足额"), "late"
    return _("还有 %(n)s 天") % {"n": row.days_left}, "due"
