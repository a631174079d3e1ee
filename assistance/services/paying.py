"""拨付: one payment order per decision, ever; the fund says when the money arrived or came back."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region, User
from assistance.errors import Refused
from assistance.models import Application, Decision, Payment
from assistance.services.moving import begin, finish, lock
from assistance.vocabulary import Did, State
from assistance.workflow import why_not
from claims.errors import ClaimError
from claims.fund import services as fund
from claims.fund.models import PaymentOrder


def reference_of(decision: Decision) -> str:
    """By which the fund knows the payment: the same decision always asks under the same reference."""
    return f"decision:{decision.pk}"


def approval_of(application: Application) -> Decision:
    """The one approval. Raises Refused."""
    found = application.decisions.filter(outcome=Decision.Outcome.APPROVED).first()
    if found is None:
        raise Refused(_("这件申请没有批准的决定。"))
    return found


@transaction.atomic
def order(*, actor: User, application_id: int, seen: int) -> Payment:
    """下达拨付 through the fund's batch. A payment that came back is ordered again under the same reference."""
    application = begin(application_id=application_id, did=Did.PAY, actor=actor, seen=seen)
    decision = approval_of(application)
    payment = Payment.objects.select_for_update(of=("self",)).filter(decision=decision).first()
    if payment is not None and payment.returned_on is None:
        raise Refused(_("这件决定已经下达拨付，不能再次拨付。"))
    _order_in_fund(actor, application, decision)
    if payment is None:
        payment = Payment.objects.create(
            decision=decision,
            reference=reference_of(decision),
            amount=decision.amount,
            payee_name=application.person.name,
            ordered_by=actor,
        )
    else:
        payment.ordered_by, payment.ordered_at = actor, timezone.now()
        payment.returned_on, payment.returned_reason = None, ""
        payment.save()
    finish(application, Did.PAY, actor, payment=payment.pk, amount=payment.amount)
    return payment


def _order_in_fund(actor: User, application: Application, decision: Decision) -> None:
    """The fund's own order, under the county's budget of this year. Raises Refused with what the fund says."""
    person = application.person
    try:
        fund.order_payment(
            actor=actor,
            region=Region.objects.get(pk=application.region_id[:6].ljust(12, "0")),
            year=timezone.localdate().year,
            kind=PaymentOrder.Kind.DECISION,
            reference=reference_of(decision),
            person=person,
            bank_account=person.bank_account or "",
            bank_name=person.bank_name or "",
            payee_name=person.name,
            amount=decision.amount,
            clauses=decision.clauses,
            note=f"{application.rule} {decision.letter}",
        )
    except ClaimError as error:
        raise Refused(str(error)) from error


@transaction.atomic
def paid(reference: str, on: date) -> None:
    """The fund's word: the money is on the account. Said twice, it counts once."""
    payment, application = _of(reference)
    if payment.paid_on:
        return
    why = why_not(Did.PAID, application, None)
    if why:
        raise Refused(why)
    payment.paid_on, payment.returned_on = on, None
    payment.save()
    finish(application, Did.PAID, None, payment=payment.pk, amount=payment.amount)


@transaction.atomic
def returned(reference: str, on: date, reason: str) -> None:
    """The fund's word: the bank sent the money back; the decision waits for a right account."""
    payment, application = _of(reference)
    if payment.returned_on:
        return
    payment.returned_on, payment.returned_reason, payment.paid_on = on, reason[:200], None
    payment.save()
    if application.state == State.CLOSED:
        return  # filed already: the fund officer sees the order come back
    finish(application, Did.PAY_RETURNED, None, reason, payment=payment.pk)


def _of(reference: str) -> tuple[Payment, Application]:
    found = Payment.objects.values_list("decision__application_id", flat=True).get(reference=reference)
    application = lock(found)
    return Payment.objects.select_for_update(of=("self",)).get(reference=reference), application
