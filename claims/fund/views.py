"""Pages of the fund: overview, ledger, what a second person decides, orders and batches."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Bulk, Column, ListPage
from accounts.models import User
from claims.errors import ClaimError, ClaimRefused
from claims.fund import selectors, services
from claims.fund.accounts import SOURCES, SPENDING, Account
from claims.fund.forecast import forecast
from claims.fund.forms import (
    BankForm,
    BudgetForm,
    EntryForm,
    LedgerFilter,
    OrderFilter,
    OverrideForm,
    ReasonForm,
    ReissueForm,
    ResultsForm,
)
from claims.fund.models import Budget, FundEntry, ManualEntry, Override, PaymentBatch, PaymentOrder
from claims.trials.charts import pairs
from policies.engine.money import format_yuan

KINDS: dict[str, type[Any]] = {"budget": Budget, "entry": ManualEntry, "override": Override}
HOME = "fund:overview"


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _crumbs() -> list[tuple[str, str]]:
    return [(_("基金"), reverse(HOME))]


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year", "")
    return int(asked) if asked.isdecimal() and len(asked) == 4 else timezone.localdate().year


@requires(Act.FUND_READ)
def overview(request: HttpRequest) -> HttpResponse:
    """Budget and use, sources, S1-08, spending, forecast and bank of a region and year."""
    user, year = _user(request), _year(request)
    region = selectors.visible_region(user, request.GET.get("region", ""))
    held, used = selectors.balances(region, year), selectors.used(region, year)
    guess = forecast(region, year)
    series = (_("已支出"), _("预计"))
    values = [(_("%(n)s月") % {"n": n + 1}, guess.spent[n], guess.expected[n]) for n in range(12)]
    context = {
        "title": _("基金 %(region)s %(year)s") % {"region": region.name, "year": year},
        "region": region,
        "year": year,
        "years": selectors.years(),
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
        "chart": pairs(_("各月支出"), series, values, format_yuan),
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
        return {"breadcrumb": _crumbs()}


@requires(Act.FUND_READ)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with its postings; an entry by hand can be proposed for reversal."""
    entries = FundEntry.objects.select_related("region", "made_by", "approved_by", "reverses")
    found = get_visible(request, entries, pk=pk)
    if request.method == "POST":
        if not _user(request).may(Act.FUND_WRITE):
            raise Http404
        reason = request.POST.get("reason", "").strip() or _("冲销")
        told = _("已提出冲销，待另一人复核。")
        return _do(
            request,
            lambda: services.propose_reversal(actor=_user(request), entry=found, reason=reason),
            told,
            "fund:waiting",
        )
    context = {
        "title": _("分录 %(number)s") % {"number": found.number},
        "entry": found,
        "postings": found.postings.all(),
        "breadcrumb": [*_crumbs(), (_("基金账"), reverse("fund:ledger"))],
        "may_reverse": found.kind == "manual"
        and not hasattr(found, "reversed_by")
        and _user(request).may(Act.FUND_WRITE),
        "form": ReasonForm(),
    }
    return render(request, "fund/entry.html", context)


def _do(request: HttpRequest, act: Callable[[], Any], told: str, to: str, *args: Any) -> HttpResponse:
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
            act(actor=_user(request), **form.cleaned_data)
        except ClaimError as error:
            field = error.field if isinstance(error, ClaimRefused) and error.field in form.fields else None
            form.add_error(field, str(error))
        else:
            messages.success(request, told)
            return go(request, to, *args)
    context = {"title": title, "form": form, "breadcrumb": _crumbs()}
    return render(request, "fund/form.html", context, status=422 if form.is_bound else 200)


@requires(Act.FUND_WRITE)
def new_entry(request: HttpRequest) -> HttpResponse:
    form = EntryForm(request.POST or None, user=_user(request))
    told = _("已登记，待另一人复核后入账。")
    return _form_page(request, form, services.propose_entry, _("登记资金"), told, "fund:waiting")


@requires(Act.FUND_WRITE)
def new_budget(request: HttpRequest) -> HttpResponse:
    form = BudgetForm(request.POST or None, user=_user(request))
    told = _("预算已提交，待另一人复核。")
    return _form_page(request, form, services.propose_budget, _("提交预算"), told, "fund:waiting")


@requires(Act.FUND_WRITE)
def new_override(request: HttpRequest) -> HttpResponse:
    form = OverrideForm(request.POST or None, user=_user(request))
    told = _("已申请超预算拨付，待另一人复核。")
    return _form_page(request, form, services.request_override, _("申请超预算拨付"), told, "fund:waiting")


