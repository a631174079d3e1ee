"""The way of an inbound file: received, prepared (read, staged, compared), confirmed or given up, undone.

Every step locks the file's row, runs in one transaction and may be called again: a second call finds the work done.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import PurePath
from typing import BinaryIO

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, create_job, no_progress
from accounts.models import Job, Region, User
from accounts.vocabulary import Department
from exchange import deciding, kinds, reader, vault
from exchange.errors import ExchangeError, ImportBlocked, ImportRefused, NotAllowed, RegisterMoved, SecondPersonNeeded
from exchange.inquiries import services as inquiring
from exchange.kinds import ImportKind
from exchange.models import InboundFile, Outcome

State = InboundFile.State
# Names of the tasks (exchange.tasks), which call the services here.
PREPARE, CONFIRM, UNDO = "exchange.prepare_inbound", "exchange.confirm_inbound", "exchange.undo_inbound"
# States in which the very same file need not be taken again.
LIVE = (State.RECEIVED, State.READY, State.CONFIRMED)


# --- receive --------------------------------------------------------------------------------------------------------
def receive_file(
    *,
    actor: User | None,
    kind: str,
    department: str,
    region: str,
    month: date,
    mode: str = InboundFile.Mode.FULL,
    name: str,
    content: bytes,
    afresh: bool = False,
) -> InboundFile:
    """Takes a file; the very same one, of the same department, region and month, is recognised (`file.again`).

    `region` is a division code; `month` any day of the month; `afresh` takes it although it was there. Raises
    NotAllowed, ImportRefused.
    """
    which = kinds.get(kind)
    place = _region_for(actor, region)
    _check_sender(actor, which, department)
    if len(content) > settings.INBOUND_MAX_BYTES:
        raise ImportRefused(
            _("文件超过 %(size)s MB；请分成几个文件上传。") % {"size": settings.INBOUND_MAX_BYTES >> 20}
        )
    month = month.replace(day=1)
    same = {"kind": kind, "department": department, "region": place, "month": month, "mode": mode}
    sha256 = vault.digest(content)
    with transaction.atomic():
        # Two clicks on the same button: the second waits here and finds the first one's file.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"inbound {sha256}"])
        known = InboundFile.objects.filter(sha256=sha256, state__in=LIVE, **same).first()
        if known and not afresh:
            known.again = True
            return known
        return InboundFile.objects.create(
            **same,
            name=PurePath(name.replace("\\", "/")).name[-200:] or _("未命名"),
            file=vault.store(content),
            sha256=sha256,
            uploaded_by=actor,
        )


def _region_for(actor: User | None, code: str) -> Region:
    place = Region.objects.filter(code=code.ljust(12, "0")).first()
    if place is None:
        raise ImportRefused(_("没有行政区划“%(code)s”；请填写已有的 12 位代码。") % {"code": code})
    if actor and not place.code.startswith(actor.region_prefix):
        raise NotAllowed(_("%(region)s不在您的管辖范围内。") % {"region": place.name})
    return place


def _check_sender(actor: User | None, kind: ImportKind, department: str) -> None:
    if department not in kind.departments:
        allowed = "、".join(str(Department(code).label) for code in kind.departments)
        raise ImportRefused(_("这类文件由以下部门报送：%(departments)s。") % {"departments": allowed})
    if actor is None:
        return
    if not actor.may(kind.upload):
        raise NotAllowed(_("您的角色不能上传这类文件。"))
    if actor.department not in (Department.MEDICAL_SECURITY, department):
        raise NotAllowed(_("只能上传本部门的文件。"))


# --- prepare --------------------------------------------------------------------------------------------------------
def prepare_file(*, file_id: int, actor: User | None = None, progress: Progress = no_progress) -> InboundFile:
    """Reads, stages and compares; afterwards the file is READY with its counts, or REFUSED with the reason."""
    with transaction.atomic():
        file = _locked(file_id)
        if file.state != State.RECEIVED:
            return file
        try:
            with transaction.atomic():
                _read_and_compare(file, progress)
        except reader.FileRefused as refused:
            file.message, file.state = str(refused), State.REFUSED
        else:
            file.message, file.state = "", State.READY
        file.save()
        return file


def _read_and_compare(file: InboundFile, progress: Progress) -> None:
    kind = kinds.get(file.kind)
    before = deciding.kept(file)
    _forget_rows(file)
    reading = reader.read(vault.stream_of(file), kind.schema, kinds.reading_context(file))
    file.notes, file.counts = [], {}
    kind.stage(file, reading, progress)
    if reading.ignored:
        file.notes.append({"code": "ignored", "count": len(reading.ignored), "text": "、".join(reading.ignored)})
    file.notes += [{"code": "skipped", "line": one.line, "text": one.text} for one in reading.skipped[:20]]
    file.counts["rows"] = reading.rows_read
    file.counts |= {outcome: 0 for outcome in Outcome.values} | kind.compare(file, progress)
    file.unusual = kind.unusual(file)
    deciding.restore(file, before)


# --- confirm --------------------------------------------------------------------------------------------------------
def why_not_confirm(file: InboundFile, actor: User | None, second: User | None = None) -> str:
    """Why this person (with `second`, if given) cannot confirm the file; empty when nothing stands in the way."""
    obstacle = _obstacle(file, actor, second)
    return str(obstacle) if obstacle else ""


def _obstacle(file: InboundFile, actor: User | None, second: User | None) -> ExchangeError | None:
    kind = kinds.get(file.kind)
    if file.state != State.READY:
        return ImportBlocked(_("文件当前为“%(state)s”，不能确认。") % {"state": file.get_state_display()})
    if blocked := kind.blocked(file):
        return ImportBlocked(blocked)
    if file.unusual:
        return _second_missing(file, second or actor)
    if actor and not (actor.may(kind.confirm) and file.region_id.startswith(actor.region_prefix)):
        return NotAllowed(_("您的角色不能确认这类文件；请由医疗保障部门的县级经办确认。"))
    return None


def _second_missing(file: InboundFile, second: User | None) -> ExchangeError | None:
    if second is None or not second.may(Act.ROSTER_CONFIRM_UNUSUAL):
        return SecondPersonNeeded(file.unusual)
    if not file.region_id.startswith(second.region_prefix):
        return NotAllowed(_("这份文件的地区不在%(name)s的管辖范围内。") % {"name": second})
    if second.pk == file.uploaded_by_id:
        return SecondPersonNeeded(_("复核人不能是上传人；请由另一位复核人员确认。"))
    return None


def confirm_file(
    *, file_id: int, actor: User | None, second: User | None = None, progress: Progress = no_progress
) -> InboundFile:
    """Writes the file to the register: all or nothing; confirming a confirmed file changes nothing.

    Raises SecondPersonNeeded, NotAllowed, ImportBlocked, and RegisterMoved after the preview was made anew.
    """
    try:
        with transaction.atomic():
            file = _locked(file_id)
            if file.state == State.CONFIRMED:
                return file
            _check_confirm(file, actor, second)
            _apply(file, actor, second, progress)
            return file
    except RegisterMoved:
        InboundFile.objects.filter(pk=file_id, state=State.READY).update(state=State.RECEIVED)
        prepare_file(file_id=file_id, actor=actor, progress=progress)
        raise


def _check_confirm(file: InboundFile, actor: User | None, second: User | None) -> None:
    obstacle = _obstacle(file, actor, second)
    if obstacle:
        raise obstacle


def _apply(file: InboundFile, actor: User | None, second: User | None, progress: Progress) -> None:
    kind = kinds.get(file.kind)
    if file.unusual:
        file.second_by = second or actor
    file.confirmed_by, file.confirmed_at = actor, timezone.now()
    file.counts["written"] = kind.apply(file, actor=actor, progress=progress)
    if kind.goes_back:
        file.counts["inquiries"], file.counts["settled"] = inquiring.after_confirming(file)
    file.state, file.message = State.CONFIRMED, ""
    file.save()


# --- give up, undo --------------------------------------------------------------------------------------------------
def cancel_file(*, file_id: int, actor: User | None) -> InboundFile:
    """Gives up a file that was not confirmed; its staged rows go, its row stays."""
    with transaction.atomic():
        file = _locked(file_id)
        if file.state == State.CANCELLED:
            return file
        if file.state not in (State.RECEIVED, State.READY, State.REFUSED):
            raise ImportBlocked(_("文件当前为“%(state)s”，不能放弃。") % {"state": file.get_state_display()})
        if actor and actor.pk != file.uploaded_by_id and not actor.may(kinds.get(file.kind).confirm):
            raise NotAllowed(_("只有上传人或经办可以放弃这份文件。"))
        _forget_rows(file)
        kinds.get(file.kind).forget(file)
        file.state = State.CANCELLED
        file.save(update_fields=["state"])
        return file


def discard_file(*, file_id: int) -> None:
    """Removes a file that was only looked at, with its rows and its content. Raises ImportBlocked if it was used."""
    with transaction.atomic():
        file = _locked(file_id)
        if file.state in (State.CONFIRMED, State.UNDONE):
            raise ImportBlocked(_("已确认过的文件不能删除。"))
        stored, name = file.file.storage, str(file.file.name)
        _forget_rows(file)
        kinds.get(file.kind).forget(file)
        file.delete()
        transaction.on_commit(lambda: stored.delete(name))


def undo_file(*, file_id: int, actor: User | None, progress: Progress = no_progress) -> InboundFile:
    """Takes back exactly what the file wrote, as long as nothing depends on it. Raises ImportBlocked, NotAllowed."""
    with transaction.atomic():
        file = _locked(file_id)
        if file.state == State.UNDONE:
            return file
        _check_undo(file, actor)
        progress(_("恢复登记簿"), 0, 0)
        kind = kinds.get(file.kind)
        kind.undo(file, actor=actor)
        if kind.goes_back:
            inquiring.after_undoing(file)
        file.state = State.UNDONE
        file.save(update_fields=["state"])
        return file


def _check_undo(file: InboundFile, actor: User | None) -> None:
    if file.state != State.CONFIRMED:
        raise ImportBlocked(_("文件没有确认过，无须撤销。"))
    if actor and not (actor.may(kinds.get(file.kind).confirm) and file.region_id.startswith(actor.region_prefix)):
        raise NotAllowed(_("您的角色不能撤销这份文件。"))


def _forget_rows(file: InboundFile) -> None:
    file.rows.all()._raw_delete(file.rows.db)
    file.unchanged.all()._raw_delete(file.unchanged.db)


def _locked(file_id: int) -> InboundFile:
    return InboundFile.objects.select_for_update(of=("self",)).select_related("region").get(pk=file_id)


# --- long work on the worker ----------------------------------------------------------------------------------------
def start_preparing(*, file: InboundFile, actor: User | None, url: str) -> Job:
    """A job that reads and compares the file on the worker; `url` is where its result is seen."""
    if actor and actor.pk != file.uploaded_by_id and not actor.may(kinds.get(file.kind).confirm):
        raise NotAllowed(_("只有上传人或经办可以重新读取这份文件。"))
    return _start(file, actor, url, _("读取和比对 %(name)s") % {"name": file.name}, PREPARE)


def start_confirming(*, file: InboundFile, actor: User, url: str) -> Job:
    """A job that confirms the file on the worker. Raises like `confirm_file` for what is known beforehand."""
    _check_confirm(file, actor, None)
    return _start(file, actor, url, _("确认 %(name)s") % {"name": file.name}, CONFIRM)


def start_undoing(*, file: InboundFile, actor: User, url: str) -> Job:
    """A job that takes the file back on the worker. Raises like `undo_file` for what is known beforehand."""
    _check_undo(file, actor)
    return _start(file, actor, url, _("撤销 %(name)s") % {"name": file.name}, UNDO)


def _start(file: InboundFile, actor: User | None, url: str, title: str, task: str) -> Job:
    with transaction.atomic():
        work = "undo" if task == UNDO else "inbound"
        job = create_job(kind=f"{work}_{file.kind}", title=title[:120], region=file.region_id, actor=actor, url=url)
        InboundFile.objects.filter(pk=file.pk).update(job=job)
        transaction.on_commit(lambda: current_app.send_task(task, (file.pk, job.pk)))
    return job


# --- what goes back to the partner ----------------------------------------------------------------------------------
def report_rows(file: InboundFile) -> Iterable[tuple[int | None, str, str, str]]:
    """row, outcome, code, reason of every data row, in the order of the file."""
    rows = file.every_row.filter(row__isnull=False).order_by("row")
    return rows.values_list("row", "outcome", "code", "reason").iterator(chunk_size=10_000)


def write_error_file(file: InboundFile, out: BinaryIO, *, whole: bool = False) -> int:
    """The partner's own file with the rows in error or doubt and one more column, 错误原因; returns their number."""
    wrong = file.rows.filter(inquiring.BACK, row__isnull=False)
    reasons = {row: reason for row, reason in wrong.values_list("row", "reason") if row is not None}
    reading = reader.read(vault.stream_of(file), kinds.get(file.kind).schema, kinds.reading_context(file))
    return reader.write_error_file(reading, reasons, out, whole=whole)
