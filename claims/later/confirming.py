"""Booking a case that a second person confirmed, or giving it up."""

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress
from accounts.models import User
from claims.errors import CannotSettle, NotAllowed
from claims.later import booking, computing
from claims.later.computing import LINE_COLUMNS, Line
from claims.later.models import Resettlement
from claims.later.preparing import failed, keep, keys, proposals

State = Resettlement.State
# Told of a booked case inside its transaction: the fund (claims.fund) orders what is to be paid or taken back.
Listener = Callable[[Resettlement], None]
_listeners: list[Listener] = []


def register_listener(listener: Listener) -> Listener:
    """Add who must know of a confirmed case, in the transaction that books it."""
    _listeners.append(listener)
    return listener


def book(case_id: int, progress: Progress) -> Resettlement:
    """Settles the years on the facts as they are now; what differs from what was shown is shown again instead."""
    with transaction.atomic():
        case = Resettlement.objects.select_for_update(of=("self",)).select_related("decided_by").get(pk=case_id)
        if case.state != State.CONFIRMING:
            return case
        actor, now = case.decided_by, timezone.now()
        mark = transaction.savepoint()
        _join_newer_facts(case)
        try:
            lines = computing.settle_again(keys(case), proposals(case), actor=actor, now=now, progress=progress)
        except CannotSettle as error:
            transaction.savepoint_rollback(mark)
            return failed(case, str(error))
        if lines != _held_lines(case):
            transaction.savepoint_rollback(mark)
            return _moved(case, lines)
        transaction.savepoint_commit(mark)
        progress(_("入账"), 0, 1)
        booking.book(case.pk, lines, actor=actor, now=now)
        case.facts.filter(done_at=None).update(done_at=now)
        case.state = State.CONFIRMED
        case.save(update_fields=["state"])
        for listener in _listeners:
            listener(case)
        progress(_("入账"), 1, 1)
        return case


def _join_newer_facts(case: Resettlement) -> None:
    """Facts that came after the case was prepared are settled with it: their years are settled from zero anyway."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE claims_laterfact f SET case_id = %(case)s
            FROM (SELECT DISTINCT person_id, year FROM claims_laterfact WHERE case_id = %(case)s AND done_at IS NULL) k
            WHERE f.person_id = k.person_id AND f.year = k.year AND f.done_at IS NULL AND f.case_id IS NULL
                AND f.facts IS NULL AND f.cause <> 'reversal'
            """,
            {"case": case.pk},
        )


def _held_lines(case: Resettlement) -> list[Line]:
    return [Line(*row) for row in case.lines.order_by("id").values_list(*LINE_COLUMNS)]


def _moved(case: Resettlement, lines: list[Line]) -> Resettlement:
    case.decided_by, case.decided_at = None, None
    keep(case, lines)
    case.problem = _("测算之后情况有变，金额已重新计算；请再次核对后确认。")
    case.save(update_fields=["problem", "decided_by", "decided_at"])
    return case


def withdraw(*, actor: User, case: Resettlement, reason: str) -> Resettlement:
    """The case is not confirmed: its facts wait again. By whom it was prepared, or who would confirm it.

    Raises NotAllowed, CannotSettle.
    """
    if not reason.strip():
        raise CannotSettle(_("请写明撤回的原因。"))
    with transaction.atomic():
        held = Resettlement.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not (actor.may(Act.RESETTLE_CONFIRM) or actor.may(Act.CLAIM_WRITE)) or not held.region_id.startswith(
            actor.region_prefix
        ):
            raise NotAllowed(_("您的角色或管辖范围不能撤回重新结算。"))
        if held.state not in (State.PREPARED, State.FAILED):
            raise CannotSettle(
                _("这件重新结算现在的状态是“%(state)s”，不能撤回。") % {"state": held.get_state_display()}
            )
        held.state, held.decided_by, held.decided_at = State.WITHDRAWN, actor, timezone.now()
        held.reason = reason.strip()[:200]
        held.save(update_fields=["state", "decided_by", "decided_at", "reason"])
        held.facts.filter(done_at=None).update(case=None)
        return held