@requires(Act.FUND_WRITE)
def bank(request: HttpRequest) -> HttpResponse:
    region = selectors.visible_region(_user(request), "")
    form = BankForm(request.POST or None)

    def record(**values: Any) -> Any:
        return services.record_bank_balance(region=region, **values)

    return _form_page(request, form, record, _("银行对账"), _("已记录对账。"), HOME)


@requires(Act.FUND_READ)
def waiting(request: HttpRequest) -> HttpResponse:
    """Budgets, entries by hand and overrides that wait for a second person."""
    user = _user(request)
    context = {
        "title": _("待复核"),
        "rows": [
            (next(name for name, model in KINDS.items() if isinstance(one, model)), one)
            for one in selectors.waiting_for(user)
        ],
        "may_decide": user.may(Act.FUND_APPROVE),
        "breadcrumb": _crumbs(),
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
    return _do(
        request,
        lambda: services.decide(actor=_user(request), what=what, approve=approve, answer=answer),
        told,
        "fund:waiting",
    )


@requires(Act.FUND_WRITE)
@require_POST
def book(request: HttpRequest) -> HttpResponse:
    """Brings the ledger to what the settlements in force come to."""
    region, year = selectors.visible_region(_user(request), ""), _year(request)
    return _do(
        request,
        lambda: services.book_claims(actor=_user(request), region=region, year=year),
        _("费用结算已入账，账面与结算一致。"),
        HOME,
    )


# --- payments -----------------------------------------------------------------------------------------------------
class Orders(ListPage):
    """Payment orders; open ones are chosen and put into a batch."""

    act = Act.FUND_READ
    title = gettext_lazy("拨付单")
    filters = OrderFilter
    columns = (
        Column("number", gettext_lazy("拨付单号"), kind="mono", primary=True),
        Column("region.name", gettext_lazy("地区")),
        Column("get_kind_display", gettext_lazy("用途")),
        Column("payee_name", gettext_lazy("收款人")),
        Column("bank_name", gettext_lazy("开户银行"), shown=False),
        Column("masked_account", gettext_lazy("银行账号"), kind="mono"),
        Column("amount", gettext_lazy("金额"), kind="amount", sort="amount"),
        Column("get_state_display", gettext_lazy("状态"), kind="badge", tone=lambda row: row.tone),
        Column("result_on", gettext_lazy("结果日期"), kind="date"),
        Column("result_reason", gettext_lazy("退回原因")),
    )
    default_sort = "-id"
    empty = gettext_lazy("还没有拨付单")
    empty_help = gettext_lazy("批准的决定、补支付和资助款下达拨付后列在这里")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.orders_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: PaymentOrder) -> str:
        return reverse("fund:order", args=[row.pk])

    @property
    def bulk(self) -> list[Bulk]:  # type: ignore[override]
        return [Bulk(_("制成批次"), reverse("fund:make_batch"))] if self.user.may(Act.FUND_WRITE) else []

    def extra(self) -> dict[str, Any]:
        return {"breadcrumb": _crumbs(), "actions": [{"label": _("批次"), "url": reverse("fund:batches")}]}


@requires(Act.FUND_READ)
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """One order: where it stands, in which batches it went; results and a corrected account by hand."""
    orders = PaymentOrder.objects.select_related("region", "person", "ordered_by", "override__decided_by")
    found = get_visible(request, orders, pk=pk)
    may_write = _user(request).may(Act.FUND_WRITE)
    summary = [
        (_("用途"), found.get_kind_display()),
        {"label": _("状态"), "value": found.get_state_display(), "kind": "badge", "tone": found.tone},
        (_("收款人"), found.payee_name),
        {"label": _("银行账号"), "value": found.masked_account, "kind": "mono"},
        {"label": _("金额"), "value": found.amount, "kind": "amount"},
        (_("条款"), "、".join(found.clauses)),
        {"label": _("来源"), "value": found.reference, "kind": "mono"},
        (_("下达人"), str(found.ordered_by or _("系统"))),
    ]
    if found.override:
        summary.append((_("超预算复核"), str(found.override.decided_by or "")))
    context = {
        "title": _("拨付单 %(number)s") % {"number": found.number},
        "order": found,
        "summary": summary,
        "lines": found.lines.select_related("batch").order_by("id"),
        "may_result": may_write and found.state in ("sent", "paid"),
        "may_reissue": may_write and found.state == "returned",
        "reissue": ReissueForm(initial={"payee_name": found.payee_name, "bank_name": found.bank_name}),
        "breadcrumb": [*_crumbs(), (_("拨付单"), reverse("fund:orders"))],
    }
    return render(request, "fund/order.html", context)


