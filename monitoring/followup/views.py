"""Pages of follow-ups: the list, one with its measures and months, what is written of it."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.forms import ReasonForm
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from monitoring.followup import selectors, services
from monitoring.followup.forms import CloseForm, DescribeForm, EndForm, FollowUpFilter, MeasureForm, VisitForm
from monitoring.followup.models import FollowUp, Measure

STATES = (
    ("open", gettext_lazy("进行中"), ""),
    ("none", gettext_lazy("尚无措施"), "due"),
    ("late", gettext_lazy("措施逾期"), "late"),
    ("unseen", gettext_lazy("本月待跟踪"), "due"),
    ("closed", gettext_lazy("已结案"), "done"),
)
MEASURE_TONES = {"achieved": "done", "partly": "due", "failed": "late", "cancelled": "plain"}


def _state(row: FollowUp) -> str:
    return str(row.get_outcome_display()) if row.closed_on else _("进行中")


def _tone(row: Any) -> str:
    if row.closed_on:
        return "done"
    return "late" if row.next_due and row.next_due < timezone.localdate() else "info" if row.all_measures else "due"


class FollowUps(ListPage):
    """Who is being followed, with what is agreed and when they were last seen."""

    act = Act.MEASURE_READ
    title = gettext_lazy("帮扶跟踪")
    filters = FollowUpFilter
    columns = (
        Column("warning.person.name", gettext_lazy("姓名"), primary=True),
        Column("warning.person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("region.name", gettext_lazy("地区"), sort="region_id"),
        Column("warning.kind", gettext_lazy("种类"), value=lambda row: row.warning.get_kind_display()),
        Column("warning.amount", gettext_lazy("负担金额"), kind="amount", sort="warning__amount"),
        Column("ability", gettext_lazy("劳动能力"), value=lambda row: row.get_ability_display()),
        Column("open_measures", gettext_lazy("进行中的措施"), kind="number"),
        Column("next_due", gettext_lazy("最近期限"), kind="date"),
        Column("last_visit", gettext_lazy("最近跟踪"), kind="date"),
        Column("owner.name", gettext_lazy("责任人")),
        Column("opened_on", gettext_lazy("开始日期"), kind="date", sort="opened_on"),
        Column("state", gettext_lazy("状态"), kind="badge", value=_state, tone=_tone),
    )
    default_sort = "opened_on"
    empty = gettext_lazy("没有符合条件的跟踪")
    empty_help = gettext_lazy("预警推送给部门后，每个人在这里开始跟踪，直到写明结果结案")

    def rows(self, filters: dict[str, Any]) -> QuerySet[FollowUp]:
        given = {name: value for name, value in filters.items() if value}
        return selectors.followups_for(self.user, **given)

    @staticmethod
    def row_url(row: FollowUp) -> str:
        return reverse("monitoring:followup", args=[row.pk])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="followups", request=self.request)

    def extra(self) -> dict[str, Any]:
        found, chosen = selectors.counts(self.user), self.request.GET.get("state") or "open"
        here = reverse("monitoring:followups")
        return {
            "breadcrumb": [(_("预警"), reverse("monitoring:list"))] if self.user.may(Act.WARNING_READ) else [],
            "counts": [
                {
                    "label": label,
                    "count": found[state],
                    "url": f"{here}?state={state}",
                    "active": chosen == state,
                    "tone": tone if found[state] else "",
                }
                for state, label, tone in STATES
            ],
        }


def _found(request: HttpRequest, pk: int) -> FollowUp:
    rows = FollowUp.objects.select_related("warning__person", "region", "owner", "closed_by")
    return get_visible(request, rows, pk=pk)


@requires(Act.MEASURE_READ)
@require_GET
def followup(request: HttpRequest, pk: int) -> HttpResponse:
    """One follow-up: who, what is agreed, how the months went, how it ended."""
    return _page(request, _found(request, pk))


def _page(request: HttpRequest, found: FollowUp, status: int = 200, **wrong: forms.BaseForm) -> HttpResponse:
    """The page; a form that was wrong stands open in its dialog."""
    user = cast(User, request.user)
    subject = f"person:{found.warning.person_id}"
    record_read(actor=user, what=ReadRecord.What.FILE, subject=subject, request=request)
    may_write = user.may(Act.MEASURE_WRITE)
    measures = selectors.measures_of(found)
    for measure in measures:
        measure.dialog = f"end-{measure.pk}"  # type: ignore[attr-defined]
        measure.tone = MEASURE_TONES.get(measure.outcome, "")  # type: ignore[attr-defined]
        measure.late = not measure.ended_on and measure.due_on < timezone.localdate()  # type: ignore[attr-defined]
        measure.end_form = wrong.get(f"end_{measure.pk}") or EndForm(auto_id=f"id_end{measure.pk}_%s")  # type: ignore[attr-defined]
    context = {
        "title": _("帮扶跟踪 %(name)s") % {"name": found.warning.person.name},
        "followup": found,
        "summary": _summary(found, user),
        "bar_lines": [(found.warning.get_kind_display(), found.warning.line)],
        "measures": measures,
        "months": selectors.months_tracked(found),
        "may_write": may_write,
        "open": may_write and not found.closed_on,
        "describe_form": wrong.get("describe") or DescribeForm(followup=found, user=user, auto_id="id_describe_%s"),
        "measure_form": wrong.get("measure") or MeasureForm(auto_id="id_measure_%s"),
        "visit_form": wrong.get("visit") or VisitForm(auto_id="id_visit_%s"),
        "close_form": wrong.get("close") or CloseForm(auto_id="id_close_%s"),
        "reopen_form": wrong.get("reopen") or ReasonForm(auto_id="id_reopen_%s"),
    }
    return render(request, "followup/followup.html", context, status=status)


def _summary(found: FollowUp, user: User) -> list[Any]:
    warning, person = found.warning, found.warning.person
    link = reverse("beneficiaries:person", args=[person.pk]) if user.may(Act.PERSON_READ) else ""
    told = reverse("monitoring:warning", args=[warning.pk]) if user.may(Act.WARNING_READ) else ""
    rows: list[Any] = [
        {"label": _("姓名"), "value": person.name, "url": link},
        {"label": _("证件号码"), "value": person.masked_id_number, "kind": "mono"},
        (_("地区"), found.region.name),
        {"label": _("预警"), "value": f"{warning.number} {warning.get_kind_display()}", "url": told},
        (_("人员类别"), warning.get_category_display()),
        (_("劳动能力"), found.get_ability_display()),
        (_("责任人"), found.owner.name if found.owner else ""),
        {"label": _("开始日期"), "value": found.opened_on, "kind": "date"},
    ]
    if found.closed_on:
        rows += [
            {"label": _("结案日期"), "value": found.closed_on, "kind": "date"},
            {"label": _("结果"), "value": found.get_outcome_display(), "kind": "badge", "tone": "done"},
            (_("结案说明"), found.conclusion),
        ]
    return rows


def _write(
    request: HttpRequest,
    found: FollowUp,
    key: str,
    form: forms.BaseForm,
    do: Callable[[dict[str, Any]], Any],
    said: str,
) -> HttpResponse:
    """Validates, calls the service; what is wrong is shown beside its field with everything still typed."""
    if form.is_valid():
        try:
            do(form.cleaned_data)
        except services.FollowUpError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, said)
            return go(request, "monitoring:followup", found.pk)
    return _page(request, found, 422, **{key: form})


@requires(Act.MEASURE_WRITE)
@require_POST
def describe(request: HttpRequest, pk: int) -> HttpResponse:
    found, user = _found(request, pk), cast(User, request.user)
    form = DescribeForm(request.POST, followup=found, user=user, auto_id="id_describe_%s")
    return _write(
        request,
        found,
        "describe",
        form,
        lambda data: services.describe(actor=user, followup=found, **data),
        _("已保存"),
    )


@requires(Act.MEASURE_WRITE)
@require_POST
def add_measure(request: HttpRequest, pk: int) -> HttpResponse:
    found, user = _found(request, pk), cast(User, request.user)
    form = MeasureForm(request.POST, auto_id="id_measure_%s")
    return _write(
        request,
        found,
        "measure",
        form,
        lambda data: services.add_measure(actor=user, followup=found, **data),
        _("已登记措施"),
    )


@requires(Act.MEASURE_WRITE)
@require_POST
def end_measure(request: HttpRequest, pk: int) -> HttpResponse:
    user = cast(User, request.user)
    measure = get_visible(request, Measure, pk=pk)
    found = _found(request, measure.followup_id)
    form = EndForm(request.POST, auto_id=f"id_end{pk}_%s")

    def do(data: dict[str, Any]) -> None:
        data.pop("yuan")
        services.end_measure(actor=user, measure=measure, amount=amount, **data)

    amount = form.amount if form.is_valid() else None
    return _write(request, found, f"end_{pk}", form, do, _("已登记落实情况"))


@requires(Act.MEASURE_WRITE)
@require_POST
def add_visit(request: HttpRequest, pk: int) -> HttpResponse:
    found, user = _found(request, pk), cast(User, request.user)
    form = VisitForm(request.POST, auto_id="id_visit_%s")
    return _write(
        request,
        found,
        "visit",
        form,
        lambda data: services.add_visit(actor=user, followup=found, **data),
        _("已登记跟踪"),
    )


@requires(Act.MEASURE_WRITE)
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    found, user = _found(request, pk), cast(User, request.user)
    form = CloseForm(request.POST, auto_id="id_close_%s")
    return _write(
        request, found, "close", form, lambda data: services.close(actor=user, followup=found, **data), _("已结案")
    )


@requires(Act.MEASURE_WRITE)
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    found, user = _found(request, pk), cast(User, request.user)
    form = ReasonForm(request.POST, auto_id="id_reopen_%s")
    return _write(
        request,
        found,
        "reopen",
        form,
        lambda data: services.reopen(actor=user, followup=found, **data),
        _("已重新开启"),
    )
