"""What is written of a follow-up: opened with the push, measures agreed and ended, visits, closed, opened again."""

from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from monitoring.followup.models import FollowUp, Measure, Visit

# One statement for a whole list: whoever is told of and has no follow-up yet.
_OPEN = """
INSERT INTO monitoring_followup (warning_id, region_id, ability, opened_on, outcome, conclusion)
SELECT w.id, w.region_id, 'unknown', %(today)s, '', '' FROM monitoring_burdenwarning w
WHERE w.id = ANY(%(ids)s) ORDER BY w.priority, w.amount DESC, w.id
ON CONFLICT (warning_id) DO NOTHING
"""


class FollowUpError(Exception):
    """What the follow-up does not allow now; `str()` says what to do, `field` which entry it is about."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def open_followups(warning_ids: list[int]) -> int:
    """Opens follow-ups for warnings that have none, in the caller's transaction; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"ids": warning_ids, "today": timezone.localdate()})
        return cursor.rowcount


def _open_one(followup_id: int) -> FollowUp:
    followup = FollowUp.objects.select_for_update(of=("self",)).get(pk=followup_id)
    if followup.closed_on:
        raise FollowUpError(_("跟踪已于 %(day)s 结案；如需继续，请先重新开启。") % {"day": followup.closed_on})
    return followup


def describe(*, actor: User | None, followup: FollowUp, ability: str, owner: User | None) -> FollowUp:
    """Whether the person can work, and who of the bureau looks after the case. Raises FollowUpError."""
    with transaction.atomic():
        found = _open_one(followup.pk)
        at_work = found.measures.filter(kind__in=Measure.FOR_ABLE, ended_on=None).exists()
        if ability == FollowUp.Ability.UNABLE and at_work:
            raise FollowUpError(_("还有就业或产业帮扶在进行；请先办结这些措施。"), "ability")
        found.ability, found.owner = ability, owner
        found.save(update_fields=["ability", "owner"])
        return found


def add_measure(*, actor: User | None, followup: FollowUp, **facts: Any) -> Measure:
    """A measure with kind, department, owner_name, begins_on, due_on, provider, note. Raises FollowUpError."""
    with transaction.atomic():
        found = _open_one(followup.pk)
        if facts["due_on"] < facts["begins_on"]:
            raise FollowUpError(_("完成期限早于开始日期；请核对。"), "due_on")
        if facts["kind"] in Measure.FOR_ABLE and found.ability == FollowUp.Ability.UNABLE:
            raise FollowUpError(
                _("此人登记为无劳动能力，不适用就业、产业帮扶；请改选基本生活救助或临时救助，或先更正劳动能力。"),
                "kind",
            )
        return Measure.objects.create(followup=found, entered_by=actor, **facts)


def end_measure(
    *, actor: User | None, measure: Measure, ended_on: date, outcome: str, result: str, amount: int | None = None
) -> Measure:
    """How a measure ended; `amount` in fen. Raises FollowUpError."""
    with transaction.atomic():
        _open_one(measure.followup_id)
        found = Measure.objects.select_for_update().get(pk=measure.pk)
        if found.ended_on:
            raise FollowUpError(_("这项措施已于 %(day)s 办结。") % {"day": found.ended_on})
        if ended_on < found.begins_on or ended_on > timezone.localdate():
            raise FollowUpError(_("完成日期应在开始日期（%(day)s）与今天之间。") % {"day": found.begins_on}, "ended_on")
        if outcome != Measure.Outcome.ACHIEVED and not result.strip():
            raise FollowUpError(_("没有完全落实的，请写明原因。"), "result")
        found.ended_on, found.outcome, found.result, found.amount = ended_on, outcome, result.strip(), amount
        found.save(update_fields=["ended_on", "outcome", "result", "amount"])
        return found


def add_visit(*, actor: User | None, followup: FollowUp, on: date, how: str, text: str) -> Visit:
    """A visit of the month. Raises FollowUpError."""
    with transaction.atomic():
        found = _open_one(followup.pk)
        if on > timezone.localdate():
            raise FollowUpError(_("日期还没有到；请填写今天或更早的日期。"), "on")
        return Visit.objects.create(followup=found, on=on, how=how, text=text.strip(), by=actor)


def close(*, actor: User | None, followup: FollowUp, outcome: str, conclusion: str) -> FollowUp:
    """Closes with an outcome, when no measure is left open. Raises FollowUpError."""
    with transaction.atomic():
        found = _open_one(followup.pk)
        left = found.measures.filter(ended_on=None).count()
        if left:
            raise FollowUpError(_("还有 %(count)d 项措施没有办结；请先逐项填写落实情况。") % {"count": left})
        helped = found.measures.exclude(outcome=Measure.Outcome.CANCELLED).exists()
        if not helped and not conclusion.strip():
            raise FollowUpError(_("没有采取措施就结案的，请写明理由。"), "conclusion")
        found.closed_on, found.closed_by = timezone.localdate(), actor
        found.outcome, found.conclusion = outcome, conclusion.strip()
        found.save(update_fields=["closed_on", "closed_by", "outcome", "conclusion"])
        return found


def reopen(*, actor: User | None, followup: FollowUp, reason: str) -> FollowUp:
    """Opens a closed one again; how it had ended stays in the trail and in a visit's words. Raises FollowUpError."""
    with transaction.atomic():
        found = FollowUp.objects.select_for_update(of=("self",)).get(pk=followup.pk)
        if not found.closed_on:
            raise FollowUpError(_("跟踪没有结案，无须重新开启。"))
        said = {"day": found.closed_on, "outcome": found.get_outcome_display(), "reason": reason.strip()}
        text = _("重新开启（原于 %(day)s 结案：%(outcome)s）：%(reason)s") % said
        Visit.objects.create(followup=found, on=timezone.localdate(), how=Visit.How.OFFICE, text=text[:500], by=actor)
        found.closed_on, found.closed_by, found.outcome, found.conclusion = None, None, "", ""
        found.save(update_fields=["closed_on", "closed_by", "outcome", "conclusion"])
        return found
