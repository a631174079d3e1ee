"""Forms of yearly figures."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from policies.engine.figures import Need
from policies.models import PolicyParameter
from policies.parameters import Value


class ParameterForm(forms.Form):
    """One figure of one year."""

    value = forms.CharField(label=_("数值"), max_length=30, required=False)
    status = forms.ChoiceField(label=_("状态"), choices=PolicyParameter.Status.choices, widget=forms.RadioSelect)
    source = forms.CharField(label=_("来源"), max_length=200, help_text=_("公报或者文件的名称和文号"))
    reason = forms.CharField(label=_("理由"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, need: Need, existing: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = _("比例，写成 60%%") % {} if need.unit == "%" else _("单位：%(unit)s") % {"unit": need.unit}
        empty = _("；留空表示不设") if need.may_be_empty else ""
        self.fields["value"].help_text = f"{unit}{empty}"
        self.fields["value"].required = not need.may_be_empty
        self.fields["reason"].required = existing

    @property
    def typed(self) -> Value:
        data = self.cleaned_data
        return Value(data["value"], data["status"], data["source"])


class YearForm(forms.Form):
    """All figures of a policy that a year lacks; those left empty stay missing."""

    year = forms.IntegerField(label=_("年度"), min_value=1990, max_value=2100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, needs: list[Need], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs = needs
        for need in needs:
            key = need.key
            self.fields[f"value-{key}"] = forms.CharField(label=need.label, max_length=30, required=False)
            self.fields[f"status-{key}"] = forms.ChoiceField(
                label=_("状态"), choices=PolicyParameter.Status.choices, initial=PolicyParameter.Status.PUBLISHED
            )
            self.fields[f"source-{key}"] = forms.CharField(label=_("来源"), max_length=200, required=False)

    def rows(self) -> list[tuple[Need, Any, Any, Any]]:
        """Per figure: the need and its three bound fields."""
        return [
            (need, self[f"value-{need.key}"], self[f"status-{need.key}"], self[f"source-{need.key}"])
            for need in self.needs
        ]

    def typed(self) -> list[tuple[str, Value]]:
        data = self.cleaned_data
        return [
            (n.key, Value(data[f"value-{n.key}"], data[f"status-{n.key}"], data[f"source-{n.key}"])) for n in self.needs
        ]
