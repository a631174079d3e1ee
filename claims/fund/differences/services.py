"""What follows from a confirmed re-settlement: orders for what people get, receipts of what they give back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from claims.errors import ClaimError, ClaimRefused
from claims.fund.accounts import Account
from claims.fund.differences.models import Difference, Receipt
from claims.fund.ledger import may, post
from claims.fund.models import FundEntry, PaymentOrder
from claims.fund.payments import order_payment
from claims.later.models import Adjustment, Resettlement

AT_ONCE: Final = 200  # orders that one request issues
# The fund's own part alone: critical-illness insurance and county finance pay and take back by themselves.
_GATHER: Final = """
    INSERT INTO claims_difference (case_id, person_id, region_id, year, supplement, recovery, received, created_at)
    SELECT a.case_id, a.person_id, left(a.region_id, 6) || '000000', a.year,
        coalesce(sum(a.amount) FILTER (WHERE a.kind = 'supplement'), 0),
        coalesce(sum(a.amount) FILTER (WHERE a.kind = 'recovery'), 0), 0, now()
    FROM claims_adjustment a WHERE a.case_id = %s AND a.payer = %s
    GROUP BY 1, 2, 3, 4
"""
_OFFSETS: Final = """
    SELECT region_id, year, sum(least(supplement, recovery)) FROM claims_difference
    WHERE case_id = %s AND supplement > 0 AND recovery > 0 GROUP BY 1, 2 ORDER BY 1, 2
"""


@transaction.atomic
def gather(case: Resettlement) -> int:
    """The differences of a confirmed case, per person; how many. A second call makes none.

    What one person gets and gives back in the same case is set off, in the ledger too. Meant for
    `claims.later.services.register_listener`, after the case is booked.
    """
    if Difference.objects.filter(case=case).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, [case.pk, Adjustment.Payer.ASSISTANCE_FUND])
        made = cursor.rowcount
        cursor.execute(_OFFSETS, [case.pk])
        offsets = cursor.fetchall()
    for county, year, amount in offsets:
        post(
            region_id=county,
            year=year,
            day=timezone.localdate(),
            kind=FundEntry.Kind.ADJUSTMENT,
            reference=f"offset:{case.pk}:{county}:{year}",
            postings={(Account.PAYABLE, 0): int(amount), (Account.RECOVERABLE, 0): -int(amount)},
            actor=case.decided_by,
            approved_by=case.decided_by,
            note=_("重新结算 %(number)s 同一人补退相抵") % {"number": case.number},
        )
    return made


@dataclass
class Issued:
    """What became of the chosen differences: orders, names without an account, why it stopped."""

    ordered: int = 0
    without_account: list[str] = field(default_factory=list)
    problem: str = ""


def issue(*, actor: User | None, differences: Iterable[Difference]) -> Issued:
    """下达补支付: one order for each that is owed and not ordered, up to `AT_ONCE`; the rest stays for the next call.

    People without an account are named. Raises NotAllowed; a budget that is used up stops it, and is said.
    """
    done = Issued()
    wanted = [one.pk for one in differences][:AT_ONCE]
    for pk in sorted(wanted):
        try:
            with transaction.atomic():
                _issue_one(actor, pk, done)
        except ClaimRefused as error:
            done.problem = str(error)
        except ClaimError as error:  # no right, or no budget: the others would fare no better
            done.problem = str(error)
            break
    return done


def _issue_one(actor: User | None, pk: int, done: Issued) -> None:
    one = Difference.objects.select_for_update(of=("self",)).select_related("person", "region", "case").get(pk=pk)
    may(actor, Act.FUND_WRITE, one.region_id)
    if one.order_id or not one.to_pay:
        return
    person = one.person
    if not person.bank_account:
        done.without_account.append(person.name)
        return
    clauses = one.case.adjustments.filter(person=person, kind=Adjustment.Kind.SUPPLEMENT).values_list(
        "clauses", flat=True
    )
    one.order = order_payment(
        actor=actor,
        region=one.region,
        year=one.year,
        kind=PaymentOrder.Kind.SUPPLEMENT,
        reference=one.reference,
        person=person,
        bank_account=person.bank_account,
        bank_name=person.bank_name or "",
        payee_name=person.name,
        amount=one.to_pay,
        clauses=sorted({clause for some in clauses for clause in some}),
        note=_("重新结算 %(number)s") % {"number": one.case.number},
    )
    one.save(update_fields=["order"])
    done.ordered += 1


@transaction.atomic
def receive(*, actor: User | None, difference: Difference, day: date, amount: int, document: str) -> Receipt:
    """登记追回到账, in whole or in part. Raises NotAllowed, ClaimRefused."""
    may(actor, Act.FUND_WRITE, difference.region_id)
    held = Difference.objects.select_for_update(of=("self",)).get(pk=difference.pk)
    if amount <= 0:
        raise ClaimRefused("amount", _("金额须大于零。"))
    if amount > held.left:
        raise ClaimRefused("amount", _("收回的金额超过尚未追回的金额；请核对凭证。"))
    if day > timezone.localdate():
        raise ClaimRefused("day", _("到账日期晚于今天；请核对。"))
    if not document.strip():
        raise ClaimRefused("document", _("请填写凭证号，例如银行回单的编号。"))
    made = Receipt.objects.create(
        difference=held, day=day, amount=amount, document=document.strip()[:120], recorded_by=actor
    )
    held.received += amount
    held.save(update_fields=["received"])
    post(
        region_id=held.region_id,
        year=held.year,
        day=day,
        kind=FundEntry.Kind.RECOVERED,
        reference=f"receipt:{made.pk}",
        postings={(Account.BANK, 0): amount, (Account.RECOVERABLE, 0): -amount},
        actor=actor,
        note=_("重新结算 %(number)s") % {"number": held.case.number},
        document=made.document,
    )
    return made
