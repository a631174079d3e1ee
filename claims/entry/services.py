"""Entry of claims by hand: kept as a draft, submitted, confirmed or returned by a second person.

Raises NotAllowed (role, region, one's own entry), ClaimRefused (the bill), CannotSettle, EntryMoved (another was
quicker).
"""

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.templatetags.tuodi import yuan
from beneficiaries.models import Person
from claims import services
from claims.entry.models import ClaimEntry
from claims.entry.values import from_values, to_values
from claims.errors import ClaimError, ClaimRefused, NotAllowed
from claims.later.models import ClaimException
from claims.models import Claim
from claims.services import NewClaim

State = ClaimEntry.State
OPEN_TO_WRITER = (State.DRAFT, State.RETURNED)


class EntryMoved(ClaimError):
    """Someone else has dealt with the entry meanwhile."""


def save_draft(*, actor: User, entry: ClaimEntry | None, person: Person | None, typed: dict[str, Any]) -> ClaimEntry:
    """Keep what was typed, whole or not; `typed` holds no identity number. Only its writer sees it."""
    _may_enter(actor, person)
    with transaction.atomic():
        found = _own(actor, entry) if entry else _new(actor, person)
        found.person, found.values = person or found.person, typed
        if found.person is not None:
            found.region_id = found.person.region_id
        found.save()
    return found


def submit(
    *,
    actor: User | None,
    entry: ClaimEntry | None,
    person: Person,
    claim: NewClaim,
    waiver_by: str = "",
    exception_reason: str = "",
    sent_by: str = "",
) -> ClaimEntry:
    """Hand the bill to a second person. A waiver (S3-16) names who approved it, an exception to the referral rule
    (S1-23) its reason. Without an actor `sent_by` is the institution that sent it through the API."""
    _may_enter(actor, person)
    services.check(_as_settled(claim, exception_reason), person)
    if claim.control_waived and not waiver_by.strip():
        raise ClaimRefused("waiver_by", _("豁免目录外控制的，请写明批准单位（卫生健康、医疗保障）和文号。"))
    if exception_reason.strip() and claim.referred != Claim.Referred.NO:
        raise ClaimRefused("exception_reason", _("只有“未按规定转诊”的费用才填写例外理由。"))
    with transaction.atomic():
        found = _own(actor, entry) if entry else _new(actor, person)
        found.person, found.region_id = person, person.region_id
        _once(claim, found)
        found.values, found.settled_on, found.total = to_values(claim), claim.settled_on, claim.total
        found.waiver_by = waiver_by.strip() if claim.control_waived else ""
        found.exception_reason = exception_reason.strip()
        found.sent_by = sent_by or found.sent_by
        found.state, found.submitted_at, found.reason = State.SUBMITTED, timezone.now(), ""
        found.save()
    return found


def confirm(*, actor: User, entry: ClaimEntry) -> Claim:
    """The second person takes the bill: it is recorded and settled, with its exceptions in this person's name."""
    _may_confirm(actor, entry)
    with transaction.atomic():
        found = _locked(entry, (State.SUBMITTED,))
        if found.entered_by_id == actor.pk:
            raise NotAllowed(_("不能复核自己录入的费用；请由另一名复核人员办理。"))
        person = found.person
        assert person is not None  # noqa: S101 - a constraint of the table
        claim = _as_settled(from_values(found.values), found.exception_reason)
        made = services.record_claim(actor=found.entered_by, person=person, claim=claim)
        _record_exceptions(actor, found, made)
        found.state, found.claim = State.CONFIRMED, made
        found.decided_by, found.decided_at = actor, timezone.now()
        found.save()
    return made


def _record_exceptions(actor: User, entry: ClaimEntry, claim: Claim) -> None:
    common = {"claim": claim, "approved_by": actor, "decided_on": timezone.localdate()}
    if entry.waiver_by:
        ClaimException.objects.create(
            kind=ClaimException.Kind.CONTROL,
            departments=["health", "medical_security"],
            document=entry.waiver_by[:80],
            reason=_("录入时提出，复核认可"),
            **common,
        )
    if entry.exception_reason:
        ClaimException.objects.create(kind=ClaimException.Kind.REFERRAL, reason=entry.exception_reason, **common)


