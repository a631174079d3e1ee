"""Several cases at once, ticked in their list: given to somebody, or closed with one outcome."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.doors import go, requires
from beneficiaries.enrolment import cases, worklists
from beneficiaries.enrolment import forms as f
from beneficiaries.enrolment.case_models import CoverageCase
from beneficiaries.enrolment.views.common import try_service, user_of

Make = Callable[[Any, list[CoverageCase]], forms.Form]


@requires(Act.ENROLMENT_WRITE)
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Whose township or county the cases lie in sees to them."""

    def make(data: Any, ticked: list[CoverageCase]) -> forms.Form:
        counties = {case.region_id[:6] for case in ticked}
        return f.AssignForm(data, users=cases.workers(counties.pop()) if len(counties) == 1 else cases.workers("-"))

    return _many(request, _("分派"), make, cases.assign_cases)


@requires(Act.ENROLMENT_VISIT)
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    return _many(request, _("办结"), lambda data, _ticked: f.CloseForm(data), cases.close_cases)


def _many(request: HttpRequest, label: str, make: Make, service: Callable[..., int]) -> HttpResponse:
    """The form over the ticked cases; a second POST, with the form's button, does it."""
    user = user_of(request)
    chosen = f.ManyForm(request.POST, cases=worklists.cases(user, state="open"))
    ticked = list(chosen.cleaned_data["ids"]) if chosen.is_valid() else []
    sent = "sent" in request.POST
    form = make(request.POST if sent else None, ticked)
    if sent and ticked and form.is_valid():
        done = try_service(request, form, lambda: service(actor=user, cases=ticked, **form.cleaned_data))
        if done:
            messages.success(request, ngettext("已办理 %(n)s 人", "已办理 %(n)s 人", done) % {"n": done})
            return go(request, f"{reverse('enrolment:cases')}?state=open")
    context = {
        "title": label,
        "label": label,
        "cases": ticked,
        "apart": service is cases.assign_cases and len({case.region_id[:6] for case in ticked}) > 1,
        "form": form,
        "back": f"{reverse('enrolment:cases')}?state=open",
    }
    return render(request, "enrolment/many.html", context, status=422 if sent else 200)
