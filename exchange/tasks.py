"""Long work of inbound files on the worker: a task takes ids, reads again, and may run twice."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from celery import shared_task

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job
from exchange import services
from exchange.errors import ExchangeError


def _work(step: Callable[..., Any], name: str, file_id: int, job_id: int) -> None:
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.ended:  # delivered again: done, or its person was told that it stopped and may have gone another way
        return
    with acting(job.actor, f"task {name}"), running(job_id) as progress:
        step(file_id=file_id, actor=job.actor, progress=progress)


@shared_task(name=services.PREPARE)
def prepare_inbound(file_id: int, job_id: int) -> None:
    """Read, stage and compare; a refused file is no failure of the task, its page says why."""
    _work(services.prepare_file, "prepare_inbound", file_id, job_id)


@shared_task(name=services.CONFIRM)
def confirm_inbound(file_id: int, job_id: int) -> None:
    """Write to the register; what a person must decide ends in the job's message, not in a retry."""
    with suppress(ExchangeError):
        _work(services.confirm_file, "confirm_inbound", file_id, job_id)


@shared_task(name=services.UNDO)
def undo_inbound(file_id: int, job_id: int) -> None:
    """Take back what the file wrote; what stands in the way is the job's message."""
    with suppress(ExchangeError):
        _work(services.undo_file, "undo_inbound", file_id, job_id)
