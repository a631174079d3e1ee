"""What every move shares: lock the application, check what the actor saw and may do, write the step and the notice."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from assistance import clock
from assistance.errors import NotAllowed, Stale
from assistance.models import Application, Notice, Step
from assistance.vocabulary import Did, State
from assistance.workflow import BY_NAME, why_not

# What the township hears of (S1-20): acceptance, hand-over, result, and what it must do itself.
TOLD = (
    Did.ACCEPT,
    Did.RETURN,
    Did.FINISH_CHECK,
    Did.CONVENE,
    Did.APPROVE,
    Did.REJECT,
    Did.PAID,
    Did.PAY_RETURNED,
    Did.CLOSE,
)


def lock(application_id: int) -> Application:
    """The application as it is now; the caller's transaction holds its row."""
    return (
        Application.objects.select_for_update(no_key=True, of=("self",))
        .select_related("person", "region", "version", "office", "registrar")
        .defer("version__body")
        .get(pk=application_id)
    )


def begin(*, application_id: int, did: Did, actor: User | None, seen: int | None = None) -> Application:
    """Lock for a move. Raises Stale when somebody acted since `seen`, NotAllowed when the workflow says no."""
    application = lock(application_id)
    if seen is not None and seen != application.revision:
        raise Stale(application, list(application.steps.filter(revision__gt=seen).select_related("actor")))
    why = why_not(did, application, actor)
    if why:
        raise NotAllowed(why)
    return application


def finish(application: Application, did: Did, actor: User | None, reason: str = "", **data: Any) -> Step:
    """Save the application in the state where the move leads, with its clock; write the step and tell the township.

    The caller has changed what else the move changes. `data` must be plain JSON values.
    """
    before = State(application.state)
    move = BY_NAME.get(did)
    if move is not None and move.target != before:
        application.state = move.target
        application.since = timezone.now()
        clock.enter(application, before, timezone.localdate())
    application.revision += 1
    application.save()
    step = Step.objects.create(
        application=application,
        did=did,
        actor=actor,
        roles=list(actor.roles) if actor else [],
        reason=reason.strip(),
        from_state=before,
        to_state=application.state,
        revision=application.revision,
        data=data,
    )
    if did in TOLD:
        Notice.objects.create(step=step, application=application, region_id=application.region_id)
    return step
