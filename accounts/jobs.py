"""Progress of long work: services report, pages poll. A job row is written outside the work's own transaction."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql

from accounts.crypto import KeyMissing
from accounts.models import Job, Region, User

# progress(step, done, total)
Progress = Callable[[str, int, int], None]
# Advisory locks of this class are of jobs that a living process works on.
LOCKS = 41_001
HELD = """
SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# Whose errors are written for people to read.
ROOMS = frozenset({"accounts", "policies", "exchange", "beneficiaries", "claims", "assistance", "monitoring"})


def no_progress(step: str, done: int, total: int) -> None:
    """For callers that show none."""


def create_job(*, kind: str, title: str, region: Region | str, actor: User | None, url: str = "") -> Job:
    """A waiting job; the task that gets its id calls `running`."""
    region_id = region if isinstance(region, str) else region.pk
    return Job.objects.create(kind=kind, title=title, region_id=region_id, actor=actor, url=url)


@contextmanager
def running(job_id: int) -> Iterator[Progress]:
    """Marks the job running, yields its progress function (writes at most twice a second), then done or failed.

    The work may hold a transaction open for minutes, so progress goes through a connection of its own. That one holds
    a lock of the job meanwhile: it goes when the process does, however it ends (`fail_abandoned`).
    """
    with _connection() as link, _held(link, job_id):

        def update(**columns: Any) -> None:
            names = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in columns)
            statement = sql.SQL("UPDATE accounts_job SET {} WHERE id = %s").format(names)
            with link.cursor() as cursor:
                cursor.execute(statement.as_string(None), [*columns.values(), job_id])

        last = 0.0

        def progress(step: str, done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            if 0 < total <= done or now - last > 0.5:
                last = now
                update(step=str(step), done=done, total=total)

        update(state=Job.State.RUNNING, started_at=timezone.now(), message="")
        try:
            yield progress
        except Exception as error:
            update(state=Job.State.FAILED, message=_said(error, job_id)[:2000], finished_at=timezone.now())
            raise
        update(state=Job.State.DONE, finished_at=timezone.now())


@contextmanager
def _held(link: Any, job_id: int) -> Iterator[None]:
    """Says for as long as this process lives that it works on the job; shared, for a task may be delivered twice."""
    with link.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", [LOCKS, job_id])
    try:
        yield
    finally:
        with link.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [LOCKS, job_id])


def fail_abandoned(jobs: QuerySet[Job]) -> int:
    """Ends those of the jobs whose process is gone (killed, out of memory, the machine restarted), and says how many.

    The broker gives such a task to another worker only after an hour; whoever looks knows at once, and can try again.
    """
    begun = jobs.filter(state=Job.State.RUNNING, started_at__lt=timezone.now() - timedelta(seconds=2))
    if not begun.exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(HELD, [LOCKS])
        held = [row[0] for row in cursor.fetchall()]
    said = _("后台进程中途停止，这项工作没有做完；请再试一次。")
    return begun.exclude(pk__in=held).update(state=Job.State.FAILED, message=said, finished_at=timezone.now())


def _said(error: Exception, job_id: int) -> str:
    """What the person reads: a refusal in its own words; of what nobody foresaw only where to ask, the log has it."""
    if isinstance(error, ValidationError):
        return "".join(error.messages)
    ours = type(error).__module__.partition(".")[0] in ROOMS and not isinstance(error, KeyMissing)
    if ours or isinstance(error, PermissionDenied):
        return str(error)
    return _("处理时出现意外情况，已停止；请再试一次，仍不成功请把任务编号 %(job)s 告诉系统管理员。") % {"job": job_id}


@contextmanager
def _connection() -> Iterator[Any]:
    """A second connection to the same database; inside a surrounding transaction (tests) that one: it sees the row."""
    if connection.in_atomic_block:
        yield connection
        return
    link = connection.copy()
    try:
        yield link
    finally:
        link.close()
