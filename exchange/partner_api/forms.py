"""The form of a key."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import RegionField
from accounts.models import User
from exchange.models import Partner
from exchange.outbound_selectors import partners_for
from exchange.partner_api.models import ApiKey


class KeyForm(forms.Form):
    label = forms.CharField(
        label=gettext_lazy("用途"), max_length=80, help_text=gettext_lazy("谁的什么系统使用，例如：市人民医院 HIS")
    )
    region = RegionField(label=gettext_lazy("行政区划"), help_text=gettext_lazy("只能查到这个地区及以下参保的人"))
    partner = forms.ModelChoiceField(
        Partner.objects.none(),
        label=gettext_lazy("交换伙伴"),
        required=False,
        help_text=gettext_lazy("部门领取预警的密钥须选择"),
    )
    institution = forms.CharField(
        label=gettext_lazy("医疗机构编码"), max_length=30, required=False, help_text=gettext_lazy("医院的密钥须填写")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("可用功能"), choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    per_minute = forms.IntegerField(label=gettext_lazy("每分钟次数上限"), min_value=1, max_value=6000, initial=60)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["partner"].queryset = partners_for(user)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("partner") and not found.get("institution"):
            self.add_error("institution", _("请选择交换伙伴，或填写医疗机构编码。"))
        if "delivery" in found.get("scopes", ()) and not found.get("partner"):
            self.add_error("partner", _("领取预警的密钥须选择交换伙伴。"))
        return found
