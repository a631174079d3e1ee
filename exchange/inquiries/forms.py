"""The filter of inquiries and the department's answer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import RegionField
from accounts.lists import ListFilter
from accounts.vocabulary import Department
from exchange.forms import MonthField
from exchange.inquiries.models import Inquiry


class InquiryFilter(ListFilter):
    state = forms.ChoiceField(label=_("状态"), choices=[("", _("全部")), *Inquiry.State.choices])
    department = forms.ChoiceField(label=_("部门"), choices=[("", _("全部")), *Department.choices])
    region = RegionField(label=_("地区"), empty_label=_("全部"))
    month = MonthField(label=_("月份"))
    file = forms.IntegerField(label=_("来文编号"), min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    """What the department says of a row that came back."""

    answer = forms.ChoiceField(label=_("答复"), choices=Inquiry.Answer.choices, widget=forms.RadioSelect)
    name = forms.CharField(label=_("正确姓名"), max_length=80, required=False, help_text=_("只在更正时填写。"))
    id_number = forms.CharField(
        label=_("正确证件号码"),
        max_length=30,
        required=False,
        help_text=_("只在更正时填写；下次报送的名单请用正确的号码。"),
    )
    note = forms.CharField(
        label=_("说明"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("核对无误时请写明依据。"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["id_number"].widget.attrs["data-check"] = "id-number"
