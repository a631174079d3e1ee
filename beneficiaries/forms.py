"""Forms of the register."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import RegionField
from accounts.lists import ListFilter
from accounts.models import Level, User
from accounts.vocabulary import Category

RELATIONS = ("户主", "配偶", "子女", "父母", "祖父母", "孙子女", "兄弟姐妹", "其他")


class PersonFilter(ListFilter):
    q = forms.CharField(
        label=_("查找"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("姓名、拼音或首字母、证件号码或末四位以上、电话、户编号、村")}
        ),
    )
    category = forms.ChoiceField(label=_("人员类别"), choices=[("", _("全部")), *Category.choices])
    region = RegionField(label=_("地区"), empty_label=_("全部"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]


class NumberForm(forms.Form):
    """The first question of a registration: is this person here already?"""

    id_number = forms.CharField(
        label=_("身份证号"),
        max_length=30,
        help_text=_("先按证件号码查找；没有登记过的再填写其他信息。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text", "data-check": "id-number"}),
    )


class PersonForm(forms.Form):
    """A person entered by hand; checks and normal forms are the service's."""

    id_number = forms.CharField(
        label=_("身份证号"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-check": "id-number"}),
    )
    name = forms.CharField(label=_("姓名"), max_length=80, help_text=_("少数民族姓名的间隔号写作“·”。"))
    region = RegionField(label=_("所在地区"))
    household = forms.CharField(label=_("户编号"), max_length=40, required=False)
    relation = forms.ChoiceField(
        label=_("与户主关系"), required=False, choices=[("", _("未填")), *((word, word) for word in RELATIONS)]
    )
    phone = forms.CharField(label=_("联系电话"), max_length=30, required=False)
    address = forms.CharField(label=_("住址"), max_length=200, required=False)
    rural = forms.BooleanField(label=_("农村居民"), required=False, initial=True)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user, Level.VILLAGE)  # type: ignore[attr-defined]


class RevealForm(forms.Form):
    """Why someone's full number is needed; the reason stands in the trail."""

    reason = forms.CharField(
        label=_("理由"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("查看会被记录：谁、何时、什么理由。"),
    )
