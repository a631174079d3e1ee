"""Pages of monitoring: warnings, one warning, scans, the month per department."""

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import periods
from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord, Region, User
from accounts.services import record_read
from accounts.templatetags.tuodi import burden_bar, ym, ymd
from beneficiaries.designations.selectors import named_for, said
from monitoring import lines, selectors, services
from monitoring.answering.selectors import may_answer
from monitoring.books import selectors as books
from monitoring.forms import MonthForm, ScanForm, WarningFilter
from monitoring.lists.selectors import lists_of
from monitoring.models import BurdenWarning, Feedback, Scan
from policies.engine import EngineError
from policies.sayings import statement_line

State = BurdenWarning.State
TONES = {
    State.APPROACHING: "due",
    State.OPEN: "late",
    State.PUSHED: "info",
    State.ANSWERED: "done",
    State.WITHDRAWN: "plain",
}


def _bar(row: BurdenWarning) -> str:
    """Every row's own line stands at the same place, so that bars compare down the column; full is past 1⅔ of it."""
    bar = burden_bar(row.amount, [(row.get_kind_display(), row.line)], small=True, widest=row.line * 3 // 2)
    return render_to_string("components/burden_bar.html", bar)


def _state(row: BurdenWarning) -> str:
    """Who approaches a line and is expected to pass it within a month is marked so."""
    soon = row.state == State.APPROACHING and row.soon  # type: ignore[attr-defined]
    return _("预计越线") if soon else str(row.get_state_display())


class Warnings(ListPage):
    """Warnings in the order of S1-16."""

    act = Act.WARNING_READ
    title = gettext_lazy("预警")
    filters = WarningFilter
    columns = (
        Column("number", gettext_lazy("预警号"), kind="mono", sort="number", primary=True),
        Column("person.name", gettext_lazy("姓名")),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("kind", gettext_lazy("种类"), value=lambda row: row.get_kind_display(), sort="kind"),
        Column("category", gettext_lazy("人员类别"), value=lambda row: row.get_category_display(), sort="category"),
        Column("region.name", gettext_lazy("地区"), sort="region_id"),
        Column("bar", gettext_lazy("距预警线"), kind="html", value=_bar, exported=False),
        Column("amount", gettext_lazy("负担金额"), kind="amount", sort="amount"),
        Column("line", gettext_lazy("预警线"), kind="amount"),
        Column("raised_on", gettext_lazy("预警日期"), kind="date", sort="raised_on"),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=_state,
            tone=lambda row: TONES[row.state],
        ),
        Column("refreshed_on", gettext_lazy("更新日期"), kind="date", sort="refreshed_on", shown=False),
        Column("withdrawn_reason", gettext_lazy("撤回原因"), shown=False),
    )
    empty = gettext_lazy("没有符合条件的预警")
    empty_help = gettext_lazy("每月扫描后，负担超过预警线的人员列在这里；重点人员在前，负担重的在前")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.warnings_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: BurdenWarning) -> str:
        return reverse("monitoring:warning", args=[row.pk])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="warnings", request=self.request)

    def extra(self) -> dict[str, Any]:
        actions = [{"label": _("本月推送"), "url": reverse("monitoring:month"), "icon": "send"}]
        if self.user.may(Act.CLAIM_READ):
            soon = {"label": _("预计越线"), "url": reverse("monitoring:projection"), "icon": "trending-up"}
            actions.append(soon)
        if self.user.may(Act.WARNING_SCAN):
            actions.append({"label": _("扫描"), "url": reverse("monitoring:scans"), "icon": "radar", "primary": True})
        return {"actions": actions, "counts": self._counts()}

    def _counts(self) -> list[dict[str, Any]]:
        found = selectors.counts_by_state(self.user)
        chosen = self.request.GET.get("state", "")
        here = reverse("monitoring:list")
        states = [state for state in State if self.user.may(Act.CLAIM_READ) or state in selectors.STANDING]
        rows = [
            {
                "label": state.label,
                "count": found.get(state, 0),
                "url": f"{here}?state={state}",
                "active": chosen == state,
                "tone": {State.OPEN: "late", State.ANSWERED: "done"}.get(state, ""),
            }
            for state in states
        ]
        total = sum(found.get(state, 0) for state in selectors.STANDING)
        return [{"label": _("在册"), "count": total, "url": here, "active": not chosen, "tone": ""}, *rows]


