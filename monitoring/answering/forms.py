"""The answer of a department on one warning or listed patient."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput
from accounts.vocabulary import CERTIFIES, Category
from monitoring.answering.selectors import Place
from monitoring.models import Feedback


class AnswerForm(forms.Form):
    department = forms.ChoiceField(label=gettext_lazy("反馈部门"))
    result = forms.ChoiceField(label=gettext_lazy("核实结果"), choices=Feedback.Result.choices)
    category = forms.ChoiceField(
        label=gettext_lazy("人员类别"), required=False, help_text=gettext_lazy("结果为“已纳入”时填写")
    )
    valid_from = forms.DateField(
        label=gettext_lazy("认定日期"),
        widget=DateInput,
        required=False,
        help_text=gettext_lazy("结果为“已纳入”时填写"),
    )
    verified_on = forms.DateField(label=gettext_lazy("核实日期"), widget=DateInput)
    note = forms.CharField(
        label=gettext_lazy("说明"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, places: list[Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = {one.department: one for one in places}
        codes = dict.fromkeys(code for one in places for code in CERTIFIES[one.department])
        self.fields["department"].choices = [(one.department, one.label) for one in self.places.values()]  # type: ignore[attr-defined]
        self.fields["category"].choices = [("", "—"), *((code, Category(code).label) for code in codes)]  # type: ignore[attr-defined]
        self.fields["verified_on"].initial = timezone.localdate()
        if len(self.places) == 1:
            self.fields["department"].initial = next(iter(self.places))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        certified = data.get("result") == Feedback.Result.CERTIFIED
        for name in ("category", "valid_from"):
            if certified and not data.get(name) and name not in self.errors:
                self.add_error(name, _("结果为“已纳入”的，须写明人员类别和认定日期"))
            elif not certified:
                data[name] = None
        if data.get("verified_on") and data["verified_on"] > timezone.localdate():
            self.add_error("verified_on", _("核实日期晚于今天；请核对"))
        return data
