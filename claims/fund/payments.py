"""Payment orders, the batches in which they go to the bank, and the bank's answers.

One order per reference, ever. An order that the bank sends back keeps its number and is issued again to a corrected
account; meanwhile it cannot be in two batches.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.export import neutral, xlsx_response
from accounts.models import Region, User
from beneficiaries.models import Person
from claims.errors import ClaimError, ClaimRefused
from claims.fund import listeners, selectors
from claims.fund.accounts import Account
from claims.fund.ledger import lock_year, may, post
from claims.fund.models import BatchLine, Decidable, FundEntry, Override, PaymentBatch, PaymentOrder
from policies.engine.money import format_yuan

State = PaymentOrder.State
# The expense that an order makes; a supplement's is in the ledger since its case was booked.
EXPENSE: Final = {PaymentOrder.Kind.DECISION: Account.DECISION, PaymentOrder.Kind.SUBSIDY: Account.SUBSIDY}
HEADER: Final = ("序号", "拨付单号", "收款人", "开户银行", "银行账号", "金额", "附言")
PAID, RETURNED = "成功", "退回"


class BudgetExceeded(ClaimError):
    """The order would pass the budget by `beyond` fen and no override for it is approved."""

    def __init__(self, beyond: int, budget: int | None) -> None:
        self.beyond = beyond
        amount = format_yuan(beyond)
        if budget is None:
            text = _("本年度还没有批准的预算；请先提交预算，或者申请超预算拨付%(amount)s元。")
        else:
            text = _("超出本年度预算%(amount)s元；请申请超预算拨付，由另一人复核后再下达。")
        super().__init__(text % {"amount": amount})


@transaction.atomic
def order_payment(
    *,
    actor: User | None,
    region: Region,
    year: int,
    kind: str,
    reference: str,
    person: Person | None,
    bank_account: str,
    payee_name: str,
    amount: int,
    clauses: Sequence[str] = (),
    note: str = "",
    bank_name: str = "",
) -> PaymentOrder:
    """下达拨付. Ordered again under the same reference, the same content gives the first order.

    An order that was returned is issued again, to the account given now. Raises NotAllowed, ClaimRefused (no account,
    the same reference with another payee or amount), BudgetExceeded.
    """
    may(actor, Act.FUND_WRITE, region.code)
    if amount <= 0:
        raise ClaimRefused("amount", _("拨付金额须大于零。"))
    if not bank_account.strip():
        raise ClaimRefused("bank_account", _("收款人没有银行账号；请先在人员档案登记银行账号。"))
    lock_year(region.code, year)
    held = PaymentOrder.objects.select_for_update(of=("self",)).filter(reference=reference).first()
    if held is not None:
        return _again(held, actor, kind, person, amount, bank_account, bank_name, payee_name)
    override = _within_budget(region, year, reference, amount, kind)
    order = PaymentOrder.objects.create(
        region=region,
        year=year,
        kind=kind,
        reference=reference,
        person=person,
        payee_name=payee_name,
        bank_name=bank_name,
        bank_account=bank_account.strip(),
        amount=amount,
        clauses=list(clauses),
        note=note[:120],
        override=override,
        ordered_by=actor,
    )
    if kind in EXPENSE:
        postings = {
            (EXPENSE[PaymentOrder.Kind(kind)], timezone.localdate().month): amount,
            (Account.PAYABLE, 0): -amount,
        }
        _post(order, FundEntry.Kind.ORDER, f"order:{order.pk}", timezone.localdate(), postings, actor)
    return order


def _again(
    held: PaymentOrder,
    actor: User | None,
    kind: str,
    person: Person | None,
    amount: int,
    bank_account: str,
    bank_name: str,
    payee_name: str,
) -> PaymentOrder:
    same = held.kind == kind and held.person_id == (person.pk if person else None) and held.amount == amount
    if not same:
        raise ClaimRefused(
            "reference", _("同一来源已下达过内容不同的拨付（%(number)s）；每笔只能拨付一次。") % {"number": held.number}
        )
    if held.state == State.RETURNED:
        return reissue(actor=actor, order=held, bank_account=bank_account, bank_name=bank_name, payee_name=payee_name)
    if held.bank_account != bank_account.strip() or held.payee_name != payee_name:
        raise ClaimRefused(
            "bank_account", _("这笔款项已按另一账号下达（%(number)s）；退回后才能改账号。") % {"number": held.number}
        )
    return held


def _within_budget(region: Region, year: int, reference: str, amount: int, kind: str) -> Override | None:
    used = selectors.used(region, year)
    more = amount if kind in EXPENSE else 0
    beyond = used.spent + more - used.amount
    if used.budget is not None and beyond <= 0:
        return None
    leave = Override.objects.filter(
        reference=reference, year=year, state=Decidable.State.APPROVED, amount__gte=amount
    ).first()
    if leave is None:
        raise BudgetExceeded(max(beyond, 0), used.amount if used.budget else None)
    return leave


def _post(
    order: PaymentOrder, kind: str, reference: str, day: date, postings: dict[tuple[str, int], int], actor: User | None
) -> None:
    post(
        region_id=order.region_id,
        year=order.year,
        day=day,
        kind=kind,
        reference=reference,
        postings=postings,
        actor=actor,
        note=f"{order.get_kind_display()} {order.number}",
        clauses=order.clauses,
    )


@transaction.atomic
def reissue(
    *, actor: User | None, order: PaymentOrder, bank_account: str, bank_name: str = "", payee_name: str = ""
) -> PaymentOrder:
    """重新下达 a returned order to a corrected account. Raises NotAllowed, ClaimRefused."""
    may(actor, Act.FUND_WRITE, order.region_id)
    held = PaymentOrder.objects.select_for_update(of=("self",)).get(pk=order.pk)
    if held.state != State.RETURNED:
        raise ClaimRefused("", _("只有银行退回的拨付可以重新下达。"))
    if not bank_account.strip():
        raise ClaimRefused("bank_account", _("请填写更正后的银行账号。"))
    held.bank_account = bank_account.strip()
    held.bank_name = bank_name or held.bank_name
    held.payee_name = payee_name or held.payee_name
    held.state, held.result_on, held.result_reason = State.OPEN, None, ""
    held.save()
    return held


# --- batches -------------------------------------------------------------------------------------------------------
@transaction.atomic
def make_batch(*, actor: User | None, region: Region, orders: Iterable[PaymentOrder]) -> PaymentBatch:
    """制表: puts open orders into one file for the bank. Raises NotAllowed, ClaimRefused (none, or no longer open)."""
    may(actor, Act.FUND_WRITE, region.code)
    wanted = {order.pk for order in orders}
    # Locked in one order, so that two who batch the same orders wait for each other instead of for ever.
    held = list(PaymentOrder.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk"))
    if not held:
        raise ClaimRefused("", _("请先选择待制表的拨付单。"))
    gone = [order.number for order in held if order.state != State.OPEN]
    if gone:
        raise ClaimRefused(
            "", _("这些拨付单已不在待制表状态：%(numbers)s；请刷新后重新选择。") % {"numbers": "、".join(gone[:5])}
        )
    if any(not order.region_id.startswith(region.prefix) for order in held):
        raise ClaimRefused("", _("所选拨付单不都属于这个地区；请分地区制表。"))
    total = sum(order.amount for order in held)
    batch = PaymentBatch.objects.create(region=region, count=len(held), total=total, sha256="", made_by=actor)
    BatchLine.objects.bulk_create(
        BatchLine(
            batch=batch,
            order=order,
            line=number,
            payee_name=order.payee_name,
            bank_name=order.bank_name,
            bank_account=order.bank_account,
            amount=order.amount,
        )
        for number, order in enumerate(held, 1)
    )
    PaymentOrder.objects.filter(pk__in=wanted).update(state=State.BATCHED)
    batch.sha256 = hashlib.sha256(bank_file(batch)).hexdigest()
    batch.save(update_fields=["sha256"])
    return batch


def bank_file(batch: PaymentBatch) -> bytes:
    """The batch as the bank gets it: CSV (UTF-8 with BOM) after a row of number, count and total; always the same."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["批次号", batch.number, "笔数", batch.count, "金额合计", format_yuan(batch.total)])
    writer.writerow(HEADER)
    for one in batch.lines.select_related("order").order_by("line"):
        cells = [one.line, one.order.number, one.payee_name, one.bank_name, one.bank_account]
        writer.writerow([neutral(cell) for cell in cells] + [format_yuan(one.amount), neutral(one.order.note)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def bank_sheet(batch: PaymentBatch) -> bytes:
    """The same rows as a workbook, for banks that take no CSV; the hash kept is the CSV's."""
    rows = list(csv.reader(io.StringIO(bank_file(batch).decode("utf-8-sig"))))
    body = [[*row[:5], Decimal(row[5]), *row[6:]] for row in rows[2:]]
    return xlsx_response(batch.number, rows[0], [HEADER, *body]).content


@transaction.atomic
def send_batch(*, actor: User | None, batch: PaymentBatch) -> PaymentBatch:
    """报送: the file has gone to the bank. Raises NotAllowed, ClaimRefused (already sent, or the file has changed)."""
    may(actor, Act.FUND_WRITE, batch.region_id)
    held = PaymentBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if held.state != PaymentBatch.State.MADE:
        raise ClaimRefused("", _("这个批次已经报送。"))
    if hashlib.sha256(bank_file(held)).hexdigest() != held.sha256:
        raise ClaimRefused("", _("批次文件与制表时的校验值不一致；请联系系统管理员核查。"))
    held.state, held.sent_by, held.sent_at = PaymentBatch.State.SENT, actor, timezone.now()
    held.save()
    for order in PaymentOrder.objects.filter(lines__batch=held, lines__result="").order_by("pk"):
        order.state, order.attempts = State.SENT, order.attempts + 1
        order.save(update_fields=["state", "attempts"])
    return held


@transaction.atomic
def record_result(
    *, actor: User | None, order: PaymentOrder, paid: bool, day: date | None = None, reason: str = ""
) -> PaymentOrder:
    """The bank's word on an order that was sent: arrived, or came back with a reason (also after it had arrived).

    Said again, it changes nothing. Raises NotAllowed, ClaimRefused.
    """
    may(actor, Act.FUND_WRITE, order.region_id)
    held = PaymentOrder.objects.select_for_update(of=("self",)).get(pk=order.pk)
    day = day or timezone.localdate()
    if held.state == (State.PAID if paid else State.RETURNED):
        return held
    if held.state != State.SENT and not (held.state == State.PAID and not paid):
        raise ClaimRefused("", _("拨付单 %(number)s 还没有报送银行，不能登记结果。") % {"number": held.number})
    if not paid and not reason.strip():
        raise ClaimRefused("reason", _("请写明银行退回的原因。"))
    line = held.lines.order_by("-id")[0]
    if paid:
        key = f"paid:{held.pk}:{line.pk}"
        _post(
            held,
            FundEntry.Kind.PAYMENT,
            key,
            day,
            {(Account.PAYABLE, 0): held.amount, (Account.BANK, 0): -held.amount},
            actor,
        )
    elif held.state == State.PAID:
        key = f"returned:{held.pk}:{line.pk}"
        _post(
            held,
            FundEntry.Kind.RETURN,
            key,
            day,
            {(Account.BANK, 0): held.amount, (Account.PAYABLE, 0): -held.amount},
            actor,
        )
    held.state = State.PAID if paid else State.RETURNED
    held.result_on, held.result_reason = day, "" if paid else reason[:200]
    held.save()
    line.result, line.result_on, line.result_reason = held.state, day, held.result_reason
    line.save(update_fields=["result", "result_on", "result_reason"])
    if not line.batch.lines.filter(result="").exists():
        line.batch.state = PaymentBatch.State.DONE
        line.batch.save(update_fields=["state"])
    if paid:
        listeners.tell_paid(held, day)
    else:
        listeners.tell_returned(held, day, held.result_reason)
    return held


@transaction.atomic
def take_results(*, actor: User | None, batch: PaymentBatch, text: str, day: date | None = None) -> tuple[int, int]:
    """The bank's answer file: rows 拨付单号, 结果 (成功 or 退回), 原因. Gives (paid, returned); all rows or none.

    Raises NotAllowed, ClaimRefused naming the first row that is wrong.
    """
    may(actor, Act.FUND_WRITE, batch.region_id)
    orders = {line.order.number: line.order for line in batch.lines.select_related("order")}
    counts = {PAID: 0, RETURNED: 0}
    for number, row in enumerate(csv.reader(io.StringIO(text.removeprefix("\ufeff"))), 1):
        cells = [cell.strip() for cell in row] + ["", "", ""]
        if not any(cells) or cells[0] in ("拨付单号", "批次号"):
            continue
        if cells[0] not in orders:
            raise ClaimRefused(
                "file", _("第%(row)s行：拨付单 %(number)s 不在这个批次。") % {"row": number, "number": cells[0]}
            )
        if cells[1] not in counts:
            raise ClaimRefused("file", _("第%(row)s行：结果须为“成功”或者“退回”。") % {"row": number})
        record_result(actor=actor, order=orders[cells[0]], paid=cells[1] == PAID, day=day, reason=cells[2])
        counts[cells[1]] += 1
    if not any(counts.values()):
        raise ClaimRefused("file", _("文件里没有结果；请上传银行返回的清单（拨付单号、结果、原因）。"))
    return counts[PAID], counts[RETURNED]
