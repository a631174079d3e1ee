"""Filter of deliveries; settings of a partner."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import MonthInput
from accounts.lists import ListFilter
from accounts.models import Organisation, User
from accounts.vocabulary import Department
from exchange import outbound_selectors as selectors
from exchange.models import Delivery, Partner

ALL = ("", gettext_lazy("全部"))


class DeliveryFilter(ListFilter):
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=[ALL, *Delivery.State.choices])
    kind = forms.ChoiceField(label=gettext_lazy("种类"), choices=[ALL, *Delivery.Kind.choices])
    department = forms.ChoiceField(label=gettext_lazy("部门"), choices=[ALL, *Department.choices])
    month = forms.CharField(label=gettext_lazy("月份"), widget=MonthInput)

    def clean_month(self) -> date | None:
        text = self.cleaned_data["month"]
        try:
            return date.fromisoformat(f"{text}-01") if text else None
        except ValueError as error:
            raise forms.ValidationError(_("月份请写成 2023-05 的样子")) from error


class PartnerForm(forms.Form):
    """How a department gets its lists."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=gettext_lazy("机构"))
    channel = forms.ChoiceField(
        label=gettext_lazy("通道"),
        choices=Partner.Channel.choices,
        help_text=gettext_lazy("签名推送：向对方地址发送；SFTP 投放：放进对方的文件夹；网页下载：对方联络员登录后下载"),
    )
    url = forms.CharField(
        label=gettext_lazy("接收地址"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("签名推送以 https:// 开头；SFTP 写成 sftp://用户名@主机:端口/文件夹"),
    )
    host_key = forms.CharField(
        label=gettext_lazy("主机密钥"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono"}),
        help_text=gettext_lazy("仅 SFTP：对方服务器的公钥；与登记的不符时不发送。可先保存地址，再读取并与对方核对"),
    )
    password = forms.CharField(
        label=gettext_lazy("密码"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("仅 SFTP，没有密钥时使用；不填则保留原来的密码"),
    )
    batch_size = forms.IntegerField(
        label=gettext_lazy("每批条数"),
        min_value=1,
        max_value=5000,
        initial=500,
        help_text=gettext_lazy("按对方能接收的条数"),
    )
    active = forms.BooleanField(label=gettext_lazy("启用"), required=False, initial=True)

    def __init__(self, *args: Any, user: User, partner: Partner | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partner = partner
        if partner is not None:
            del self.fields["organisation"]
            for name in ("channel", "url", "host_key", "batch_size", "active"):
                self.fields[name].initial = getattr(partner, name)
        else:
            field = self.fields["organisation"]
            field.queryset = selectors.organisations_without_partner(user)  # type: ignore[attr-defined]