def return_entry(*, actor: User, entry: ClaimEntry, reason: str) -> ClaimEntry:
    """Back to its writer, with what to mend."""
    _may_confirm(actor, entry)
    if not reason.strip():
        raise ClaimRefused("reason", _("请写明需要修改什么。"))
    with transaction.atomic():
        found = _locked(entry, (State.SUBMITTED,))
        found.state, found.reason = State.RETURNED, reason.strip()[:200]
        found.decided_by = actor if found.entered_by_id != actor.pk else None
        found.decided_at = timezone.now()
        found.save()
    return found


def withdraw(*, actor: User, entry: ClaimEntry) -> ClaimEntry:
    """Its writer gives it up; a bill that an institution sent is the bureau's to give up."""
    with transaction.atomic():
        found = _locked(entry, (*OPEN_TO_WRITER, State.SUBMITTED))
        if not actor.may(Act.CLAIM_WRITE) or found.entered_by_id not in (actor.pk, None):
            raise NotAllowed(_("只有录入人可以撤回；复核人请用“退回修改”。"))
        found.state = State.WITHDRAWN
        found.save(update_fields=["state"])
    return found


# --- checks -------------------------------------------------------------------------------------------------------
def _as_settled(claim: NewClaim, exception_reason: str) -> NewClaim:
    """The bill as it settles once its exception is accepted (S1-23)."""
    excepted = exception_reason.strip() and claim.referred == Claim.Referred.NO
    return replace(claim, referred=Claim.Referred.EXCEPTED.value) if excepted else claim


def as_settled(claim: NewClaim, exception_reason: str) -> NewClaim:
    """What the preview settles."""
    return _as_settled(claim, exception_reason)


def _may_enter(actor: User | None, person: Person | None) -> None:
    if actor is None:
        return
    if not actor.may(Act.CLAIM_WRITE):
        raise NotAllowed(_("您的角色不能登记费用；请由县级经办办理。"))
    if person is not None and not person.region_id.startswith(actor.region_prefix):
        raise NotAllowed(_("此人不在您的管辖范围内；请由参保地经办。"))


def _may_confirm(actor: User, entry: ClaimEntry) -> None:
    if not actor.may(Act.CLAIM_CONFIRM):
        raise NotAllowed(_("您的角色不能复核费用；请由复核人员办理。"))
    if not entry.region_id.startswith(actor.region_prefix):
        raise NotAllowed(_("这笔费用不在您的管辖范围内；请由参保地复核。"))


def _new(actor: User | None, person: Person | None) -> ClaimEntry:
    region = person.region_id if person else (actor.region_prefix.ljust(12, "0") if actor else "")
    return ClaimEntry(entered_by=actor, region=Region.objects.get(pk=region))


def _own(actor: User | None, entry: ClaimEntry) -> ClaimEntry:
    found = _locked(entry, OPEN_TO_WRITER)
    if actor is None or found.entered_by_id not in (actor.pk, None):
        raise NotAllowed(_("这笔费用由%(who)s录入，请由录入人修改。") % {"who": found.who})
    return found


def _locked(entry: ClaimEntry, states: tuple[str, ...]) -> ClaimEntry:
    found = ClaimEntry.objects.select_for_update(of=("self",)).select_related("person", "entered_by").get(pk=entry.pk)
    if found.state not in states:
        raise EntryMoved(
            _("这笔费用现在是“%(state)s”，不能这样办理；请刷新页面查看。") % {"state": found.get_state_display()}
        )
    return found


def _once(claim: NewClaim, entry: ClaimEntry) -> None:
    """A settlement number is entered once; the same person, day and total without a number too."""
    number = claim.claim_no.strip()
    if number and Claim.objects.filter(claim_no=number).exists():
        raise ClaimRefused("claim_no", _("结算号已经登记；请核对是否重复录入。"))
    waiting = ClaimEntry.objects.filter(state=State.SUBMITTED).exclude(pk=entry.pk)
    same = (
        waiting.filter(values__claim_no=number)
        if number
        else waiting.filter(person=entry.person, settled_on=claim.settled_on, total=claim.total, values__claim_no="")
    )
    other = same.first() if number or entry.person_id else None
    if other is not None:
        raise ClaimRefused(
            "claim_no",
            _("%(who)s已录入同一笔费用（%(day)s，%(total)s元），正在复核；请核对是否重复录入。")
            % {"who": other.who, "day": other.settled_on, "total": yuan(other.total)},
        )
