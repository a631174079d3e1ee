"""Steps of a finding: a table of moves, each by one act and never by who did the step before it alone."""

from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from monitoring.findings.models import Finding, FindingStep

State, What = Finding.State, FindingStep.What

# From, step: to, and the act that it takes. A new deadline leaves the state as it is.
MOVES: dict[tuple[str, str], tuple[str, Act]] = {
    (State.OPEN, What.ANSWER): (State.ANSWERED, Act.FINDING_ANSWER),
    (State.ANSWERED, What.RETURN): (State.OPEN, Act.FINDING_OPEN),
    (State.ANSWERED, What.CLEAR): (State.CLEARED, Act.FINDING_OPEN),
    (State.OPEN, What.EXTEND): (State.OPEN, Act.FINDING_OPEN),
}


class FindingError(Exception):
    """What cannot be done with a finding now; `str()` says what to do, `field` which entry it is about."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def open_finding(*, actor: User, region: Region, **facts: Any) -> Finding:
    """A finding with department, section, source, title, text, found_on, due_on. Raises FindingError."""
    if not actor.may(Act.FINDING_OPEN) or not region.code.startswith(actor.region_prefix):
        raise FindingError(_("您的角色不能为%(region)s登记问题。") % {"region": region.name})
    if facts["found_on"] > timezone.localdate():
        raise FindingError(_("发现日期还没有到；请填写今天或更早的日期。"), "found_on")
    if facts["due_on"] < facts["found_on"]:
        raise FindingError(_("整改期限早于发现日期；请核对。"), "due_on")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('monitoring_finding', 'id'))")
            key = cursor.fetchone()[0]
        number = f"WT{facts['found_on']:%Y}-{region.code[:6]}-{key:05}"
        finding = Finding.objects.create(pk=key, number=number, region=region, opened_by=actor, **facts)
        FindingStep.objects.create(finding=finding, what=What.OPEN, text=finding.title, by=actor)
        return finding


def step(*, actor: User, finding: Finding, what: str, text: str, due_on: date | None = None) -> Finding:
    """One move of the table; `due_on` for a new deadline. Raises FindingError."""
    with transaction.atomic():
        found = Finding.objects.select_for_update(of=("self",)).get(pk=finding.pk)
        following = MOVES.get((found.state, what))
        if following is None:
            said = {"number": found.number, "state": found.get_state_display(), "what": What(what).label}
            raise FindingError(_("问题 %(number)s 的状态是“%(state)s”，不能%(what)s；请刷新页面查看最新情况。") % said)
        state, act = following
        if not actor.may(act):
            raise FindingError(_("您的角色不能%(what)s。") % {"what": What(what).label})
        if not text.strip():
            raise FindingError(_("请写明情况或理由。"), "text")
        if what == What.CLEAR and found.steps.filter(what=What.ANSWER).first().by_id == actor.pk:  # type: ignore[union-attr]
            raise FindingError(_("提交整改情况的人不能自己销号；请由另一人销号。"))
        if what == What.EXTEND:
            if due_on is None or due_on <= found.due_on:
                raise FindingError(_("新的期限应晚于原期限 %(day)s。") % {"day": found.due_on}, "due_on")
            text = _("由 %(old)s 延至 %(new)s：%(text)s") % {"old": found.due_on, "new": due_on, "text": text.strip()}
            found.due_on = due_on
        found.state = state
        found.cleared_on = timezone.localdate() if state == State.CLEARED else None
        found.save(update_fields=["state", "cleared_on", "due_on"])
        FindingStep.objects.create(finding=found, what=what, text=text.strip()[:1000], by=actor)
        return found
