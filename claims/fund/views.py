"""Pages of the fund: overview, ledger, what a second person decides, orders and batches."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import periods
from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import User
from accounts.templatetags.tuodi import yuan
from claims.errors import ClaimError, ClaimRefused
from claims.fund import selectors, services
from claims.fund.accounts import SOURCES, SPENDING, Account
from claims.fund.forecast import forecast
from claims.fund.forms import (
    BankForm,
    BudgetForm,
    EntryForm,
    LedgerFilter,
    OverrideForm,
    ReasonForm,
)
from claims.fund.models import Budget, FundEntry, ManualEntry, Override
from claims.trials.charts import pairs

KINDS: dict[str, type[Any]] = {"budget": Budget, "entry": ManualEntry, "override": Override}
HOME = "fund:overview"


def user_of(request: HttpRequest) -> User:
    """Who asks."""
    return cast(User, request.user)


def crumbs() -> list[tuple[str, str]]:
    """The way to every page of the fund."""
    return [(_("基金"), reverse(HOME))]


def _year(query: QueryDict) -> int:
    asked = query.get("year", "")
    return int(asked) if asked.isdecimal() and len(asked) == 4 else timezone.localdate().year


@requires(Act.FUND_READ)
def overview(request: HttpRequest) -> HttpResponse:
    """Budget and use, sources, S1-08, spending, forecast and bank of a region and year."""
    user = user_of(request)
    year = _year(periods.asked(request, user.visible(FundEntry), "year"))
    region = selectors.visible_region(user, request.GET.get("region", ""))
    held, used = selectors.balances(region, year), selectors.used(region, year)
    guess = forecast(region, year)
    series = (_("已支出"), _("预计"))
    values = [(_("%(n)s月") % {"n": n + 1}, guess.spent[n], guess.expected[n]) for n in range(12)]
    context = {
        "title": _("基金 %(region)s %(year)s") % {"region": region.name, "year": year},
        "region": region,
        "year": year,
        "years": selectors.years(year),
        "places": user.visible(type(region)).filter(level__lte=3),
        "used": used,
        "sources": [(one.label, -held.get(one, 0)) for one in SOURCES],
        "source_total": selectors.sources_of(held),
        "spending": [(one.label, held.get(one, 0)) for one in SPENDING],
        "spent": selectors.spent_of(held),
        "county_care": held.get(Account.COUNTY_CARE, 0),
        "others": [
            (Account.BANK.label, held.get(Account.BANK, 0)),
            (Account.PAYABLE.label, -held.get(Account.PAYABLE, 0)),
            (Account.RECOVERABLE.label, held.get(Account.RECOVERABLE, 0)),
        ],
        "financing": selectors.financing(region, year),
        "banners": selectors.banners(region, year),
        "forecast": guess,
        "over": guess.total - used.amount if used.budget else 0,
        "chart": pairs(_("各月支出"), series, values, yuan),
        "bank": selectors.bank_balances(region, year),
        "may_write": user.may(Act.FUND_WRITE),
    }
    return render(request, "fund/overview.html", context)


class Ledger(ListPage):
    """Entries, newest first."""

    act = Act.FUND_READ
    title = gettext_lazy("基金账")
    filters = LedgerFilter
    columns = (
        Column("number", gettext_lazy("分录号"), kind="mono", primary=True),
        Column("day", gettext_lazy("日期"), kind="date", sort="day"),
        Column("region.name", gettext_lazy("地区")),
        Column("year", gettext_lazy("年度")),
        Column("get_kind_display", gettext_lazy("类型")),
        Column("note", gettext_lazy("摘要")),
        Column("document", gettext_lazy("凭证"), shown=False),
        Column("turnover", gettext_lazy("金额"), kind="amount"),
        Column("made_by.name", gettext_lazy("经办人"), shown=False),
    )
    default_sort = "-id"
    empty = gettext_lazy("还没有分录")
    empty_help = gettext_lazy("资金到账由基金财务登记、另一人复核；支出随结算和拨付自动入账")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.entries_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: FundEntry) -> str:
        return reverse("fund:entry", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        return {"breadcrumb": crumbs()}


@requires(Act.FUND_READ)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with its postings; an entry by hand can be proposed for reversal."""
    entries = FundEntry.objects.select_related("region", "made_by", "approved_by", "reverses")
    found = get_visible(request, entries, pk=pk)
    if request.method == "POST":
        if not user_of(request).may(Act.FUND_WRITE):
            raise Http404
        reason = request.POST.get("reason", "").strip() or _("冲销")
        told = _("已提出冲销，待另一人复核。")
        return acted(
            request,
            lambda: services.propose_reversal(actor=user_of(request), entry=found, reason=reason),
            told,
            "fund:waiting",
        )
    context = {
        "title": _("分录 %(number)s") % {"number": found.number},
        "entry": found,
        "postings": found.postings.all(),
        "breadcrumb": [*crumbs(), (_("基金账"), reverse("fund:ledger"))],
        "may_reverse": found.kind == "manual"
        and not hasattr(found, "reversed_by")
        and user_of(request).may(Act.FUND_WRITE),
        "form": ReasonForm(),
    }
    return render(request, "fund/entry.html", context)


