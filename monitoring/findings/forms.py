"""Forms of findings."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import DateInput, RegionField
from accounts.lists import ListFilter
from accounts.models import User
from accounts.vocabulary import Department, Section
from monitoring import selectors
from monitoring.findings.models import Finding

STATES = (
    ("uncleared", _("未销号")),
    ("late", _("已逾期")),
    *((state.value, state.label) for state in Finding.State),
    ("all", _("全部")),
)


class FindingFilter(ListFilter):
    q = forms.CharField(label=_("问题或编号"), widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(label=_("状态"), choices=STATES)
    county = forms.ChoiceField(label=_("旗县"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counties = selectors.counties_for(self.user) if self.user else []
        self.fields["county"].choices = [("", _("全部")), *((one.code, one.name) for one in counties)]  # type: ignore[attr-defined]


class FindingForm(forms.Form):
    """A finding as it is opened."""

    region = RegionField(label=_("行政区划"))
    department = forms.ChoiceField(label=_("责任部门"), choices=Department.choices)
    section = forms.ChoiceField(label=_("责任股室"), choices=[("", _("不分股室")), *Section.choices], required=False)
    source = forms.ChoiceField(label=_("来源"), choices=Finding.Source.choices)
    title = forms.CharField(label=_("问题"), max_length=120)
    text = forms.CharField(label=_("情况"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    found_on = forms.DateField(label=_("发现日期"), widget=DateInput)
    due_on = forms.DateField(label=_("整改期限"), widget=DateInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["found_on"].initial = timezone.localdate()


class StepForm(forms.Form):
    """What is said at a step."""

    text = forms.CharField(label=_("说明"), max_length=900, widget=forms.Textarea(attrs={"rows": 3}))


class ExtendForm(StepForm):
    due_on = forms.DateField(label=_("新的期限"), widget=DateInput)