@requires(Act.FUND_WRITE)
@require_POST
def result(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_visible(request, PaymentOrder, pk=pk)
    paid, reason = request.POST.get("paid") == "1", request.POST.get("reason", "")
    return _do(
        request,
        lambda: services.record_result(actor=_user(request), order=found, paid=paid, reason=reason),
        _("已登记银行结果。"),
        "fund:order",
        pk,
    )


@requires(Act.FUND_WRITE)
@require_POST
def reissue(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = get_visible(request, PaymentOrder, pk=pk), ReissueForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请填写更正后的银行账号和收款人。"))
        return go(request, "fund:order", pk)
    return _do(
        request,
        lambda: services.reissue(actor=_user(request), order=found, **form.cleaned_data),
        _("已按更正后的账号重新下达。"),
        "fund:order",
        pk,
    )


class Batches(ListPage):
    act = Act.FUND_READ
    title = gettext_lazy("拨付批次")
    columns = (
        Column("number", gettext_lazy("批次号"), kind="mono", primary=True),
        Column("region.name", gettext_lazy("地区")),
        Column("count", gettext_lazy("笔数"), kind="number"),
        Column("total", gettext_lazy("金额"), kind="amount", sort="total"),
        Column("get_state_display", gettext_lazy("状态")),
        Column("made_at", gettext_lazy("制表时间"), kind="datetime", sort="made_at"),
        Column("made_by.name", gettext_lazy("制表人")),
        Column("sha256", gettext_lazy("文件校验值"), kind="mono", shown=False),
    )
    default_sort = "-id"
    empty = gettext_lazy("还没有批次")
    empty_help = gettext_lazy("在拨付单中选择待制表的单据，制成批次")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.batches_for(self.user)

    @staticmethod
    def row_url(row: PaymentBatch) -> str:
        return reverse("fund:batch", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        return {"breadcrumb": _crumbs()}


@requires(Act.FUND_WRITE)
@require_POST
def make_batch(request: HttpRequest) -> HttpResponseBase:
    user = _user(request)
    chosen = [int(one) for one in request.POST.getlist("ids") if one.isdecimal()]
    region = selectors.visible_region(user, "")
    try:
        made = services.make_batch(actor=user, region=region, orders=user.visible(PaymentOrder).filter(pk__in=chosen))
    except ClaimError as error:
        messages.error(request, str(error))
        return go(request, "fund:orders")
    return go(request, "fund:batch", made.pk)


@requires(Act.FUND_READ)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One batch with its lines; sent, then answered by the bank's file."""
    found = get_visible(request, PaymentBatch.objects.select_related("region", "made_by", "sent_by"), pk=pk)
    form = ResultsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            text = form.cleaned_data["file"].read().decode("utf-8-sig")
            counts = services.take_results(actor=_user(request), batch=found, text=text)
        except UnicodeDecodeError:
            form.add_error("file", _("文件不是 UTF-8 编码；请另存为 CSV UTF-8 后再上传。"))
        except ClaimError as error:
            form.add_error("file", str(error))
        else:
            messages.success(
                request,
                _("银行结果已登记：成功%(paid)s笔，退回%(returned)s笔。")
                % dict(zip(("paid", "returned"), counts, strict=True)),
            )
            return go(request, "fund:batch", pk)
    summary = [
        (_("地区"), found.region.name),
        (_("状态"), found.get_state_display()),
        (_("笔数"), found.count),
        {"label": _("金额"), "value": found.total, "kind": "amount"},
        (_("制表人"), str(found.made_by or "")),
        {"label": _("文件校验值"), "value": found.sha256, "kind": "mono"},
    ]
    context = {
        "title": _("批次 %(number)s") % {"number": found.number},
        "batch": found,
        "summary": summary,
        "lines": found.lines.select_related("order"),
        "form": form,
        "may_write": _user(request).may(Act.FUND_WRITE),
        "breadcrumb": [*_crumbs(), (_("拨付批次"), reverse("fund:batches"))],
    }
    return render(request, "fund/batch.html", context, status=422 if form.errors else 200)


@requires(Act.FUND_WRITE)
def batch_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file for the bank."""
    found = get_visible(request, PaymentBatch, pk=pk)
    answer = HttpResponse(services.bank_file(found), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"{found.number}.csv")
    return answer


@requires(Act.FUND_WRITE)
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_visible(request, PaymentBatch, pk=pk)
    return _do(
        request,
        lambda: services.send_batch(actor=_user(request), batch=found),
        _("已标记为报送银行，等待银行结果。"),
        "fund:batch",
        pk,
    )
