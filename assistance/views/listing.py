"""Lists: all applications, my queue, the board, notices of the township, questions to departments."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Act
from accounts.doors import requires
from accounts.lists import Bulk, Column, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from assistance.filters import (
    ApplicationFilter,
    BoardForm,
    NoticeFilter,
    QuestionFilter,
    QueueFilter,
    ReferralFilter,
)
from assistance.models import Application, Notice, Question, Referral
from assistance.selectors import lists
from assistance.services import after
from assistance.vocabulary import State


def sections(user: User, active: str) -> list[dict[str, Any]]:
    """Tabs over the room's lists."""
    found = []
    if user.may(Act.APPLICATION_READ):
        found += [("list", _("全部申请")), ("queue", _("等我办理")), ("board", _("看板"))]
    if user.may(Act.PANEL_READ):
        found.append(("meetings", _("会商")))
    if user.may(Act.APPLICATION_READ):
        found.append(("referrals", _("转介")))
    if user.may(Act.QUESTION_ANSWER):
        found.append(("questions", _("部门询问")))
    if user.may(Act.APPLICATION_REGISTER):
        found.append(("notices", _("办理回告")))
    return [
        {"key": key, "label": label, "url": reverse(f"assistance:{key}"), "active": key == active}
        for key, label in found
    ]


def due_words(row: Application) -> str:
    """The clock in one word: the day, how late, or that it stands."""
    if row.late_by:
        return ngettext("逾期 %(n)s 天", "逾期 %(n)s 天", row.late_by) % {"n": row.late_by}
    if row.due_on:
        return f"{row.due_on:%Y-%m-%d}"
    return str(_("暂停")) if row.state == State.CHECKING else ""


def due_tone(row: Application) -> str:
    if row.late_by:
        return "late"
    if row.due_on and (row.due_on - timezone.localdate()).days <= 2:
        return "due"
    return "plain"


COLUMNS = (
    Column("number", gettext_lazy("申请号"), kind="mono", sort="number", primary=True),
    Column("person.name", gettext_lazy("申请人")),
    Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono", shown=False),
    Column("rule", gettext_lazy("申请事项")),
    Column("kind", gettext_lazy("种类"), value=lambda row: row.get_kind_display(), shown=False),
    Column("region.name", gettext_lazy("地区"), sort="region_id"),
    Column("applied_on", gettext_lazy("申请日期"), kind="date", sort="applied_on"),
    Column(
        "state",
        gettext_lazy("状态"),
        kind="badge",
        value=lambda row: row.get_state_display(),
        tone=lambda row: row.tone,
    ),
    Column("due_on", gettext_lazy("办理期限"), kind="badge", value=due_words, tone=due_tone, sort="due_on"),
    Column("amount_asked", gettext_lazy("申请金额"), kind="amount", shown=False),
)


class Applications(ListPage):
    """All applications that the user may see."""

    act = Act.APPLICATION_READ
    title = gettext_lazy("救助申请")
    template_name = "assistance/list.html"
    filters = ApplicationFilter
    columns = COLUMNS
    default_sort = ""
    empty = gettext_lazy("没有符合条件的申请")
    empty_help = gettext_lazy("乡镇或县级经办登记的申请列在这里")
    here = "list"

    def rows(self, filters: dict[str, Any]) -> Any:
        return lists.applications_for(self.user, **{name: value for name, value in filters.items() if value})

    def row_url(self, row: Application) -> str:
        return reverse("assistance:case", args=[row.pk])

    def row_class(self, row: Application) -> str:
        tone = due_tone(row)
        return tone if tone != "plain" else ""

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="applications", request=self.request)

    def extra(self) -> dict[str, Any]:
        actions = []
        if self.user.may(Act.APPLICATION_REGISTER):
            url = reverse("assistance:new")
            actions.append({"label": _("登记申请"), "url": url, "primary": True, "icon": "plus"})
        if self.user.may(Act.APPLICATION_SURVEY):
            url = reverse("admin:assistance_application_changelist")
            actions.append({"label": _("批量查看"), "url": url, "icon": "list"})
        return {"tabs": sections(self.user, self.here), "actions": actions}


class Queue(Applications):
    """What waits for me, the earliest day first."""

    title = gettext_lazy("等我办理的申请")
    filters = QueueFilter
    default_sort = "due_on"
    empty = gettext_lazy("没有等您办理的申请")
    empty_help = gettext_lazy("轮到您办理的申请会出现在这里，期限近的在前")
    here = "queue"

    def rows(self, filters: dict[str, Any]) -> Any:
        group, q = filters.get("group"), filters.get("q") or ""
        if not group:
            return lists.applications_for(self.user, q=q, mine=True)
        return lists.applications_for(self.user, q=q).filter(lists.group_of(group, self.user))


