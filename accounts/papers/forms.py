"""A form field for papers: several files in one go, checked by content when they are kept."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

ACCEPT = "application/pdf,image/jpeg,image/png,.pdf,.jpg,.jpeg,.png"


class PapersInput(forms.ClearableFileInput):
    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"accept": ACCEPT} | (attrs or {}))


class PapersField(forms.FileField):
    """Cleans to a list of uploaded files, empty without any; give them to `store_paper` one by one."""

    widget = PapersInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("材料"))
        kwargs.setdefault("help_text", _("PDF、JPG、PNG，每个不超过20MB，可一次选多个"))
        super().__init__(**kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not given:
            super().clean(None, initial)
            return []
        return [super(PapersField, self).clean(one, initial) for one in given]