@requires(Act.WARNING_READ)
@require_GET
def warning(request: HttpRequest, pk: int) -> HttpResponse:
    """One warning: why, month by month, to whom it was told, what came back. A liaison sees no claims."""
    user = cast(User, request.user)
    found = get_visible(request, BurdenWarning.objects.select_related("person", "region", "version"), pk=pk)
    subject = f"person:{found.person_id}"
    record_read(actor=user, what=ReadRecord.What.FILE, subject=subject, request=request)
    told, answers = selectors.deliveries_of(user, found), selectors.answers_of(user, found)
    context: dict[str, Any] = {
        "title": _("预警 %(number)s") % {"number": found.number},
        "warning": found,
        "summary": _summary(found, user),
        "bar_lines": [(found.get_kind_display(), found.line)],
        "told": told,
        "answers": answers,
        "years": _timeline(found, told, answers),
        "may_answer": bool(may_answer(user, found)),
        "may_apply": user.may(Act.APPLICATION_REGISTER) and found.person.region_id.startswith(user.region_prefix),
    }
    if user.may(Act.CLAIM_READ):
        context |= _why(found)
    return render(request, "monitoring/warning.html", context)


def _why(found: BurdenWarning) -> dict[str, Any]:
    """The explanation and the months; a figure that has gone missing since is said, not raised."""
    try:
        ruling = lines.lines_of(found.version, found.refreshed_on)
    except EngineError as error:
        return {"problem": str(error)}
    if ruling is None:
        return {}
    counting = selectors.lines_for(found, ruling)
    labels = dict(BurdenWarning.Kind.choices)
    clauses = ruling.table.document.clauses
    explained = [
        {
            **statement_line(line),
            "quote": " ".join(clauses[code].text for code in line.clauses if code in clauses),
        }
        for line in selectors.explain(found, ruling)
    ]
    named = named_for(found.person_id, found.category, found.refreshed_on)
    explained[:0] = [{"label": _("视同类别"), "formula": said(one), "amount": None} for one in named]
    return {
        "explained": explained,
        "months": selectors.months_of(found, ruling),
        "line_labels": [labels[line.kind] for line in counting],
        "bar_lines": [(labels[line.kind], line.line) for line in counting] or [(found.get_kind_display(), found.line)],
    }


def _summary(found: BurdenWarning, user: User) -> list[Any]:
    person = found.person
    rows: list[Any] = [
        {
            "label": _("姓名"),
            "value": person.name,
            "url": reverse("beneficiaries:person", args=[person.pk]) if user.may(Act.PERSON_READ) else "",
        },
        {"label": _("证件号码"), "value": person.masked_id_number, "kind": "mono"},
        (_("地区"), found.region.name),
        (_("种类"), found.get_kind_display()),
        (_("人员类别"), found.get_category_display()),
        {"label": _("状态"), "value": found.get_state_display(), "kind": "badge", "tone": TONES[State(found.state)]},
        {"label": _("预警日期"), "value": found.raised_on, "kind": "date"},
        {"label": _("更新日期"), "value": found.refreshed_on, "kind": "date"},
    ]
    if user.may(Act.POLICY_READ):
        version = found.version
        link = reverse("policies:version", args=[version.name])
        rows.append({"label": _("政策版本"), "value": version.name, "url": link})
    if found.withdrawn_reason:
        rows.append((_("撤回原因"), found.withdrawn_reason))
    return rows