def acted(request: HttpRequest, act: Callable[[], Any], told: str, to: str, *args: Any) -> HttpResponse:
    """Does it, says what was done or why not, and goes on to a page."""
    try:
        act()
    except ClaimError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, told)
    return go(request, to, *args)


def _form_page(
    request: HttpRequest, form: forms.Form, act: Callable[..., Any], title: str, told: str, to: str, *args: Any
) -> HttpResponse:
    """A form whose fields are the keywords of a service."""
    if request.method == "POST" and form.is_valid():
        try:
            act(actor=user_of(request), **form.cleaned_data)
        except ClaimError as error:
            field = error.field if isinstance(error, ClaimRefused) and error.field in form.fields else None
            form.add_error(field, str(error))
        else:
            messages.success(request, told)
            return go(request, to, *args)
    context = {"title": title, "form": form, "breadcrumb": crumbs()}
    return render(request, "fund/form.html", context, status=422 if form.is_bound else 200)


@requires(Act.FUND_WRITE)
def new_entry(request: HttpRequest) -> HttpResponse:
    form = EntryForm(request.POST or None, user=user_of(request))
    told = _("已登记，待另一人复核后入账。")
    return _form_page(request, form, services.propose_entry, _("登记资金"), told, "fund:waiting")


@requires(Act.FUND_WRITE)
def new_budget(request: HttpRequest) -> HttpResponse:
    form = BudgetForm(request.POST or None, user=user_of(request))
    told = _("预算已提交，待另一人复核。")
    return _form_page(request, form, services.propose_budget, _("提交预算"), told, "fund:waiting")


@requires(Act.FUND_WRITE)
def new_override(request: HttpRequest) -> HttpResponse:
    form = OverrideForm(request.POST or None, user=user_of(request))
    told = _("已申请超预算拨付，待另一人复核。")
    return _form_page(request, form, services.request_override, _("申请超预算拨付"), told, "fund:waiting")


@requires(Act.FUND_WRITE)
def bank(request: HttpRequest) -> HttpResponse:
    region = selectors.visible_region(user_of(request), "")
    form = BankForm(request.POST or None)

    def record(**values: Any) -> Any:
        return services.record_bank_balance(region=region, **values)

    return _form_page(request, form, record, _("银行对账"), _("已记录对账。"), HOME)


@requires(Act.FUND_READ)
def waiting(request: HttpRequest) -> HttpResponse:
    """Budgets, entries by hand and overrides that wait for a second person."""
    user = user_of(request)
    context = {
        "title": _("待复核"),
        "rows": [
            (next(name for name, model in KINDS.items() if isinstance(one, model)), one)
            for one in selectors.waiting_for(user)
        ],
        "may_decide": user.may(Act.FUND_APPROVE),
        "breadcrumb": crumbs(),
    }
    return render(request, "fund/waiting.html", context)


@requires(Act.FUND_APPROVE)
@require_POST
def decide(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The second person's word."""
    if kind not in KINDS:
        raise Http404
    what = get_visible(request, KINDS[kind], pk=pk)
    approve = request.POST.get("approve") == "1"
    answer = request.POST.get("answer", "").strip()
    told = _("已通过。") if approve else _("已退回。")
    return acted(
        request,
        lambda: services.decide(actor=user_of(request), what=what, approve=approve, answer=answer),
        told,
        "fund:waiting",
    )


@requires(Act.FUND_WRITE)
@require_POST
def book(request: HttpRequest) -> HttpResponse:
    """Brings the ledger to what the settlements in force come to."""
    region, year = selectors.visible_region(user_of(request), ""), _year(request.GET)
    return acted(
        request,
        lambda: services.book_claims(actor=user_of(request), region=region, year=year),
        _("费用结算已入账，账面与结算一致。"),
        HOME,
    )