@requires(Act.APPLICATION_READ)
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Open work of a region by state."""
    user = cast(User, request.user)
    form = BoardForm(request.GET or None, user=user)
    region = form.cleaned_data["region"] if form.is_valid() else None
    found = lists.board(user, region)
    context = {
        "title": _("申请看板"),
        "tabs": sections(user, "board"),
        "form": form,
        "columns": [
            {
                "column": column,
                "label": column.state.label,
                "url": f"{reverse('assistance:list')}?state={column.state}"
                + (f"&region={region.pk}" if region else ""),
                "cards": [{"row": row, "due": due_words(row), "tone": due_tone(row)} for row in column.cards],
            }
            for column in found
        ],
    }
    return render(request, "assistance/board.html", context)


class Notices(ListPage):
    """What the township hears of its applications (S1-20)."""

    act = Act.APPLICATION_REGISTER
    title = gettext_lazy("办理回告")
    template_name = "assistance/list.html"
    filters = NoticeFilter
    columns = (
        Column("step.at", gettext_lazy("时间"), kind="datetime"),
        Column("application.number", gettext_lazy("申请号"), kind="mono", primary=True),
        Column("application.person.name", gettext_lazy("申请人")),
        Column("application.region.name", gettext_lazy("地区")),
        Column("did", gettext_lazy("办理"), value=lambda row: row.step.get_did_display()),
        Column("reason", gettext_lazy("说明"), value=lambda row: row.step.reason),
        Column(
            "read",
            gettext_lazy("签收"),
            kind="badge",
            value=lambda row: str(row.read_by) if row.read_at else _("未签收"),
            tone=lambda row: "done" if row.read_at else "due",
        ),
    )
    empty = gettext_lazy("没有办理回告")
    empty_help = gettext_lazy("申请受理、移交、有结果时，登记的乡镇在这里收到回告")

    def rows(self, filters: dict[str, Any]) -> Any:
        return lists.notices_for(self.user, unread=bool(filters.get("unread")))

    def row_url(self, row: Notice) -> str:
        return reverse("assistance:case", args=[row.application_id])

    @property
    def bulk(self) -> Any:  # type: ignore[override]
        return (Bulk(_("签收"), reverse("assistance:read_notices")),)

    def extra(self) -> dict[str, Any]:
        return {"tabs": sections(self.user, "notices")}


@requires(Act.APPLICATION_REGISTER)
@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Takes note of the notices that were picked."""
    ids = [int(one) for one in request.POST.getlist("ids") if one.isdecimal()][:1000]
    count = after.read_notice(actor=cast(User, request.user), notice_ids=ids)
    messages.success(request, ngettext("已签收 %(n)s 条回告", "已签收 %(n)s 条回告", count) % {"n": count})
    return redirect("assistance:notices")


class Questions(ListPage):
    """Questions to the user's department, or of all for who handles applications."""

    act = Act.QUESTION_ANSWER
    title = gettext_lazy("部门询问")
    template_name = "assistance/list.html"
    filters = QuestionFilter
    columns = (
        Column("asked_at", gettext_lazy("询问时间"), kind="datetime", sort="asked_at"),
        Column("get_department_display", gettext_lazy("部门")),
        Column("application.person.name", gettext_lazy("申请人"), primary=True),
        Column("application.person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("text", gettext_lazy("询问内容")),
        Column("answer", gettext_lazy("答复")),
        Column(
            "answered_at",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda row: _("已答复") if row.answered_at else _("待答复"),
            tone=lambda row: "done" if row.answered_at else "due",
        ),
    )
    empty = gettext_lazy("没有部门询问")
    empty_help = gettext_lazy("核查时向部门提出的询问列在这里")

    def rows(self, filters: dict[str, Any]) -> Any:
        return lists.questions_for(self.user, answered=filters.get("answered") or "")

    def row_url(self, row: Question) -> str:
        return reverse("assistance:question", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        return {"tabs": sections(self.user, "questions")}


OUTCOME_TONES = {
    Referral.Outcome.ACHIEVED: "done",
    Referral.Outcome.PARTLY: "due",
    Referral.Outcome.FAILED: "late",
}


def referral_words(row: Referral) -> str:
    """Where a referral stands: its outcome, how late the answer is, or that it is waited for."""
    if row.answered_on:
        return row.get_outcome_display() or _("已答复")
    if row.late_by:
        return ngettext("逾期 %(n)s 天", "逾期 %(n)s 天", row.late_by) % {"n": row.late_by}
    return _("待答复")


def referral_tone(row: Referral) -> str:
    if row.answered_on:
        return OUTCOME_TONES.get(Referral.Outcome(row.outcome), "done") if row.outcome else "done"
    return "late" if row.late_by else "due"


class Referrals(ListPage):
    """Referrals to other help: who follows each up, what is waited for, what came of it (S1-25, S2-11, S3-14)."""

    act = Act.APPLICATION_READ
    title = gettext_lazy("转介")
    template_name = "assistance/list.html"
    filters = ReferralFilter
    columns = (
        Column("referred_at", gettext_lazy("转介时间"), kind="datetime"),
        Column("application.number", gettext_lazy("申请号"), kind="mono", primary=True),
        Column("application.person.name", gettext_lazy("申请人")),
        Column("application.region.name", gettext_lazy("地区"), shown=False),
        Column("help", gettext_lazy("帮扶方式"), value=lambda row: row.get_help_display()),
        Column("organisation", gettext_lazy("机构")),
        Column("owner_name", gettext_lazy("责任人")),
        Column("burden", gettext_lazy("剩余负担"), kind="amount"),
        Column("due_on", gettext_lazy("希望答复日期"), kind="date", sort="due_on"),
        Column("state", gettext_lazy("落实情况"), kind="badge", value=referral_words, tone=referral_tone),
        Column("amount", gettext_lazy("到位金额"), kind="amount"),
        Column("clauses", gettext_lazy("条款"), value=lambda row: "、".join(row.clauses), shown=False),
        Column("answered_on", gettext_lazy("答复日期"), kind="date", shown=False),
        Column("answer", gettext_lazy("答复"), shown=False),
    )
    default_sort = ""
    empty = gettext_lazy("没有转介")
    empty_help = gettext_lazy("在申请页面点“转介”，把仍有负担的个案交给慈善、社会救助等")

    def rows(self, filters: dict[str, Any]) -> Any:
        return lists.referrals_for(self.user, **{name: value for name, value in filters.items() if value})

    def row_url(self, row: Referral) -> str:
        return reverse("assistance:case", args=[row.application_id])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="referrals", request=self.request)

    def extra(self) -> dict[str, Any]:
        return {"tabs": sections(self.user, "referrals")}
