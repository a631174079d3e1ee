"""Pages of payments: orders, the batches in which they go to the bank, the bank's answers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Bulk, Column, ListPage
from claims.errors import ClaimError
from claims.fund import selectors, services
from claims.fund.forms import OrderFilter, ReissueForm, ResultsForm
from claims.fund.models import PaymentBatch, PaymentOrder
from claims.fund.views import acted, crumbs, user_of

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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
        return {"breadcrumb": crumbs(), "actions": [{"label": _("批次"), "url": reverse("fund:batches")}]}


@requires(Act.FUND_READ)
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """One order: where it stands, in which batches it went; results and a corrected account by hand."""
    orders = PaymentOrder.objects.select_related("region", "person", "ordered_by", "override__decided_by")
    found = get_visible(request, orders, pk=pk)
    may_write = user_of(request).may(Act.FUND_WRITE)
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
        "breadcrumb": [*crumbs(), (_("拨付单"), reverse("fund:orders"))],
    }
    return render(request, "fund/order.html", context)


@requires(Act.FUND_WRITE)
@require_POST
def result(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_visible(request, PaymentOrder, pk=pk)
    paid, reason = request.POST.get("paid") == "1", request.POST.get("reason", "")
    return acted(
        request,
        lambda: services.record_result(actor=user_of(request), order=found, paid=paid, reason=reason),
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
    return acted(
        request,
        lambda: services.reissue(actor=user_of(request), order=found, **form.cleaned_data),
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
        return {"breadcrumb": crumbs()}


@requires(Act.FUND_WRITE)
@require_POST
def make_batch(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
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
            counts = services.take_results(actor=user_of(request), batch=found, text=text)
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
        "may_write": user_of(request).may(Act.FUND_WRITE),
        "breadcrumb": [*crumbs(), (_("拨付批次"), reverse("fund:batches"))],
    }
    return render(request, "fund/batch.html", context, status=422 if form.errors else 200)


@requires(Act.FUND_WRITE)
def batch_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file for the bank: CSV, or a workbook with `?as=xlsx`."""
    found = get_visible(request, PaymentBatch, pk=pk)
    sheet = request.GET.get("as") == "xlsx"
    body, media, end = (services.bank_sheet, XLSX, "xlsx") if sheet else (services.bank_file, CSV, "csv")
    answer = HttpResponse(body(found), content_type=media)
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"{found.number}.{end}")
    return answer


@requires(Act.FUND_WRITE)
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_visible(request, PaymentBatch, pk=pk)
    return acted(
        request,
        lambda: services.send_batch(actor=user_of(request), batch=found),
        _("已标记为报送银行，等待银行结果。"),
        "fund:batch",
        pk,
    )