def _timeline(found: BurdenWarning, told: list[Any], answers: list[Feedback]) -> list[tuple[int, list[Any]]]:
    """Raised, told, answered, withdrawn; newest first, by year."""
    entries: list[dict[str, Any]] = []
    if found.raised_on:
        entries.append({"icon": "siren", "day": found.raised_on, "text": _("超过预警线"), "tone": "late"})
    if found.state == State.WITHDRAWN:
        entries.append({"icon": "undo-2", "day": found.refreshed_on, "text": found.withdrawn_reason})
    for one in told:
        entries.append(
            {
                "icon": "send",
                "day": timezone.localdate(one.delivery.created_at),
                "text": _("列入送达清单 %(number)s") % {"number": one.delivery.number},
                "amount": one.amount,
                "who": one.delivery.get_department_display(),
                "url": reverse("exchange:delivery", args=[one.delivery.pk]),
            }
        )
    for answer in answers:
        entries.append(
            {
                "icon": "message-square-reply",
                "day": timezone.localdate(answer.created_at),
                "text": _("反馈：%(result)s") % {"result": _answered(answer)},
                "who": answer.get_department_display(),
                "tone": "done" if answer.result == Feedback.Result.CERTIFIED else "",
            }
        )
    entries.sort(key=lambda entry: entry["day"], reverse=True)
    years = sorted({entry["day"].year for entry in entries}, reverse=True)
    return [(year, [entry for entry in entries if entry["day"].year == year]) for year in years]


def _answered(answer: Feedback) -> str:
    if answer.result != Feedback.Result.CERTIFIED:
        return str(answer.get_result_display())
    return f"{answer.get_result_display()} · {answer.get_category_display()}（{ymd(answer.valid_from)}）"


# --- scans --------------------------------------------------------------------------------------------------------
def _count(name: str) -> Any:
    return lambda row: row.counts.get(name, 0) if row.finished_at else None


class Scans(ListPage):
    """Past scans, and the form that starts one."""

    act = Act.WARNING_SCAN
    title = gettext_lazy("扫描")
    template_name = "monitoring/scans.html"
    columns = (
        Column("on", gettext_lazy("截止日"), kind="date", sort="on", primary=True),
        Column("region.name", gettext_lazy("地区")),
        Column("raised", gettext_lazy("新增"), kind="number", value=_count("raised")),
        Column("reopened", gettext_lazy("恢复"), kind="number", value=_count("reopened")),
        Column("refreshed", gettext_lazy("更新"), kind="number", value=_count("refreshed")),
        Column("withdrawn", gettext_lazy("撤回"), kind="number", value=_count("withdrawn")),
        Column("open", gettext_lazy("在册"), kind="number", value=_count("open")),
        Column("approaching", gettext_lazy("接近预警线"), kind="number", value=_count("approaching")),
        Column("actor.name", gettext_lazy("操作人"), value=lambda row: row.actor.name if row.actor else _("系统")),
        Column("started_at", gettext_lazy("开始时间"), kind="datetime", sort="started_at"),
        Column(
            "ended",
            gettext_lazy("结果"),
            kind="badge",
            value=lambda row: _("已完成") if row.finished_at else _("未完成"),
            tone=lambda row: "done" if row.finished_at else "due",
        ),
    )
    empty = gettext_lazy("还没有扫描过")
    empty_help = gettext_lazy("选择地区和截止日，开始第一次扫描；每月一日也会自动扫描")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.scans_for(self.user)

    def extra(self) -> dict[str, Any]:
        return {
            "breadcrumb": [(_("预警"), reverse("monitoring:list"))],
            "form": ScanForm(user=self.user),
            "running": [scan.job for scan in self.rows({})[:5] if scan.job and not scan.job.ended],
        }

    @staticmethod
    def row_url(row: Scan) -> str:
        return reverse("monitoring:scan", args=[row.pk])


@requires(Act.WARNING_SCAN)
@require_POST
def start_scan(request: HttpRequest) -> HttpResponseBase:
    """Starts a scan on the workers and shows its progress."""
    user = cast(User, request.user)
    form = ScanForm(request.POST, user=user)
    if form.is_valid():
        try:
            scan = services.start_scan(
                region=form.cleaned_data["region"],
                on=form.cleaned_data["on"],
                actor=user,
                url=reverse("monitoring:scans"),
            )
        except services.MonitoringError as error:
            form.add_error(None, str(error))
        else:
            return go(request, "accounts:job", scan.job_id)
    context = {"title": _("扫描"), "form": form, "breadcrumb": [(_("预警"), reverse("monitoring:list"))]}
    return render(request, "monitoring/scan_form.html", context, status=422)


