"""Forms of drafting: a new draft, reasons of moves, golden cases that are meant to change."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import DateInput


class NewDraftForm(forms.Form):
    """What a draft needs to begin."""

    name = forms.SlugField(label=_("版本号"), max_length=40)
    valid_from = forms.DateField(label=_("施行日期"), widget=DateInput, help_text=_("原版本的有效期在发布时截至前一天"))

    def __init__(self, *args: Any, policy: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = _("以 %(policy)s- 开头，后接施行的年份；发布以后不能修改") % {"policy": policy}


class MoveForm(forms.Form):
    """A reason, asked for before a move."""

    reason = forms.CharField(label=_("理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, required: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = required


class ExpectedForm(forms.Form):
    """Golden cases whose new result is meant."""

    cases = forms.MultipleChoiceField(label=_("样例"), error_messages={"required": _("请至少选择一件样例")})
    reason = forms.CharField(label=_("理由"), max_length=200)

    def __init__(self, *args: Any, cases: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cases"].choices = [(one, one) for one in cases]  # type: ignore[attr-defined]
