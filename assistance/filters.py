"""Filter bars of the room's lists."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput, RegionField
from accounts.lists import ListFilter
from accounts.models import Level
from assistance.selectors import lists
from assistance.vocabulary import Help, Kind, State

ALL = ("", gettext_lazy("全部"))


class ApplicationFilter(ListFilter):
    q = forms.CharField(label=gettext_lazy("申请号或姓名"), widget=forms.SearchInput)
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=[ALL, *State.choices])
    kind = forms.ChoiceField(label=gettext_lazy("种类"), choices=[ALL, *Kind.choices])
    region = RegionField(label=gettext_lazy("地区"), empty_label=gettext_lazy("全部"))
    first = forms.DateField(label=gettext_lazy("申请日期自"), widget=DateInput)
    last = forms.DateField(label=gettext_lazy("至"), widget=DateInput)
    late = forms.BooleanField(label=gettext_lazy("逾期"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user, Level.TOWNSHIP)  # type: ignore[attr-defined]


class QueueFilter(ListFilter):
    q = forms.CharField(label=gettext_lazy("申请号或姓名"), widget=forms.SearchInput)
    group = forms.ChoiceField(label=gettext_lazy("等待办理"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [(one.key, one.label) for one in lists.GROUPS if self.user and self.user.may(one.act)]
        self.fields["group"].choices = [ALL, *groups]  # type: ignore[attr-defined]


class NoticeFilter(ListFilter):
    unread = forms.BooleanField(label=gettext_lazy("只看未签收的"))


class ReferralFilter(ListFilter):
    q = forms.CharField(label=gettext_lazy("申请号或姓名"), widget=forms.SearchInput)
    answered = forms.ChoiceField(
        label=gettext_lazy("答复"), choices=[ALL, ("no", gettext_lazy("待答复")), ("yes", gettext_lazy("已答复"))]
    )
    help = forms.ChoiceField(label=gettext_lazy("帮扶方式"), choices=[ALL, *Help.choices])
    late = forms.BooleanField(label=gettext_lazy("逾期"))


class QuestionFilter(ListFilter):
    answered = forms.ChoiceField(
        label=gettext_lazy("答复"), choices=[ALL, ("no", gettext_lazy("待答复")), ("yes", gettext_lazy("已答复"))]
    )


class BoardForm(forms.Form):
    region = RegionField(label=gettext_lazy("地区"), empty_label=gettext_lazy("全部"), required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
