"""Departments: answering a question, what came of a referral."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.models import User
from assistance.errors import Refused
from assistance.forms import AnswerForm, ReferralAnswerForm
from assistance.models import Question, Referral
from assistance.services import after, checking


@requires(Act.QUESTION_ANSWER)
@require_http_methods(["GET", "POST"])
def question(request: HttpRequest, pk: int) -> HttpResponse:
    """A question with its answer; a liaison sees the question and the person's name, nothing else of the case."""
    user = cast(User, request.user)
    rows = Question.objects.select_related("application__person", "application__region", "asked_by", "answered_by")
    found = get_visible(request, rows, pk=pk)
    form = None if found.answered_at else AnswerForm(request.POST or None, question=found)
    if form is not None and form.is_valid():
        try:
            checking.answer(actor=user, question=found, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
        except PermissionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("已答复"))
            return go(request, "assistance:questions")
    person = found.application.person
    context = {
        "title": _("部门询问"),
        "question": found,
        "form": form,
        "draft": f"answer-{found.pk}",
        "label": _("答复"),
        "cancel": reverse("assistance:questions"),
        "case_url": reverse("assistance:case", args=[found.application_id]) if user.may(Act.APPLICATION_READ) else "",
        "summary": [
            {"label": _("申请人"), "value": person.name},
            {"label": _("证件号码"), "value": person.masked_id_number, "kind": "mono"},
            {"label": _("地区"), "value": found.application.region.name},
            {"label": _("询问部门"), "value": found.get_department_display()},
            {"label": _("询问人"), "value": str(found.asked_by)},
            {"label": _("询问时间"), "value": timezone.localdate(found.asked_at), "kind": "date"},
        ],
    }
    return render(request, "assistance/question.html", context)


@requires(Act.APPLICATION_READ)
@require_http_methods(["GET", "POST"])
def referral(request: HttpRequest, pk: int) -> HttpResponse:
    """What came of a referral."""
    user = cast(User, request.user)
    found = get_visible(request, Referral.objects.select_related("application__person"), pk=pk)
    if found.answered_on or not user.may(Act.APPLICATION_CHECK):
        messages.warning(request, _("答复由县级经办登记，登记后不再修改。"))
        return redirect("assistance:case", pk=found.application_id)
    form = ReferralAnswerForm(request.POST or None, initial={"answered_on": timezone.localdate()})
    if form.is_valid():
        try:
            after.answer_referral(actor=user, referral=found, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("已登记答复"))
            return go(request, "assistance:case", found.application_id)
    context = {
        "title": _("转介答复"),
        "form": form,
        "intro": f"{found.get_help_display()} · {found.organisation}：{found.text}",
        "cancel": reverse("assistance:case", args=[found.application_id]),
    }
    return render(request, "assistance/form.html", context)
