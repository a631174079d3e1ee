"""Records of what no event shows."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from monitoring.models import ObligationRecord
from monitoring.obligations.selectors import sections_of
from policies.engine.document import Obligation


class RecordError(Exception):
    """Why it is not recorded; `str()` says what to do, `field` which entry it is about."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def record_done(
    *, actor: User, region: Region, policy: str, duty: Obligation, month: date, done_on: date, note: str
) -> ObligationRecord:
    """Says that an obligation without an event was done; once. Raises RecordError."""
    if not actor.may(Act.OBLIGATION_RECORD) or not region.code.startswith(actor.region_prefix):
        raise RecordError(_("您的角色不能登记这一项。"))
    owners = sections_of(duty)
    if owners and actor.section and actor.section not in owners:
        raise RecordError(_("这一项由%(sections)s办理；请由责任股室登记。") % {"sections": "、".join(duty.by)})
    if duty.event:
        raise RecordError(_("“%(name)s”由系统中的事件办结，无须登记。") % {"name": duty.name})
    if done_on > timezone.localdate():
        raise RecordError(_("办结日期还没有到；请填写今天或更早的日期。"), "done_on")
    if not note.strip():
        raise RecordError(_("请写明办结情况和依据。"), "note")
    with transaction.atomic():
        found, new = ObligationRecord.objects.get_or_create(
            region=region,
            policy=policy,
            name=duty.name,
            month=month.replace(day=1),
            defaults={"done_on": done_on, "note": note.strip(), "by": actor},
        )
        if not new:
            raise RecordError(_("%(who)s 已于 %(day)s 登记办结。") % {"who": found.by.name, "day": found.done_on})
        return found


def take_back(*, actor: User, record: ObligationRecord) -> None:
    """Takes a record back; the trail keeps it. Only who made it. Raises RecordError."""
    with transaction.atomic():
        found = ObligationRecord.objects.select_for_update().get(pk=record.pk)
        if found.by_id != actor.pk:
            raise RecordError(_("只有登记人 %(who)s 可以撤回。") % {"who": found.by.name})
        found.delete()
