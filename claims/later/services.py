"""Later truth, step by step: a fact is recorded, a case prepared by one person, confirmed by another, booked.

A case settles whole years from zero on the facts as they are when it is confirmed. What was prepared must then still
hold, to the fen; otherwise it is computed anew and shown again.
"""

import logging
from collections.abc import Sequence
from typing import Final

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, create_job, no_progress
from accounts.models import Job, Region, User
from claims.errors import CannotSettle, NotAllowed
from claims.later import year_end
from claims.later.confirming import book, register_listener, withdraw
from claims.later.models import LaterFact, Resettlement
from claims.later.preparing import compute, take_up
from claims.later.proposing import may_write, propose_correction, propose_reversal, record_version, take_back
from policies.models import PolicyVersion

__all__ = [
    "CaseMoved",
    "confirm",
    "perform",
    "prepare",
    "prepare_facts",
    "propose_correction",
    "propose_reversal",
    "record_version",
    "register_listener",
    "start_year_end",
    "take_back",
    "version_published",
    "withdraw",
]

logger = logging.getLogger(__name__)
TASK: Final = "claims.resettle"
YEAR_END_TASK: Final = "claims.year_end"
VERSION_TASK: Final = "claims.version_published"
AT_ONCE: Final = 50  # person-years that a request settles itself; more go to the workers
State = Resettlement.State


class CaseMoved(CannotSettle):
    """Facts changed since the case was prepared; it now shows the new amounts and must be looked at again."""


def prepare(*, actor: User | None, region: Region, cause: str, reference: str = "") -> Resettlement:
    """A case for all waiting years of one cause (and one source of it) in the region, computed at once or on a worker.

    It takes up whatever else waits for the same years. Raises NotAllowed, CannotSettle when nothing waits.
    """
    may_write(actor, region.pk)
    waiting = LaterFact.objects.filter(done_at=None, cause=cause, region__code__startswith=region.prefix)
    if reference:
        waiting = waiting.filter(reference=reference)
    return _open_case(actor, region, cause, reference, waiting)


def prepare_facts(*, actor: User | None, facts: Sequence[LaterFact]) -> Resettlement:
    """A case for these waiting facts, of one cause and region. Raises NotAllowed, CannotSettle."""
    first = facts[0]
    for fact in facts:
        may_write(actor, fact.region_id)
    waiting = LaterFact.objects.filter(pk__in=[fact.pk for fact in facts], done_at=None)
    return _open_case(actor, first.region, first.cause, first.reference, waiting)


def _open_case(
    actor: User | None, region: Region, cause: str, reference: str, waiting: QuerySet[LaterFact]
) -> Resettlement:
    with transaction.atomic():
        case = Resettlement.objects.create(region=region, cause=cause, reference=reference, prepared_by=actor)
        taken = take_up(case, waiting)
        if not taken:
            raise CannotSettle(_("没有等待重新结算的年度；可能已列入另一件，请刷新后再看。"))
        case.years = taken
        case.save(update_fields=["years"])
    return _go_on(case, actor, taken)


def _go_on(case: Resettlement, actor: User | None, years: int) -> Resettlement:
    """Compute the case (or book it) now, or hand it to a worker."""
    if years <= AT_ONCE:
        return perform(case_id=case.pk, actor=actor)
    title = _("重新结算 %(number)s · %(cause)s") % {"number": case.number, "cause": case.get_cause_display()}
    with transaction.atomic():
        case.job = create_job(
            kind="resettlement",
            title=title,
            region=case.region_id,
            actor=actor,
            url=reverse("later:case", args=[case.pk]),
        )
        case.save(update_fields=["job"])
        job_id = case.job.pk
        transaction.on_commit(lambda: current_app.send_task(TASK, args=[case.pk, job_id]))
    return case


def perform(*, case_id: int, actor: User | None, progress: Progress = no_progress) -> Resettlement:
    """What the case waits for: computing it, or booking it. Repeatable: a case that is done is returned as it is."""
    state = Resettlement.objects.values_list("state", flat=True).get(pk=case_id)
    if state == State.COMPUTING:
        return compute(case_id, actor, progress)
    if state == State.CONFIRMING:
        return book(case_id, progress)
    return Resettlement.objects.get(pk=case_id)


def confirm(*, actor: User, case: Resettlement) -> Resettlement:
    """Another person than the one who prepared it confirms: settlements are written, differences booked.

    Raises NotAllowed, CannotSettle, CaseMoved (the case then shows the new amounts).
    """
    with transaction.atomic():
        held = Resettlement.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not actor.may(Act.RESETTLE_CONFIRM) or not held.region_id.startswith(actor.region_prefix):
            raise NotAllowed(_("您的角色或管辖范围不能确认重新结算；请由本地区的复核人员办理。"))
        if held.prepared_by_id == actor.pk:
            raise NotAllowed(_("经办人不能确认自己测算的重新结算；请由另一人复核。"))
        if held.state != State.PREPARED:
            raise CannotSettle(
                _("这件重新结算现在的状态是“%(state)s”，不能确认。") % {"state": held.get_state_display()}
            )
        held.state, held.decided_by, held.decided_at = State.CONFIRMING, actor, timezone.now()
        held.save(update_fields=["state", "decided_by", "decided_at"])
    done = _go_on(held, actor, held.years)
    if done.state == State.PREPARED:
        raise CaseMoved(done.problem)
    if done.state == State.FAILED:
        raise CannotSettle(done.problem)
    return done


def version_published(version: PolicyVersion) -> None:
    """Listener of `policies.drafting`: one that begins in the past is held against what was settled, on a worker."""
    if version.validity.lower < timezone.localdate():
        transaction.on_commit(lambda: _ask(version.pk))


def _ask(version_id: int) -> None:
    """The publication stands without it; the page of later truth offers the same by a button."""
    try:
        current_app.send_task(VERSION_TASK, args=[version_id], retry=False)
    except Exception:
        logger.warning("broker unreachable: version %s not held against settled years", version_id, exc_info=True)


def start_year_end(*, actor: User, region: Region, year: int) -> Job:
    """The run at year end (`year_end.run_year_end`) on a worker; its job. Raises NotAllowed, CannotSettle."""
    year_end.check(actor, region, year)
    title = _("年末结算 %(region)s · %(year)s 年") % {"region": region.name, "year": year}
    with transaction.atomic():
        url = f"{reverse('later:year_end')}?year={year}"
        job = create_job(kind="year_end", title=title, region=region, actor=actor, url=url)
        transaction.on_commit(lambda: current_app.send_task(YEAR_END_TASK, args=[region.pk, year, job.pk]))
    return job
