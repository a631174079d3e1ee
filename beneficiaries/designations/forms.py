"""Forms of designations; the checks are the services'."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import DateInput, RegionField
from accounts.lists import ListFilter
from accounts.models import Level, User
from accounts.regions import DIGITS
from accounts.vocabulary import Category
from beneficiaries.designations.selectors import Choices


class DesignationFilter(ListFilter):
    all = forms.BooleanField(label=_("含已更正、作废的"))


class DesignateForm(forms.Form):
    """What the law of the user's place leaves to the county: `choices`."""

    region = RegionField(label=_("指定地区"), help_text=_("作出指定的旗县（市、区）；对全市适用的选市。"))
    category = forms.ChoiceField(label=_("认定类别"))
    treated_as = forms.ChoiceField(label=_("视同类别"), help_text=_("当地政策的救助对象类别之一。"))
    valid_from = forms.DateField(
        label=_("起始日期"),
        widget=DateInput(),
        help_text=_("文件规定从哪天起；早于今天的，已结算的费用列入重新结算，确认后补支付或追回。"),
    )
    valid_to = forms.DateField(
        label=_("截止日期"), required=False, widget=DateInput(), help_text=_("最后一天；没有规定的留空。")
    )
    document = forms.CharField(label=_("文号"), max_length=80, help_text=_("旗县人民政府文件的文号。"))
    note = forms.CharField(label=_("说明"), max_length=200, required=False)

    def __init__(self, *args: Any, user: User, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        if len(user.region_prefix) == DIGITS[Level.COUNTY]:
            self.fields["region"].initial = user.region_prefix.ljust(12, "0")
        self.fields["category"].choices = [(code, Category(code).label) for code in choices.named]  # type: ignore[attr-defined]
        targets = [("", _("请选择")), *((code, Category(code).label) for code in choices.targets)]
        self.fields["treated_as"].choices = targets  # type: ignore[attr-defined]


class EndForm(forms.Form):
    last_day = forms.DateField(label=_("截止日期"), widget=DateInput(), help_text=_("最后一天；次日起不再视同。"))
    reason = forms.CharField(label=_("理由"), max_length=200, help_text=_("例如：政府文件废止的文号。"))


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("理由"), max_length=200, help_text=_("登记有误时作废，等于从未指定；已结算的费用列入重新结算。")
    )
