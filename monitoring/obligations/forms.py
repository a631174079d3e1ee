"""The form of a record."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import DateInput


class RecordForm(forms.Form):
    """When an item was done, and on what evidence; `name` says which."""

    name = forms.CharField(widget=forms.HiddenInput)
    done_on = forms.DateField(label=_("办结日期"), widget=DateInput)
    note = forms.CharField(
        label=_("办结情况"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("写明文件号或其他依据"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["done_on"].initial = timezone.localdate()
