"""Forms of the fund."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput, RegionField
from accounts.lists import ListFilter
from accounts.models import User
from claims.forms import AmountField
from claims.fund.accounts import Account
from claims.fund.ledger import BY_HAND
from claims.fund.models import FundEntry, PaymentOrder

ALL = ("", gettext_lazy("全部"))
HAND = [(one.value, one.label) for one in Account if one in BY_HAND]


class LedgerFilter(ListFilter):
    year = forms.IntegerField(label=gettext_lazy("年度"))
    kind = forms.ChoiceField(label=gettext_lazy("类型"), choices=[ALL, *FundEntry.Kind.choices])
    account = forms.ChoiceField(label=gettext_lazy("科目"), choices=[ALL, *Account.choices])


class OrderFilter(ListFilter):
    year = forms.IntegerField(label=gettext_lazy("年度"))
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=[ALL, *PaymentOrder.State.choices])
    kind = forms.ChoiceField(label=gettext_lazy("用途"), choices=[ALL, *PaymentOrder.Kind.choices])


class _OfRegion(forms.Form):
    region = RegionField(label=gettext_lazy("地区"))
    year = forms.IntegerField(label=gettext_lazy("年度"), min_value=2000, max_value=2100)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = user.organisation.region if user.organisation else None
        self.fields["year"].initial = timezone.localdate().year


class EntryForm(_OfRegion):
    """手工分录: money that comes in or is moved."""

    day = forms.DateField(label=gettext_lazy("日期"), widget=DateInput())
    debit = forms.ChoiceField(label=gettext_lazy("借方科目"), choices=HAND, initial=Account.BANK)
    credit = forms.ChoiceField(label=gettext_lazy("贷方科目"), choices=HAND, initial=Account.SOURCE_FISCAL)
    amount = AmountField(label=gettext_lazy("金额（元）"))
    document = forms.CharField(
        label=gettext_lazy("凭证"), max_length=120, help_text=gettext_lazy("支付凭证或者协议的编号")
    )
    reason = forms.CharField(label=gettext_lazy("摘要"), max_length=200)


class BudgetForm(_OfRegion):
    amount = AmountField(label=gettext_lazy("预算（元）"))
    reason = forms.CharField(label=gettext_lazy("说明"), max_length=200, help_text=gettext_lazy("例如批复文号"))


class OverrideForm(_OfRegion):
    reference = forms.CharField(
        label=gettext_lazy("来源"), max_length=80, help_text=gettext_lazy("所要拨付的决定，如 decision:12")
    )
    amount = AmountField(label=gettext_lazy("金额（元）"))
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=200)


class BankForm(forms.Form):
    """银行对账."""

    day = forms.DateField(label=gettext_lazy("截止日期"), widget=DateInput())
    balance = AmountField(label=gettext_lazy("银行余额（元）"))
    note = forms.CharField(label=gettext_lazy("差异说明"), max_length=200, required=False)


class ResultsForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("银行结果文件"), help_text=gettext_lazy("CSV：拨付单号、结果（成功或者退回）、原因")
    )


class ReissueForm(forms.Form):
    bank_name = forms.CharField(label=gettext_lazy("开户银行"), max_length=80, required=False)
    bank_account = forms.CharField(label=gettext_lazy("更正后的银行账号"), max_length=40)
    payee_name = forms.CharField(label=gettext_lazy("收款人"), max_length=80)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("原因"), max_length=200)
