"""What is deleted when it has served its time: rows that only helped the work.

The register, claims, settlements, warnings, deliveries and the audit trail are records of the office and stay.
"""

from collections.abc import Callable
from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Job
from beneficiaries.models import CategorySpell, SpellEcho
from claims.models import StagedClaim
from exchange.models import InboundFile, StagedRow, UnchangedRows
from exchange.partner_api.services import old_answers

CHUNK = 10_000


def tidy() -> dict[str, int]:
    """Deletes in pieces, each in its own transaction: it may be ended at any line and run again. Returns the counts."""
    now = timezone.now()
    ended = [Job.State.DONE, Job.State.FAILED]
    going_on = [InboundFile.State.RECEIVED, InboundFile.State.READY]
    staged_before = now - timedelta(days=settings.RETENTION_STAGED_DAYS)
    logins_before = now - timedelta(days=settings.RETENTION_LOGIN_DAYS)
    work: dict[str, Callable[[], QuerySet]] = {
        "jobs": lambda: Job.objects.filter(
            state__in=ended, finished_at__lt=now - timedelta(days=settings.RETENTION_JOB_DAYS)
        ),
        "staged_rows": lambda: StagedRow.objects.filter(file__uploaded_at__lt=staged_before).exclude(
            file__state__in=going_on
        ),
        "unchanged_rows": lambda: UnchangedRows.objects.filter(file__uploaded_at__lt=staged_before).exclude(
            file__state__in=going_on
        ),
        "echoes": lambda: SpellEcho.objects.filter(
            spell_id__in=CategorySpell.objects.filter(known_to__lt=staged_before).values("pk")
        ),
        "staged_claims": lambda: StagedClaim.objects.filter(file__uploaded_at__lt=staged_before).exclude(
            file__state__in=going_on
        ),
        "sessions": lambda: Session.objects.filter(expire_date__lt=now),
        "logins": lambda: AccessLog.objects.filter(attempt_time__lt=logins_before),
        "attempts": lambda: AccessAttempt.objects.filter(attempt_time__lt=logins_before),
        "answers": lambda: old_answers(now),
        "failures": lambda: AccessFailureLog.objects.filter(attempt_time__lt=logins_before),
    }
    return {name: _delete(rows) for name, rows in work.items()}


def _delete(rows: Callable[[], QuerySet]) -> int:
    count = 0
    while True:
        keys = list(rows().order_by("pk").values_list("pk", flat=True)[:CHUNK])
        if not keys:
            return count
        count += rows().model._default_manager.filter(pk__in=keys).delete()[0]
