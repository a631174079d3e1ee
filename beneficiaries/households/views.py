"""Pages of a household: members, history, and what is done to it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from accounts.access import Act
from accounts.doors import requires
from accounts.models import ReadRecord, User
from accounts.services import record_read
from beneficiaries.households import selectors, services
from beneficiaries.models import Household
from beneficiaries.persons import forms
from beneficiaries.persons.views import PersonAct
from beneficiaries.selectors import held_now

KINDS = {
    "joined": gettext_lazy("加入本户"),
    "left": gettext_lazy("离开本户"),
    "relation": gettext_lazy("与户主关系变更"),
}


def visible_household(user: User, pk: int) -> Household:
    """The household, if it or one of its members is in the user's region; else 404."""
    found = Household.objects.select_related("region").filter(pk=pk).first()
    if found is None or not selectors.may_see(user, found):
        raise Http404
    return found


@requires(Act.PERSON_READ)
@require_GET
def household(request: HttpRequest, pk: int) -> HttpResponse:
    """Members, the head first, and who came and went; the opening is recorded."""
    user: User = request.user  # type: ignore[assignment]
    one = visible_household(user, pk)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"household:{one.pk}", request=request)
    members = list(selectors.members(user, one))
    held = sorted({spell.get_category_display() for member in members for spell in member.held})
    context = {
        "title": _("户 %(number)s") % {"number": one.number},
        "household": one,
        "summary": [
            {"label": _("户编号"), "value": one.number, "kind": "mono"},
            (_("所在地区"), one.region.name),
            (_("户主"), "、".join(member.name for member in members if member.relation == services.HEAD)),
            (_("成员"), ngettext("%(count)s 人", "%(count)s 人", len(members)) % {"count": len(members)}),
            (_("成员持有类别"), "、".join(held)),
        ],
        "members": [(member, "、".join(s.get_category_display() for s in held_now(member))) for member in members],
        "history": [(change, KINDS[change.kind]) for change in selectors.history(one)],
        "may_write": user.may(Act.PERSON_WRITE),
    }
    return render(request, "beneficiaries/household_page.html", context)


class HouseholdAct(PersonAct):
    """A form about a household."""

    def find(self, keys: dict[str, int]) -> None:
        self.household = visible_household(self.user, keys["pk"])
        self.members = list(selectors.members(self.user, self.household))

    def asked(self) -> dict[str, Any]:
        return {"members": self.members}

    def back(self) -> str:
        return reverse("beneficiaries:household", args=[self.household.pk])

    def page(self, form: Any) -> HttpResponse:
        context = {"title": self.title, "household": self.household, "form": form, "label": self.label or self.title}
        context |= {"cancel": self.back()}
        return render(self.request, self.template, context, status=422 if form.errors else 200)


class Relations(HouseholdAct):
    form_class = forms.RelationsForm
    title = gettext_lazy("变更户主和关系")
    label = gettext_lazy("保存")

    def run(self, data: dict[str, Any]) -> Any:
        return services.set_relations(actor=self.user, household=self.household, **data)


class Split(HouseholdAct):
    form_class = forms.SplitForm
    title = gettext_lazy("分户")

    def run(self, data: dict[str, Any]) -> Any:
        return services.split(actor=self.user, household=self.household, **data)


class Join(HouseholdAct):
    form_class = forms.JoinForm
    title = gettext_lazy("合户")

    def asked(self) -> dict[str, Any]:
        return {}

    def run(self, data: dict[str, Any]) -> Any:
        number = data["number"].strip()
        other = Household.objects.filter(number=number, region=self.household.region_id).first()
        if other is None:
            raise ValidationError({"number": _("本旗县没有这个户编号，请核对")})
        return services.put_together(actor=self.user, kept=self.household, gone=other, reason=data["reason"])
