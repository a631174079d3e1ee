"""Pages of merges: the list, and one with both files side by side and what would move."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListFilter, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from beneficiaries.dependants import MergeBlocked
from beneficiaries.merging import selectors, services
from beneficiaries.models import CategorySpell, Merge

State = Merge.State
TONES = {State.PROPOSED: "due", State.DONE: "done", State.REFUSED: "plain", State.UNDONE: "plain"}


class MergeFilter(ListFilter):
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=[("", gettext_lazy("全部")), *State.choices])


class Merges(ListPage):
    """What was proposed and what became of it."""

    act = Act.PERSON_READ
    title = gettext_lazy("人员合并")
    filters = MergeFilter
    columns = (
        Column("kept.name", gettext_lazy("保留档案"), primary=True),
        Column("gone.name", gettext_lazy("并入档案")),
        Column("gone.masked_id_number", gettext_lazy("并入档案证件号码"), kind="mono"),
        Column("region.name", gettext_lazy("所在地区")),
        Column("reason", gettext_lazy("理由")),
        Column("proposed_by", gettext_lazy("提出人")),
        Column("proposed_at", gettext_lazy("提出时间"), kind="datetime"),
        Column("decided_by", gettext_lazy("复核人")),
        Column("get_state_display", gettext_lazy("状态"), kind="badge", tone=lambda row: TONES[State(row.state)]),
    )
    empty = gettext_lazy("没有人员合并")
    empty_help = gettext_lazy("发现同一人有两份档案时，在其中一份档案的“更多”里点击“合并档案”。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[Merge]:
        rows = selectors.merges(self.user)
        return rows.filter(state=filters["state"]) if filters.get("state") else rows

    def row_url(self, row: Merge) -> str:
        return reverse("beneficiaries:merge", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        return {"breadcrumb": [(_("人员"), reverse("beneficiaries:list"))]}


class NoteForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=200)


@requires(Act.PERSON_READ)
@require_GET
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Both files side by side, what moves, and what may be done now; the opening is recorded."""
    user: User = request.user  # type: ignore[assignment]
    one = get_visible(request, selectors.merges(user), pk=pk)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{one.gone_id}", request=request)
    return render(request, "beneficiaries/merge.html", _context(user, one))


def _context(user: User, one: Merge) -> dict[str, Any]:
    may, own = user.may(Act.PERSON_MERGE), one.proposed_by_id == user.pk
    blocked = services.changed_since(one) if one.state == State.DONE else ""
    return {
        "title": _("合并 %(name)s 的两份档案") % {"name": one.kept.name},
        "merge": one,
        "tone": TONES[State(one.state)],
        "beside": _beside(one),
        "parts": selectors.parts(one.gone) if one.state == State.PROPOSED else [],
        "may_confirm": may and not own and one.state == State.PROPOSED,
        "why_not": _("须由提出人以外的复核人员确认") if one.state == State.PROPOSED and (own or not may) else "",
        "may_undo": may and one.state == State.DONE and not blocked,
        "blocked": blocked if may else "",
        "form": NoteForm(),
    }


def _beside(one: Merge) -> list[tuple[Any, str, str, bool]]:
    """Label, kept, gone, whether they differ."""
    held = {
        person.pk: "、".join(
            f"{spell.get_category_display()}（{spell.valid_from}—{spell.valid_to or _('今')}）"
            for spell in CategorySpell.objects.current().filter(person=person)
        )
        for person in (one.kept, one.gone)
    }

    def row(label: Any, value: Any) -> tuple[Any, str, str, bool]:
        kept, gone = (str(value(person) or "") for person in (one.kept, one.gone))
        return label, kept, gone, kept != gone

    return [
        row(_("姓名"), lambda person: person.name),
        row(_("证件号码"), lambda person: person.masked_id_number),
        row(_("性别"), lambda person: person.get_sex_display()),
        row(_("出生日期"), lambda person: person.birth_date),
        row(_("所在地区"), lambda person: person.region.name),
        row(_("住址"), lambda person: person.address),
        row(_("联系电话"), lambda person: person.masked_phone),
        row(_("人员类别"), lambda person: held[person.pk]),
        row(_("死亡日期"), lambda person: person.deceased_on),
    ]


@requires(Act.PERSON_MERGE)
@require_POST
def decide(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """`confirm`, `refuse` or `undo`, and back to the page."""
    user: User = request.user  # type: ignore[assignment]
    one = get_visible(request, selectors.merges(user), pk=pk)
    reason = request.POST.get("reason", "")
    try:
        if what == "confirm":
            services.confirm_merge(actor=user, merge=one)
            messages.success(request, _("已合并"))
        elif what == "refuse":
            services.refuse_merge(actor=user, merge=one, note=reason)
            messages.success(request, _("已记录为不予合并"))
        else:
            services.undo_merge(actor=user, merge=one, reason=reason)
            messages.success(request, _("已撤销，恢复为两份档案"))
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    except (MergeBlocked, PermissionDenied) as error:
        messages.error(request, str(error))
    return go(request, "beneficiaries:merge", one.pk)
