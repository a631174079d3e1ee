"""Every move is one page with one form: what is typed stays, and who comes second sees what changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.models import User
from assistance import forms
from assistance.errors import Refused, Stale
from assistance.models import Application
from assistance.selectors import comparing, page
from assistance.selectors.figures import Facts, Working, limit_now, panel_line
from assistance.services import after, checking, deciding, panel, paying, registering
from assistance.views.case import legs, summary
from assistance.vocabulary import Did
from assistance.workflow import BY_NAME, why_not
from policies.engine import EngineError

Values = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """A move as a page: its form, the service that does it, what the page says afterwards."""

    form: type[forms.MoveForm]
    do: Callable[..., Any]
    done: Any
    seen: bool = True
    template: str = "assistance/move.html"


def _check(*, actor: User, application_id: int, seen: int, **values: Any) -> Any:
    facts = facts_from(values)
    values.setdefault("proposed", None)
    names = ("opinion", "proposed", "category")
    return checking.finish_check(
        actor=actor,
        application_id=application_id,
        seen=seen,
        facts=facts,
        **{name: values[name] for name in names},
    )


def facts_from(values: Values) -> Facts:
    return Facts(
        locally_registered=bool(values.get("locally_registered")),
        seriously_ill=bool(values.get("seriously_ill")),
        property_within_rules=bool(values.get("property_within_rules")),
        other_costs=values.get("other_costs") or 0,
    )


DEEDS: dict[str, Deed] = {
    Did.SUBMIT: Deed(forms.NoteForm, registering.submit, gettext_lazy("已提交，等待县级受理")),
    Did.ACCEPT: Deed(forms.NoteForm, checking.accept, gettext_lazy("已受理，核查期限开始计算")),
    Did.RETURN: Deed(forms.ReturnForm, registering.send_back, gettext_lazy("已退回补正")),
    Did.FINISH_CHECK: Deed(
        forms.CheckForm, _check, gettext_lazy("核查完成，已送审批"), template="assistance/check.html"
    ),
    Did.ASK: Deed(forms.AskForm, checking.ask, gettext_lazy("已询问，答复之前期限暂停计算")),
    Did.CONVENE: Deed(forms.ConveneForm, panel.convene, gettext_lazy("已提请会商")),
    Did.RECALL: Deed(forms.ReasonForm, panel.recall, gettext_lazy("已退出会商")),
    Did.APPROVE: Deed(forms.ApproveForm, deciding.approve, gettext_lazy("已批准")),
    Did.REJECT: Deed(forms.ReasonForm, deciding.reject, gettext_lazy("已决定不予救助")),
    Did.PAY: Deed(forms.MoveForm, paying.order, gettext_lazy("已下达拨付")),
    Did.CLOSE: Deed(forms.CloseForm, after.close, gettext_lazy("已办结")),
    Did.APPEAL: Deed(forms.AppealForm, registering.appeal, gettext_lazy("已受理申诉，重新核查")),
    Did.WITHDRAW: Deed(forms.ReasonForm, registering.withdraw, gettext_lazy("已撤回")),
    Did.EDIT: Deed(forms.DraftForm, registering.edit, gettext_lazy("已保存")),
    Did.VISIT: Deed(forms.VisitForm, after.visit, gettext_lazy("已登记回访"), seen=False),
    Did.REFER: Deed(forms.ReferForm, after.refer, gettext_lazy("已登记转介"), seen=False),
    Did.DELIVER: Deed(forms.DeliverForm, after.deliver, gettext_lazy("已登记送达"), seen=False),
}


@requires(Act.APPLICATION_READ)
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, pk: int, did: str) -> HttpResponse:
    """The form of a move, or the move."""
    deed = DEEDS.get(did)
    if deed is None:
        raise Http404
    user = cast(User, request.user)
    application = get_visible(request, page.applications(), pk=pk)
    posted = request.POST if request.method == "POST" else None
    form = deed.form(posted, application=application, user=user)
    changes: list[Any] = []
    if posted is None or "seen" not in posted:
        why = why_not(Did(did), application, user)
        if why:
            messages.warning(request, why)
            return redirect("assistance:case", pk=pk)
    if posted is not None and form.is_valid():
        seen = {"seen": int(posted["seen"])} if deed.seen and posted.get("seen", "").isdecimal() else {}
        if deed.seen and not seen:
            return redirect("assistance:move", pk=pk, did=did)
        try:
            deed.do(actor=user, application_id=pk, **seen, **form.cleaned_data)
        except Stale as stale:
            changes = list(stale.steps)
            application = get_visible(request, page.applications(), pk=pk)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, str(deed.done))
            return go(request, "assistance:case", pk)
    return render(request, deed.template, _context(application, user, did, form, changes))


def _context(application: Application, user: User, did: str, form: Any, changes: list[Any]) -> dict[str, Any]:
    found = page.case_of(application, user)
    label = BY_NAME[Did(did)].label if did in BY_NAME else Did(did).label
    return {
        "title": label,
        "application": application,
        "did": did,
        "case": found,
        "summary": summary(application, user),
        "legs": legs(found),
        "findings": [(comparing.say(one), one["tone"]) for one in (found.check.findings if found.check else [])],
        "form": form,
        "label": label,
        "changes": changes,
        "why": why_not(Did(did), application, user) if changes else "",
        "lacking": registering.missing(application) if did == Did.SUBMIT else ((), ()),
        "bounds": _bounds(application) if did == Did.APPROVE else [],
        "draft": f"{did}-{application.pk}",
        "cancel": reverse("assistance:case", args=[application.pk]),
        "preview_url": reverse("assistance:preview", args=[application.pk]),
        "meeting_new": f"{reverse('assistance:meeting_new')}?case={application.pk}",
    }


def _bounds(application: Application) -> list[tuple[str, Any]]:
    """What limits the amount of an approval: (words, fen)."""
    found: list[tuple[str, Any]] = []
    try:
        limit, line = limit_now(application), panel_line(application)
    except EngineError as error:
        return [(str(error), None)]
    if limit is not None:
        found.append((_("可核定金额"), limit))
    result = panel.result_of(application)
    if result is not None:
        found.append((_("会商金额"), result.amount))
    elif line is not None:
        found.append((_("超过此数须先会商"), line))
    return found


@requires(Act.APPLICATION_READ)
@require_POST
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The check as it would come to, while the form is being filled in."""
    user = cast(User, request.user)
    application = get_visible(request, page.applications(), pk=pk)
    form = forms.CheckForm(request.POST, application=application, user=user)
    form.is_valid()
    working: Working | None = None
    problem = ""
    try:
        working = checking.preview(application, facts_from(form.cleaned_data))
    except Refused as error:
        problem = str(error)
    context = {
        "working": working,
        "problem": problem,
        "legs": [leg.as_dict() for leg in working.test.legs] if working and working.test else [],
        "lines": [line.as_dict() for line in working.lines] if working else [],
        "findings": [(comparing.say(one), one["tone"]) for one in comparing.findings_of(application)],
        "application": application,
    }
    return render(request, "assistance/preview.html", context)
