"""The panel room: meetings, one meeting with its cases and opinions, a department's opinion, who was absent."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import User
from accounts.vocabulary import Department
from assistance.errors import Refused
from assistance.forms import AbsentForm, MeetingForm, OpinionForm
from assistance.models import Meeting, MeetingCase, Opinion
from assistance.selectors import lists, page
from assistance.services import panel
from assistance.views.case import legs, summary
from assistance.views.listing import sections


class Meetings(ListPage):
    """Meetings, the next first."""

    act = Act.PANEL_READ
    title = gettext_lazy("会商")
    template_name = "assistance/list.html"
    columns = (
        Column("held_on", gettext_lazy("会议日期"), kind="date", sort="held_on"),
        Column("title", gettext_lazy("会议名称"), primary=True),
        Column("region.name", gettext_lazy("地区")),
        Column("place", gettext_lazy("地点")),
        Column("total", gettext_lazy("案件"), kind="number"),
        Column("left", gettext_lazy("未完成"), kind="number"),
    )
    default_sort = "-held_on"
    empty = gettext_lazy("没有会商会议")
    empty_help = gettext_lazy("一事一议或者超过规定数额的申请，由复核人员召集会商")

    def rows(self, filters: dict[str, Any]) -> Any:
        return lists.meetings_for(self.user)

    def row_url(self, row: Meeting) -> str:
        return reverse("assistance:meeting", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        actions = []
        if self.user.may(Act.APPLICATION_DECIDE):
            url = reverse("assistance:meeting_new")
            actions.append({"label": _("召集会议"), "url": url, "primary": True, "icon": "plus"})
        return {"tabs": sections(self.user, "meetings"), "actions": actions}


@requires(Act.APPLICATION_DECIDE)
@require_http_methods(["GET", "POST"])
def meeting_new(request: HttpRequest) -> HttpResponse:
    """A new meeting; `?case=` comes back to that application's form."""
    user = cast(User, request.user)
    form = MeetingForm(request.POST or None, user=user)
    back = request.GET.get("case", "")
    if form.is_valid():
        try:
            made = panel.save_meeting(actor=user, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("会议已召集"))
            if back.isdecimal():
                return go(request, "assistance:move", back, "convene")
            return go(request, "assistance:meeting", made.pk)
    context = {
        "title": _("召集会议"),
        "form": form,
        "draft": "meeting",
        "label": _("召集"),
        "cancel": reverse("assistance:meetings"),
    }
    return render(request, "assistance/form.html", context)


@requires(Act.PANEL_READ)
@require_http_methods(["GET", "POST"])
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel room: every case with what each department said; who is absent is named here."""
    user = cast(User, request.user)
    found = get_visible(request, Meeting.objects.select_related("region", "convened_by"), pk=pk)
    cases = list(
        found.cases.select_related("application__person", "application__region").prefetch_related("opinions__member")
    )
    wrong: dict[int, AbsentForm] = {}
    if request.method == "POST":
        case = next((one for one in cases if str(one.pk) == request.POST.get("case")), None)
        if case is None or not user.may(Act.APPLICATION_DECIDE):
            messages.warning(request, _("缺席由召集会议的复核人员登记。"))
            return redirect("assistance:meeting", pk=pk)
        form = AbsentForm(request.POST, choices=_silent(found, case))
        if form.is_valid():
            try:
                panel.mark_absent(actor=user, case_id=case.pk, departments=form.cleaned_data["departments"])
            except Refused as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("已登记缺席"))
                return redirect("assistance:meeting", pk=pk)
        wrong[case.pk] = form
    context = {
        "title": found.title,
        "meeting": found,
        "summary": _summary(found),
        "cases": [_row(found, case, user, wrong.get(case.pk)) for case in cases],
    }
    return render(request, "assistance/meeting.html", context)


def _summary(found: Meeting) -> list[dict[str, Any]]:
    departments = "、".join(str(Department(one).label) for one in found.departments)
    return [
        {"label": _("会议日期"), "value": found.held_on, "kind": "date"},
        {"label": _("地点"), "value": found.place},
        {"label": _("主持人"), "value": found.chair},
        {"label": _("地区"), "value": found.region.name},
        {"label": _("参加部门"), "value": departments},
        {"label": _("法定到会数"), "value": _("%(n)s 个部门以上") % {"n": found.quorum}},
    ]


def _silent(found: Meeting, case: MeetingCase) -> list[tuple[str, str]]:
    spoken = {one.department for one in case.opinions.all()} | set(case.absent)
    return [(one, str(Department(one).label)) for one in found.departments if one not in spoken]


def _row(found: Meeting, case: MeetingCase, user: User, wrong: AbsentForm | None) -> dict[str, Any]:
    said = {one.department: one for one in case.opinions.all()}
    silent = _silent(found, case)
    mine = user.may(Act.APPLICATION_PANEL) and user.department in found.departments and not case.done_at
    absent_form = None
    if user.may(Act.APPLICATION_DECIDE) and not case.done_at and silent:
        absent_form = wrong or AbsentForm(choices=silent, auto_id=f"id_{case.pk}_%s")
    return {
        "case": case,
        "departments": [
            {
                "label": Department(one).label,
                "opinion": said.get(one),
                "absent": one in case.absent,
                "tone": _tone(said.get(one), one in case.absent),
            }
            for one in found.departments
        ],
        "opinion_url": reverse("assistance:opinion", args=[case.pk]) if mine else "",
        "spoken": user.department in said,
        "absent_form": absent_form,
        "given": sum(one.says != Opinion.Says.RECUSED for one in said.values()),
    }


def _tone(opinion: Opinion | None, absent: bool) -> str:
    if opinion is None:
        return "late" if absent else "plain"
    return {"agree": "done", "dissent": "due", "recused": "plain"}[opinion.says]


@requires(Act.APPLICATION_PANEL)
@require_http_methods(["GET", "POST"])
def opinion(request: HttpRequest, pk: int) -> HttpResponse:
    """The department's opinion on a case, before or in the meeting."""
    user = cast(User, request.user)
    case = get_visible(request, MeetingCase.objects.select_related("meeting"), pk=pk)
    application = get_visible(request, page.applications(), pk=case.application_id)
    given = case.opinions.filter(department=user.department).first()
    if case.done_at:
        messages.warning(request, _("这件案件的会商已经结束，意见不能再改。"))
        return redirect("assistance:case", pk=application.pk)
    initial = {"says": given.says, "amount": given.amount, "text": given.text} if given else {}
    form = OpinionForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            panel.opine(actor=user, case_id=case.pk, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("已提交本部门意见"))
            return go(request, "assistance:meeting", case.meeting_id)
    found = page.case_of(application, user)
    context = {
        "title": _("部门意见"),
        "application": application,
        "case": found,
        "panel": case,
        "summary": summary(application, user),
        "legs": legs(found),
        "form": form,
        "draft": f"opinion-{case.pk}",
        "label": _("提交意见"),
        "cancel": reverse("assistance:meeting", args=[case.meeting_id]),
        "department": Department(user.department).label if user.department else "",
    }
    return render(request, "assistance/opinion.html", context)
