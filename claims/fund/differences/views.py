"""Pages of differences: the list with what is to pay and to get back, one with its receipts."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.forms import DateInput
from accounts.lists import Bulk, Column, ListFilter, ListPage
from accounts.models import User
from claims.errors import ClaimError, ClaimRefused
from claims.forms import AmountField
from claims.fund.differences import selectors, services
from claims.fund.differences.models import Difference

CHOICES = [
    ("", gettext_lazy("全部")),
    ("to_pay", gettext_lazy("待下达")),
    ("ordered", gettext_lazy("已下达")),
    ("owed", gettext_lazy("待追回")),
    ("received", gettext_lazy("已追回")),
    ("even", gettext_lazy("补退相抵")),
]


class DifferenceFilter(ListFilter):
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=CHOICES)
    year = forms.IntegerField(label=gettext_lazy("年度"))
    case = forms.CharField(label=gettext_lazy("重新结算编号"))


class ReceiptForm(forms.Form):
    day = forms.DateField(label=gettext_lazy("到账日期"), widget=DateInput())
    amount = AmountField(label=gettext_lazy("金额（元）"))
    document = forms.CharField(label=gettext_lazy("凭证"), max_length=120, help_text=gettext_lazy("银行回单的编号"))


def words(row: Difference) -> str:
    """Where a difference stands."""
    if row.order:
        return row.order.get_state_display()
    if row.to_pay:
        return _("待下达") if row.person.bank_account else _("没有银行账号")
    if row.to_recover:
        return _("待追回") if row.left else _("已追回")
    return _("补退相抵")


def tone(row: Difference) -> str:
    if row.order:
        return row.order.tone
    if row.to_pay:
        return "due" if row.person.bank_account else "late"
    return "due" if row.left else "done"


def _money(name: str, label: Any) -> Column:
    """An amount; nothing is a dash."""
    return Column(name, label, kind="amount", value=lambda row: getattr(row, name) or None)


class Differences(ListPage):
    """What confirmed re-settlements leave to pay and to get back, person by person."""

    act = Act.FUND_READ
    title = gettext_lazy("补退差额")
    filters = DifferenceFilter
    columns = (
        Column("case.number", gettext_lazy("重新结算编号"), kind="mono"),
        Column("person.name", gettext_lazy("姓名"), primary=True),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono", shown=False),
        Column("region.name", gettext_lazy("地区")),
        Column("year", gettext_lazy("年度"), sort="year"),
        _money("supplement", gettext_lazy("补支付")),
        _money("recovery", gettext_lazy("追回")),
        _money("to_pay", gettext_lazy("应付")),
        _money("to_recover", gettext_lazy("应收")),
        _money("received", gettext_lazy("已收回")),
        Column("state", gettext_lazy("状态"), kind="badge", value=words, tone=tone),
        Column("order.number", gettext_lazy("拨付单号"), kind="mono"),
        Column("created_at", gettext_lazy("形成时间"), kind="datetime", shown=False),
    )
    default_sort = ""
    empty = gettext_lazy("没有补退差额")
    empty_help = gettext_lazy("重新结算由另一人确认后，基金应补给个人和应向个人追回的金额列在这里")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.differences_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: Difference) -> str:
        return reverse("fund:difference", args=[row.pk])

    @property
    def bulk(self) -> list[Bulk]:  # type: ignore[override]
        return [Bulk(_("下达补支付"), reverse("fund:issue"))] if self.user.may(Act.FUND_WRITE) else []

    def extra(self) -> dict[str, Any]:
        return {"breadcrumb": [(_("基金"), reverse("fund:overview"))]}


@requires(Act.FUND_WRITE)
@require_POST
def issue(request: HttpRequest) -> HttpResponse:
    """Orders for the chosen differences."""
    user = cast(User, request.user)
    chosen = [int(one) for one in request.POST.getlist("ids") if one.isdecimal()]
    done = services.issue(actor=user, differences=user.visible(Difference).filter(pk__in=chosen))
    if done.ordered:
        said = ngettext("已下达 %(n)s 笔补支付", "已下达 %(n)s 笔补支付", done.ordered) % {"n": done.ordered}
        messages.success(request, said)
    if done.without_account:
        names = "、".join(done.without_account[:10])
        messages.warning(request, _("没有银行账号，未下达：%(names)s；请先在人员档案登记。") % {"names": names})
    if done.problem:
        messages.error(request, done.problem)
    if not (done.ordered or done.without_account or done.problem):
        messages.info(request, _("所选的差额没有须下达的补支付。"))
    return go(request, "fund:differences")


@requires(Act.FUND_READ)
def difference(request: HttpRequest, pk: int) -> HttpResponse:
    """One difference: how it came about, its order, what came back."""
    user = cast(User, request.user)
    rows = Difference.objects.select_related("case", "person", "region", "order")
    found = get_visible(request, rows, pk=pk)
    may_receive = user.may(Act.FUND_WRITE) and found.left > 0
    form = ReceiptForm(request.POST or None, initial={"day": timezone.localdate(), "amount": found.left})
    if request.method == "POST" and may_receive and form.is_valid():
        try:
            services.receive(actor=user, difference=found, **form.cleaned_data)
        except ClaimError as error:
            field = error.field if isinstance(error, ClaimRefused) and error.field in form.fields else None
            form.add_error(field, str(error))
        else:
            messages.success(request, _("已登记到账。"))
            return go(request, "fund:difference", pk)
    summary = [
        (_("姓名"), found.person.name),
        {"label": _("证件号码"), "value": found.person.masked_id_number, "kind": "mono"},
        (_("地区"), found.region.name),
        (_("年度"), str(found.year)),
        {"label": _("补支付"), "value": found.supplement, "kind": "amount"},
        {"label": _("追回"), "value": found.recovery, "kind": "amount"},
        {"label": _("状态"), "value": words(found), "kind": "badge", "tone": tone(found)},
    ]
    context = {
        "title": _("补退差额 %(name)s") % {"name": found.person.name},
        "difference": found,
        "summary": summary,
        "adjustments": found.case.adjustments.filter(person=found.person, year=found.year).select_related("claim"),
        "receipts": found.receipts.select_related("recorded_by"),
        "form": form if may_receive else None,
        "breadcrumb": [(_("基金"), reverse("fund:overview")), (_("补退差额"), reverse("fund:differences"))],
    }
    return render(request, "fund/difference.html", context, status=422 if form.errors else 200)
