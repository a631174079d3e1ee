"""What becomes known of a single claim later: an exception that a reviewer grants, money from another payer."""

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from beneficiaries.designations.selectors import Named
from beneficiaries.models import CategorySpell
from claims import bulk
from claims.errors import ClaimRefused, NotAllowed
from claims.facts import Fact, Outcome, Ruling, fact_of, measured
from claims.later.computing import replace_facts
from claims.later.models import Cause, ClaimException, LaterFact, OtherPayment
from claims.models import Claim, PersonYear, Settlement
from claims.settling import settle_fact
from policies import selectors as law
from policies.engine.chain import State
from policies.engine.codes import mask_of

# Who must have approved that an institution need not bear the excess (S3-16).
CONTROL_DEPARTMENTS = ("health", "medical_security")


def record_exception(
    *,
    actor: User,
    claim: Claim,
    kind: str,
    reason: str,
    decided_on: date,
    departments: Sequence[str] = (),
    document: str = "",
) -> ClaimException:
    """A reviewer lets the claim off out-of-catalogue control (S3-16) or the referral rule (S1-23).

    The claim's year then waits to be settled again. Raises NotAllowed, ClaimRefused.
    """
    if not actor.may(Act.CLAIM_EXCEPT) or not claim.region_id.startswith(actor.region_prefix):
        raise NotAllowed(_("您的角色或管辖范围不能认可例外；请由参保地的复核人员办理。"))
    if not reason.strip():
        raise ClaimRefused("reason", _("请写明认可例外的理由。"))
    if decided_on > timezone.localdate():
        raise ClaimRefused("decided_on", _("批准日期晚于今天；请核对。"))
    facts: dict[str, object] = {"control_waived": True}
    if kind == ClaimException.Kind.CONTROL and not set(CONTROL_DEPARTMENTS) <= set(departments):
        raise ClaimRefused("departments", _("目录外控制豁免须由卫生健康部门和医疗保障部门共同批准；请补齐批准部门。"))
    if kind == ClaimException.Kind.REFERRAL:
        if claim.referred != Claim.Referred.NO:
            raise ClaimRefused("kind", _("这笔费用不是“未按规定转诊”，无须例外。"))
        facts = {"referred": Claim.Referred.EXCEPTED.value}
    elif claim.control_waived:
        raise ClaimRefused("kind", _("这笔费用已不计目录外控制。"))
    with transaction.atomic():
        held = _locked(claim)
        if held.entered_by_id == actor.pk:
            raise NotAllowed(_("不能为自己录入的费用认可例外；请由另一名复核人员办理。"))
        try:
            with transaction.atomic():
                made = ClaimException.objects.create(
                    claim=held,
                    kind=kind,
                    departments=list(departments),
                    document=document.strip()[:80],
                    reason=reason.strip()[:200],
                    decided_on=decided_on,
                    approved_by=actor,
                )
        except IntegrityError as error:
            raise ClaimRefused("kind", _("这笔费用已有同样的例外。")) from error
        replace_facts(held, facts, cause=Cause.EXCEPTION, note=reason.strip()[:200], actor=actor, now=timezone.now())
        LaterFact.objects.create(
            person_id=held.person_id,
            year=held.settled_on.year,
            region_id=held.region_id,
            since=held.settled_on,
            cause=Cause.EXCEPTION,
            reference=f"claim:{held.pk}",
            claim=held,
            note=reason.strip()[:200],
            recorded_by=actor,
        )
    return made


def record_other_payment(
    *,
    actor: User | None,
    claim: Claim,
    payer: str,
    payer_name: str,
    amount: int,
    paid_on: date,
    evidence: str,
) -> OtherPayment:
    """What someone else paid of the claim after the bill (S0-19): it lowers what is left with the person, at once.

    No tier of benefits depends on it, so nothing is booked. Raises NotAllowed, ClaimRefused.
    """
    if actor is not None and not (actor.may(Act.CLAIM_WRITE) and claim.region_id.startswith(actor.region_prefix)):
        raise NotAllowed(_("您的角色或管辖范围不能登记其他支付；请由参保地县级经办办理。"))
    if amount <= 0:
        raise ClaimRefused("amount", _("金额应大于零；请核对。"))
    if not payer_name.strip() or not evidence.strip():
        raise ClaimRefused("evidence", _("请写明支付机构和凭证。"))
    if paid_on > timezone.localdate() or paid_on < claim.settled_on:
        raise ClaimRefused("paid_on", _("支付日期应在结算日期与今天之间；请核对。"))
    with transaction.atomic():
        year = bulk.lock_years([(claim.person_id, claim.settled_on.year)])[0]
        held = _locked(claim)
        if amount > held.total - held.basic_paid - held.other_paid:
            raise ClaimRefused("amount", _("其他支付合计超过费用总额减基本医保支付；请核对金额。"))
        now = timezone.now()
        made = OtherPayment.objects.create(
            claim=held,
            payer=payer,
            payer_name=payer_name.strip()[:80],
            amount=amount,
            paid_on=paid_on,
            evidence=evidence.strip()[:120],
            recorded_by=actor,
            recorded_at=now,
        )
        note = _("其他支付：%(who)s") % {"who": made.payer_name}
        replace_facts(held, {"other_paid": held.other_paid + amount}, cause="", note=note[:200], actor=actor, now=now)
        _settle_burden(Claim.objects.get(pk=held.pk), year, actor, now)
    return made


def _locked(claim: Claim) -> Claim:
    held = Claim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
    if held.reversed_at is not None:
        raise ClaimRefused("", _("结算号 %(no)s 已冲正，不能再办理。") % {"no": held.claim_no})
    return held


def _settle_burden(claim: Claim, year: bulk.PersonYearRow, actor: User | None, now: object) -> None:
    """The settlement in force again with what others paid: the same version, categories and state before it."""
    old = Settlement.objects.select_related("version").filter(claim=claim, superseded_at=None).first()
    if old is None:
        return
    fact = fact_of(claim)
    outcome = _again(old, fact)
    bulk.supersede([old.pk], now)  # type: ignore[arg-type]
    bulk.write_settlements([outcome], now, actor.pk if actor else None)  # type: ignore[arg-type]
    less = old.personal_burden - outcome.steps.personal_burden
    measure = measured(fact, outcome.steps, outcome.ruling.measure)
    before = measured(fact, outcome.steps._replace(personal_burden=old.personal_burden), outcome.ruling.measure)
    PersonYear.objects.filter(pk=year.pk).update(
        personal_burden=F("personal_burden") - less, measure=F("measure") + (measure - before)
    )


def _again(old: Settlement, fact: Fact) -> Outcome:
    table = law.table_of(old.version, old.figures_id, fact.settled_on.year)
    warnings = table.document.warnings
    ruling = Ruling(old.version, old.figures_id, table, warnings.measure if warnings else "")
    spells = list(CategorySpell.objects.filter(pk__in=old.spell_ids))
    valid = {spell.category for spell in spells}
    valid |= Named.of(valid).codes(spells, fact.settled_on, known_at=old.settled_at)
    return settle_fact(ruling, fact, State(*old.before), mask_of(valid), mask_of(tuple(old.approved)), old.spell_ids)
