"""Filter of the list, the scan and the month."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput, MonthInput, RegionField
from accounts.lists import ListFilter
from accounts.models import User
from accounts.vocabulary import Category, Department
from monitoring import selectors
from monitoring.models import BurdenWarning

ALL = ("", gettext_lazy("全部"))


class MonthField(forms.Field):
    """`2023-05` → its first day."""

    widget = MonthInput

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        try:
            return date.fromisoformat(f"{value}-01")
        except ValueError as error:
            raise forms.ValidationError(_("月份请写成 2023-05 的样子")) from error

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%Y-%m}" if isinstance(value, date) else value


class WarningFilter(ListFilter):
    q = forms.CharField(label=gettext_lazy("姓名或预警号"), widget=forms.TextInput(attrs={"type": "search"}))
    kind = forms.ChoiceField(label=gettext_lazy("种类"), choices=[ALL, *BurdenWarning.Kind.choices])
    state = forms.ChoiceField(
        label=gettext_lazy("状态"),
        choices=[
            ("", gettext_lazy("在册")),
            *BurdenWarning.State.choices,
            (selectors.UNTOLD, gettext_lazy("已撤回，待告知部门")),
        ],
    )
    county = forms.ChoiceField(label=gettext_lazy("旗县"))
    category = forms.ChoiceField(label=gettext_lazy("人员类别"), choices=[ALL, *Category.choices])
    month = MonthField(label=gettext_lazy("预警月份"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counties = selectors.counties_for(self.user) if self.user else []
        self.fields["county"].choices = [ALL, *((one.code, one.name) for one in counties)]  # type: ignore[attr-defined]
        if self.user and self.user.department != Department.MEDICAL_SECURITY:
            states = self.fields["state"].choices  # type: ignore[attr-defined]
            self.fields["state"].choices = [*states, (selectors.UNANSWERED, _("本部门待反馈"))]  # type: ignore[attr-defined]


class ScanForm(forms.Form):
    """Which region, as of which day."""

    region = RegionField(label=gettext_lazy("行政区划"))
    on = forms.DateField(
        label=gettext_lazy("截止日"), widget=DateInput, help_text=gettext_lazy("累计到这一天为止的费用")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = user.region_prefix.ljust(12, "0")
        self.fields["on"].initial = timezone.localdate()


class MonthForm(ListFilter):
    """Which region and month the page shows."""

    region = RegionField(label=gettext_lazy("行政区划"), empty_label=None)
    month = MonthField(label=gettext_lazy("月份"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(self.user)  # type: ignore[attr-defined]