@requires(Act.WARNING_SCAN)
@require_GET
def scan(request: HttpRequest, pk: int) -> HttpResponse:
    """One scan, county by county."""
    found = get_visible(request, selectors.scans_for(cast(User, request.user)), pk=pk)
    parts = list(found.parts.order_by("code"))
    names = dict(Region.objects.filter(pk__in=[p.code.ljust(12, "0") for p in parts]).values_list("code", "name"))
    for part in parts:
        part.place = names.get(part.code.ljust(12, "0"), part.code)
    summary = [
        (_("地区"), found.region.name),
        {"label": _("截止日"), "value": found.on, "kind": "date"},
        (_("操作人"), found.actor.name if found.actor else _("系统")),
        (_("新增"), found.counts.get("raised", "")),
        (_("更新"), found.counts.get("refreshed", "")),
        (_("撤回"), found.counts.get("withdrawn", "")),
        (_("在册"), found.counts.get("open", "")),
        (_("接近预警线"), found.counts.get("approaching", "")),
    ]
    title = _("扫描 %(region)s %(day)s") % {"region": found.region.name, "day": ymd(found.on)}
    context = {"title": title, "scan": found, "parts": parts, "summary": summary, "job": found.job}
    return render(request, "monitoring/scan.html", context)


# --- the month ----------------------------------------------------------------------------------------------------
@requires(Act.WARNING_READ)
@require_GET
def month(request: HttpRequest) -> HttpResponse:
    """How each department stands with the month's list."""
    user = cast(User, request.user)
    form, region, first = _asked(request, user)
    lists = lists_of(user, region, first)
    page = selectors.month_page(user, region, first).counting(lists)
    agreed, reminded = books.latest(user, region, first), books.reminders(user, region, first)
    for desk in page.desks:
        desk.books = agreed.get(desk.department)
        desk.reminders = reminded.get(desk.department, [])
    context = {
        "title": _("%(month)s 预警推送") % {"month": ym(first)},
        "form": form,
        "page": page,
        "may_remind": user.may(Act.WARNING_PUSH),
        "may_push": user.may(Act.WARNING_PUSH)
        and bool(page.scanned)
        and any(desk.to_tell or desk.to_withdraw for desk in page.desks),
        "lists": lists,
        "push_hidden": [("region", region.pk), ("month", ym(first))],
        "first_push": user.may(Act.WARNING_PUSH) and bool(page.scanned) and not any(d.deliveries for d in page.desks),
    }
    return render(request, "monitoring/month.html", context)


def _asked(request: HttpRequest, user: User) -> tuple[MonthForm, Region, date]:
    """Region and month of the address; without them the user's own and that of the last scan."""
    own = get_visible(request, Region, pk=user.region_prefix.ljust(12, "0"))
    query = periods.asked(request, user.visible(Scan).filter(finished_at__isnull=False), "on", unit=periods.MONTH)
    form = MonthForm({"region": own.pk} | query.dict(), user=user)
    form.is_valid()
    cleaned = form.cleaned_data
    return form, cleaned.get("region") or own, cleaned.get("month") or timezone.localdate().replace(day=1)


@requires(Act.WARNING_PUSH)
@require_POST
def push(request: HttpRequest) -> HttpResponseBase:
    """Closes the month's list on the worker and shows its progress."""
    user = cast(User, request.user)
    form = MonthForm(request.POST, user=user)
    if not form.is_valid() or not form.cleaned_data.get("region") or not form.cleaned_data.get("month"):
        messages.error(request, _("请选择地区和月份"))
        return go(request, "monitoring:month")
    region, first = form.cleaned_data["region"], form.cleaned_data["month"]
    url = f"{reverse('monitoring:month')}?region={region.pk}&month={first:%Y-%m}"
    try:
        job = services.start_push(region=region, month=first, actor=user, url=url)
    except services.MonitoringError as error:
        messages.error(request, str(error))
        return go(request, url)
    return go(request, "accounts:job", job.pk)
