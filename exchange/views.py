"""Pages of inbound files: the list, an upload, one file in three steps (read, compare, confirm), who has sent."""

import io
from datetime import date
from pathlib import PurePath
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import periods
from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.jobs import fail_abandoned
from accounts.lists import Column, ListPage
from accounts.models import Job, ReadRecord, User
from accounts.services import record_read
from exchange import arriving, deciding, kinds, preview, selectors, services
from exchange.errors import ExchangeError
from exchange.forms import ArrivalFilter, FileFilter, UploadForm
from exchange.models import InboundFile
from exchange.places import places, upload_address

State = InboundFile.State
UNFINISHED = (State.RECEIVED, State.READY)


class Files(ListPage):
    """Inbound files, newest first."""

    act = Act.ROSTER_READ
    title = gettext_lazy("来文")
    template_name = "exchange/place_list.html"
    filters = FileFilter
    columns = (
        Column("name", gettext_lazy("文件"), primary=True),
        Column("kind", gettext_lazy("种类"), value=lambda file: file.get_kind_display()),
        Column("department", gettext_lazy("部门"), value=lambda file: file.get_department_display()),
        Column("region.name", gettext_lazy("地区")),
        Column("month", gettext_lazy("月份"), kind="month", sort="month"),
        Column("rows", gettext_lazy("行数"), kind="number", value=lambda file: file.counts.get("rows")),
        Column("doubtful", gettext_lazy("存疑"), kind="number", value=lambda file: file.counts.get("doubtful")),
        Column("error", gettext_lazy("错误"), kind="number", value=lambda file: file.counts.get("error")),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda file: file.get_state_display(),
            tone=lambda file: file.tone,
        ),
        Column("uploaded_by", gettext_lazy("上传人")),
        Column("uploaded_at", gettext_lazy("上传时间"), kind="datetime", sort="uploaded_at"),
    )
    default_sort = "-uploaded_at"
    empty = gettext_lazy("还没有来文")
    empty_help = gettext_lazy("部门名单、结算明细和核实反馈从“上传文件”进入，或由部门联络员上传。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[InboundFile]:
        return selectors.files(self.user, **{name: value for name, value in filters.items() if value})

    def row_url(self, row: InboundFile) -> str:
        return reverse("exchange:file", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"places": places(self.user, "list")}
        if self.user.may(Act.ROSTER_UPLOAD):
            label, url = _("上传文件"), reverse("exchange:upload")
            found["actions"] = [{"label": label, "url": url, "primary": True, "icon": "upload"}]
        return found


@requires(Act.ROSTER_READ)
@require_GET
def arrivals(request: HttpRequest) -> HttpResponse:
    """Which rosters a year's months ask for, by county and department, and what came."""
    user = _user(request)
    form = ArrivalFilter(periods.asked(request, arriving.arrived(user), "month"), user=user)
    form.is_valid()
    year = form.cleaned_data.get("year") or timezone.localdate().year
    months = [date(year, month, 1) for month in range(1, 13)]
    lines = arriving.matrix(
        user,
        months,
        region=form.cleaned_data.get("region"),
        department=form.cleaned_data.get("department") or "",
        late=bool(form.cleaned_data.get("late")),
    )
    context = {
        "title": _("到齐情况"),
        "year": year,
        "months": months,
        "lines": lines,
        "missing": sum(line.missing for line in lines),
        "filters": form,
        "places": places(user, "arrivals"),
    }
    return render(request, "exchange/arrivals.html", context)


# --- upload ---------------------------------------------------------------------------------------------------------
@requires(Act.ROSTER_UPLOAD)
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """A file is taken, then read and compared on the worker."""
    user = _user(request)
    given_before = {name: request.GET[name] for name in UploadForm.ASKED if name in request.GET}
    form = UploadForm(request.POST or None, request.FILES or None, user=user, initial=given_before)
    if form.is_valid():
        given = dict(form.cleaned_data)
        sent = given.pop("file")
        try:
            file = services.receive_file(
                actor=user, **given | {"region": given["region"].code}, name=sent.name, content=sent.read()
            )
        except ExchangeError as error:
            form.add_error(None, str(error))
        else:
            here = reverse("exchange:file", args=[file.pk])
            if file.again:
                messages.info(request, _("这份文件已经上传过，已为您打开"))
            else:
                services.start_preparing(file=file, actor=user, url=here)
            return go(request, here)
    status = 422 if form.errors else 200
    context = {"title": _("上传文件"), "form": form, "label": _("上传并比对"), "cancel": reverse("exchange:list")}
    return render(request, "exchange/upload.html", context, status=status)


# --- one file -------------------------------------------------------------------------------------------------------
@requires(Act.ROSTER_READ)
@require_GET
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read → compare → confirm on one page; the counts filter the table."""
    user = _user(request)
    one = _get(request, pk)
    if one.job and not one.job.ended and fail_abandoned(Job.objects.filter(pk=one.job_id)):
        one.job.refresh_from_db()
    all_wrong = one.state == State.READY and 0 < one.counts.get("rows", 0) == one.counts.get("error")
    send_again = (all_wrong or one.state == State.REFUSED) and user.may(Act.ROSTER_UPLOAD)
    context: dict[str, Any] = {
        "title": one.name,
        "file": one,
        "summary": _summary(one),
        "steps": _steps(one),
        "notes": preview.notes(one),
        "running": one.job if one.job and not one.job.ended else None,
        "failed": one.job if one.job and one.job.state == Job.State.FAILED and _awaited(one) else None,
        "may": _may(one, user),
        "all_wrong": all_wrong,
        "afresh": upload_address(one) if send_again else "",
    }
    if one.state not in (State.READY, State.CONFIRMED, State.UNDONE):
        return render(request, "exchange/file.html", context)
    table = preview.listing(request, one, decides=context["may"]["decide"])
    table.on_export = lambda kind: _record_export(request, one)
    shown = {"counts": preview.counts(one, table), "target": "rows", "doubts": preview.doubts(one, table)}
    return table.respond("exchange/file.html", context | shown)


def _awaited(one: InboundFile) -> bool:
    """Whether what the file's last job was to do has not come about."""
    undoes = one.job is not None and one.job.kind.startswith("undo_")
    return one.state in UNFINISHED or (undoes and one.state == State.CONFIRMED)


def _may(one: InboundFile, user: User) -> dict[str, Any]:
    """What this person may do with the file now, and why not."""
    kind = kinds.get(one.kind)
    idle = one.job is None or one.job.ended
    confirms = user.may(kind.confirm) or (bool(one.unusual) and user.may(Act.ROSTER_CONFIRM_UNUSUAL))
    why = services.why_not_confirm(one, user) if one.state == State.READY else ""
    mine = one.uploaded_by_id == user.pk or user.may(kind.confirm)
    return {
        "confirm": idle and one.state == State.READY and confirms and not why,
        "why_not": why if one.state == State.READY else "",
        "cancel": idle and mine and one.state in (State.RECEIVED, State.READY, State.REFUSED),
        "again": idle and mine and one.state == State.RECEIVED,
        "undo": idle and one.state == State.CONFIRMED and user.may(kind.confirm),
        "decide": idle and deciding.may_decide(one, user),
        "errors": one.state in (State.READY, State.CONFIRMED)
        and bool(one.counts.get("error") or one.counts.get("doubtful")),
    }


def _kind(one: InboundFile) -> str:
    """Only a roster is full or changes; the other kinds add to what is there."""
    whole = one.kind == InboundFile.Kind.ROSTER
    return f"{one.get_kind_display()}（{one.get_mode_display()}）" if whole else one.get_kind_display()


def _summary(one: InboundFile) -> list[Any]:
    rows: list[Any] = [
        (_("种类"), _kind(one)),
        (_("部门"), one.get_department_display()),
        (_("地区"), one.region.name),
        {"label": _("月份"), "value": f"{one.month:%Y-%m}"},
        {"label": _("状态"), "value": one.get_state_display(), "kind": "badge", "tone": one.tone},
        (_("上传"), _who(one.uploaded_by, one.uploaded_at)),
    ]
    if one.confirmed_at:
        rows.append((_("确认"), _who(one.confirmed_by, one.confirmed_at)))
    if one.second_by:
        rows.append((_("复核"), one.second_by.name))
    return rows


def _who(user: User | None, at: Any) -> str:
    return f"{user.name if user else _('系统')} {timezone.localtime(at):%Y-%m-%d %H:%M}"


def _steps(one: InboundFile) -> list[dict[str, Any]]:
    """The three steps with what each came to: `done`, `now` or `later`, or `late` where it stopped."""
    reached = {State.RECEIVED: 0, State.REFUSED: 0, State.CANCELLED: 0, State.READY: 2}.get(State(one.state), 3)
    labels = (_("读取"), _("比对"), _("确认"))
    found = []
    for at, label in enumerate(labels):
        state = "done" if at < reached else "now" if at == reached else "later"
        if one.state == State.REFUSED and at == 0:
            state = "late"
        found.append({"label": label, "state": state})
    return found


@requires(Act.ROSTER_READ)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes the file to the register, on the worker."""
    one, user = _get(request, pk), _user(request)
    return _done(request, one, lambda here: services.start_confirming(file=one, actor=user, url=here), "")


@requires(Act.ROSTER_CONFIRM)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What holds of doubtful rows: one (answered with its cell), those selected, or all undecided ones of a kind."""
    one, user = _get(request, pk), _user(request)
    given = request.POST.get("decision") or request.GET.get("decision", "")
    rows = [int(key) for key in request.POST.getlist("ids") if key.isdigit()]
    try:
        changed = deciding.decide(
            actor=user, file_id=one.pk, decision=given, rows=rows, code=request.POST.get("code", "")
        )
    except ExchangeError as error:
        if getattr(request, "htmx", None):
            return HttpResponse(str(error), status=409)
        messages.error(request, str(error))
        return go(request, request.POST.get("back") or reverse("exchange:file", args=[pk]) + "?outcome=doubtful")
    if getattr(request, "htmx", None):
        return HttpResponse("".join(preview.decision_cell(row, oob=at > 0) for at, row in enumerate(changed)))
    said = ngettext("已处理 %(count)s 行", "已处理 %(count)s 行", len(changed)) % {"count": len(changed)}
    messages.success(request, said)
    return go(request, reverse("exchange:file", args=[pk]) + "?outcome=doubtful")


@requires(Act.ROSTER_READ)
@require_POST
def prepare(request: HttpRequest, pk: int) -> HttpResponse:
    """Reads once more what was interrupted."""
    one, user = _get(request, pk), _user(request)
    return _done(request, one, lambda here: services.start_preparing(file=one, actor=user, url=here), "")


@requires(Act.ROSTER_READ)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    one, user = _get(request, pk), _user(request)
    return _done(request, one, lambda _here: services.cancel_file(file_id=pk, actor=user), _("已放弃这份文件"))


@requires(Act.ROSTER_READ)
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the file back, on the worker."""
    one, user = _get(request, pk), _user(request)
    return _done(request, one, lambda here: services.start_undoing(file=one, actor=user, url=here), "")


@requires(Act.ROSTER_READ)
@require_GET
def errors(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The partner's own file with the wrong rows and 错误原因."""
    one = _get(request, pk)
    out = io.BytesIO()
    services.write_error_file(one, out)
    _record_export(request, one)
    out.seek(0)
    name = PurePath(one.name)
    return FileResponse(out, as_attachment=True, filename=f"{name.stem}-{_('错误')}{name.suffix}")


def _done(request: HttpRequest, one: InboundFile, act: Any, said: str) -> HttpResponse:
    """Acts and goes back to the file; what cannot be done is said there."""
    here = reverse("exchange:file", args=[one.pk])
    try:
        act(here)
    except ExchangeError as error:
        messages.error(request, str(error))
    else:
        if said:
            messages.success(request, said)
    return go(request, here)


def _get(request: HttpRequest, pk: int) -> InboundFile:
    found = InboundFile.objects.select_related("region", "uploaded_by", "confirmed_by", "second_by", "job")
    return get_visible(request, found, pk=pk)


def _record_export(request: HttpRequest, one: InboundFile) -> None:
    record_read(actor=_user(request), what=ReadRecord.What.EXPORT, subject=f"inbound:{one.pk}", request=request)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `requires` has seen to it
    return request.user
