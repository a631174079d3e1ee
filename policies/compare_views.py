"""The difference of two versions, of any regions, as a page that can be printed."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.doors import requires
from accounts.models import User
from policies import differences, selectors
from policies.models import PolicyVersion

KINDS = {
    differences.ADDED: (gettext_lazy("增加"), "done"),
    differences.REMOVED: (gettext_lazy("删去"), "late"),
    differences.CHANGED: (gettext_lazy("修改"), "due"),
}


class VersionField(forms.ModelChoiceField):
    """A version by its name; the label says region, title and name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.region.name} · {obj.name} · {obj.get_state_display()}"


class CompareForm(forms.Form):
    """Which two versions."""

    old = VersionField(PolicyVersion.objects.none(), label=gettext_lazy("原版本"), to_field_name="name")
    new = VersionField(PolicyVersion.objects.none(), label=gettext_lazy("新版本"), to_field_name="name")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("old", "new"):
            self.fields[name].queryset = selectors.versions_for(user).order_by("region_id", "-validity")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for name in ("old", "new"):
            version = found.get(name)
            if version is not None and selectors.readable(version) is None:
                self.add_error(name, _("这份草案还没有写完，改正后才能比较"))
        return found


@requires(Act.POLICY_READ)
def compare(request: HttpRequest) -> HttpResponse:
    """Two versions by `old` and `new` of the address; without them, the choice."""
    assert isinstance(request.user, User)  # noqa: S101 - behind `requires`
    chosen = bool(request.GET.get("old") and request.GET.get("new"))
    form = CompareForm(request.GET if chosen else None, initial=request.GET.dict(), user=request.user)
    context: dict[str, Any] = {"title": _("版本比较"), "form": form, "kinds": KINDS}
    if chosen and form.is_valid():
        old, new = form.cleaned_data["old"], form.cleaned_data["new"]
        found = differences.compare(selectors.document_of(old), selectors.document_of(new))
        context |= {"old": old, "new": new, "found": found}
    return render(request, "policies/compare.html", context)
