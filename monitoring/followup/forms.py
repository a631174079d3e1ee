"""Forms of a follow-up."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import DateInput
from accounts.lists import ListFilter
from accounts.models import User
from accounts.vocabulary import Role
from monitoring import selectors
from monitoring.followup.models import FollowUp, Measure, Visit

STATES = (
    ("open", _("进行中")),
    ("none", _("尚无措施")),
    ("late", _("措施逾期")),
    ("unseen", _("本月待跟踪")),
    ("closed", _("已结案")),
    ("all", _("全部")),
)


class FollowUpFilter(ListFilter):
    q = forms.CharField(label=_("姓名或预警号"), widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(label=_("状态"), choices=STATES)
    county = forms.ChoiceField(label=_("旗县"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counties = selectors.counties_for(self.user) if self.user else []
        self.fields["county"].choices = [("", _("全部")), *((one.code, one.name) for one in counties)]  # type: ignore[attr-defined]


class DescribeForm(forms.Form):
    """Ability and owner."""

    ability = forms.ChoiceField(label=_("劳动能力"), choices=FollowUp.Ability.choices)
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("责任人"),
        required=False,
        empty_label=_("尚未指定"),
        help_text=_("本地区的经办人员"),
    )

    def __init__(self, *args: Any, followup: FollowUp, user: User, **kwargs: Any) -> None:
        super().__init__(*args, initial={"ability": followup.ability, "owner": followup.owner_id}, **kwargs)
        codes = [user.region_prefix.ljust(12, "0"), *(followup.region_id[:n].ljust(12, "0") for n in (4, 6, 9, 12))]
        self.fields["owner"].queryset = User.objects.filter(  # type: ignore[attr-defined]
            organisation__region__in=codes, is_active=True, roles__overlap=[Role.CLERK, Role.CASE_WORKER]
        ).order_by("name")


class MeasureForm(forms.ModelForm):
    """A measure that is agreed."""

    class Meta:
        model = Measure
        fields = ("kind", "department", "owner_name", "provider", "begins_on", "due_on", "note")
        widgets = {"begins_on": DateInput, "due_on": DateInput}  # noqa: RUF012 - Django's own attribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["begins_on"].initial = timezone.localdate()
        for name in ("provider", "note"):
            self.fields[name].required = False

    def _post_clean(self) -> None:
        """The service judges; a model form would judge its constraints in the database's words."""


class EndForm(forms.Form):
    """How a measure ended."""

    ended_on = forms.DateField(label=_("完成日期"), widget=DateInput)
    outcome = forms.ChoiceField(label=_("落实情况"), choices=Measure.Outcome.choices)
    yuan = forms.DecimalField(
        label=_("金额（元）"),
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=2,
        help_text=_("此人实际得到的钱；没有则不填"),
    )
    result = forms.CharField(
        label=_("结果说明"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ended_on"].initial = timezone.localdate()

    @property
    def amount(self) -> int | None:
        """Fen."""
        yuan = self.cleaned_data.get("yuan")
        return None if yuan is None else int(yuan * 100)


class VisitForm(forms.Form):
    """A month's visit."""

    on = forms.DateField(label=_("日期"), widget=DateInput)
    how = forms.ChoiceField(label=_("方式"), choices=Visit.How.choices)
    text = forms.CharField(label=_("情况"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate()


class CloseForm(forms.Form):
    """How it ended."""

    outcome = forms.ChoiceField(label=_("结果"), choices=FollowUp.Outcome.choices)
    conclusion = forms.CharField(
        label=_("结案说明"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("没有采取措施的必须写明理由"),
    )
