"""Filter of the projected."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.lists import ListFilter
from monitoring import selectors
from monitoring.models import BurdenWarning

ALL = ("", gettext_lazy("全部"))


class ProjectedFilter(ListFilter):
    q = forms.CharField(label=gettext_lazy("姓名"), widget=forms.TextInput(attrs={"type": "search"}))
    kind = forms.ChoiceField(label=gettext_lazy("种类"), choices=[ALL, *BurdenWarning.Kind.choices])
    county = forms.ChoiceField(label=gettext_lazy("旗县"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counties = selectors.counties_for(self.user) if self.user else []
        self.fields["county"].choices = [ALL, *((one.code, one.name) for one in counties)]  # type: ignore[attr-defined]
