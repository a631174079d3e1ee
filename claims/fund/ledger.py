"""Writing the ledger: entries with their postings, entries by hand with a second person, reversals."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from claims.errors import ClaimRefused, NotAllowed
from claims.fund import selectors
from claims.fund.accounts import SOURCES, Account
from claims.fund.models import BankBalance, Budget, Decidable, FundEntry, ManualEntry, Override, Posting

LEDGER_LOCK = 0x66756E64  # the first key of the fund's advisory locks
BY_HAND = frozenset({*SOURCES, Account.BANK, Account.PAYABLE, Account.RECOVERABLE, Account.COUNTY_PAYABLE})
Postings = Mapping[tuple[str, int], int]  # (account, month of care or 0) → fen, debit above zero


def may(actor: User | None, act: Act, region_id: str) -> None:
    """Raises NotAllowed unless the actor's role and region allow it; None is the system itself."""
    if actor is None:
        return
    if not actor.may(act):
        raise NotAllowed(_("您的角色不能办理基金的这项业务；请由基金财务或复核人员办理。"))
    if not region_id.startswith(actor.region_prefix):
        raise NotAllowed(_("这笔资金不属于您的地区；请由所属地区的医保部门办理。"))


def lock_year(region_id: str, year: int) -> None:
    """One writer at a time per province and year, whatever part of it is booked: a budget binds all who share one, and
    claims are booked by what the ledger lacks. Held until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LEDGER_LOCK, int(region_id[:2]) * 10_000 + year])


@transaction.atomic
def post(
    *,
    region_id: str,
    year: int,
    day: date,
    kind: str,
    reference: str,
    postings: Postings,
    actor: User | None,
    approved_by: User | None = None,
    note: str = "",
    document: str = "",
    clauses: Sequence[str] = (),
    reverses: FundEntry | None = None,
) -> FundEntry:
    """Appends an entry; the database refuses one that does not add up, at the latest when the transaction ends."""
    entry = FundEntry.objects.create(
        region_id=region_id,
        year=year,
        day=day,
        kind=kind,
        reference=reference,
        note=note[:200],
        document=document,
        clauses=list(clauses),
        reverses=reverses,
        made_by=actor,
        approved_by=approved_by,
    )
    Posting.objects.bulk_create(
        Posting(entry=entry, region_id=region_id, year=year, month=month, account=account, amount=amount)
        for (account, month), amount in postings.items()
        if amount
    )
    return entry


# --- by hand: proposed by one, decided by another ---------------------------------------------------------------------
@transaction.atomic
def propose_entry(
    *,
    actor: User,
    region: Region,
    year: int,
    day: date,
    debit: str,
    credit: str,
    amount: int,
    document: str,
    reason: str,
    reverses: FundEntry | None = None,
) -> ManualEntry:
    """手工分录 for a second person to agree to. Raises NotAllowed, ClaimRefused."""
    may(actor, Act.FUND_WRITE, region.code)
    if amount <= 0:
        raise ClaimRefused("amount", _("金额须大于零；冲减请用冲销。"))
    if debit == credit:
        raise ClaimRefused("credit", _("借方和贷方须是不同的科目。"))
    if reverses is None and not {debit, credit} <= BY_HAND:
        raise ClaimRefused(
            "debit", _("支出科目由结算、资助和决定自动入账，不能手工记录；请选择来源、存款或者往来科目。")
        )
    if not document.strip():
        raise ClaimRefused("document", _("请填写凭证号，例如国库支付凭证或者捐赠协议的编号。"))
    return ManualEntry.objects.create(
        region=region,
        year=year,
        day=day,
        debit=debit,
        credit=credit,
        amount=amount,
        document=document.strip(),
        reason=reason,
        reverses=reverses,
        proposed_by=actor,
    )


def propose_reversal(*, actor: User, entry: FundEntry, reason: str) -> ManualEntry:
    """冲销 of an entry by hand. Raises NotAllowed, ClaimRefused."""
    if entry.kind != FundEntry.Kind.MANUAL:
        raise ClaimRefused("", _("只有手工分录可以冲销；结算和拨付的账目随业务更正。"))
    if hasattr(entry, "reversed_by"):
        raise ClaimRefused("", _("这笔分录已经冲销。"))
    if ManualEntry.objects.filter(reverses=entry, state=Decidable.State.WAITING).exists():
        raise ClaimRefused("", _("这笔分录的冲销正在等待复核。"))
    debit = entry.postings.get(amount__gt=0)
    credit = entry.postings.get(amount__lt=0)
    return propose_entry(
        actor=actor,
        region=entry.region,
        year=entry.year,
        day=timezone.localdate(),
        debit=credit.account,
        credit=debit.account,
        amount=debit.amount,
        document=entry.document,
        reason=reason,
        reverses=entry,
    )


@transaction.atomic
def propose_budget(*, actor: User, region: Region, year: int, amount: int, reason: str) -> Budget:
    """A version of the budget for a second person to agree to. Raises NotAllowed, ClaimRefused."""
    may(actor, Act.FUND_WRITE, region.code)
    if amount < 0:
        raise ClaimRefused("amount", _("预算不能小于零。"))
    lock_year(region.code, year)
    if Budget.objects.filter(region=region, year=year, state=Decidable.State.WAITING).exists():
        raise ClaimRefused("", _("这一年度已有一版预算待复核；请先复核那一版。"))
    return Budget.objects.create(region=region, year=year, amount=amount, reason=reason, proposed_by=actor)


@transaction.atomic
def decide(*, actor: User, what: Decidable, approve: bool, answer: str = "") -> Decidable:
    """The second person's word on a manual entry, a budget or an override. Raises NotAllowed, ClaimRefused."""
    may(actor, Act.FUND_APPROVE, what.region_id)
    lock_year(what.region_id, what.year)
    held = type(what).objects.select_for_update(of=("self",)).get(pk=what.pk)  # type: ignore[attr-defined]
    if held.state != Decidable.State.WAITING:
        raise ClaimRefused("", _("这一事项已经复核；请刷新页面查看结果。"))
    if held.proposed_by_id == actor.pk:
        raise NotAllowed(_("提出人不能复核自己提出的事项；请由另一人复核。"))
    if not approve and not answer.strip():
        raise ClaimRefused("answer", _("不通过时请写明理由。"))
    held.state = Decidable.State.APPROVED if approve else Decidable.State.REFUSED
    held.decided_by, held.decided_at, held.answer = actor, timezone.now(), answer[:200]
    if approve and isinstance(held, ManualEntry):
        held.entry = _book_by_hand(held, actor)
    held.save()
    return held


def _book_by_hand(held: ManualEntry, actor: User) -> FundEntry:
    if held.reverses is not None and hasattr(held.reverses, "reversed_by"):
        raise ClaimRefused("", _("这笔分录已经冲销。"))
    return post(
        region_id=held.region_id,
        year=held.year,
        day=held.day,
        kind=FundEntry.Kind.REVERSAL if held.reverses_id else FundEntry.Kind.MANUAL,
        reference=f"manual:{held.pk}",
        postings={(held.debit, 0): held.amount, (held.credit, 0): -held.amount},
        actor=held.proposed_by,
        approved_by=actor,
        note=held.reason,
        document=held.document,
        reverses=held.reverses,
    )


@transaction.atomic
def request_override(*, actor: User, region: Region, year: int, reference: str, amount: int, reason: str) -> Override:
    """Asks leave to order one payment beyond the budget. Raises NotAllowed, ClaimRefused."""
    may(actor, Act.FUND_WRITE, region.code)
    if not reason.strip():
        raise ClaimRefused("reason", _("请写明超预算拨付的理由。"))
    if amount <= 0:
        raise ClaimRefused("amount", _("金额须大于零。"))
    lock_year(region.code, year)
    if Override.objects.filter(reference=reference).exclude(state=Decidable.State.REFUSED).exists():
        raise ClaimRefused("reference", _("这笔拨付已申请过超预算；请查看复核结果。"))
    beyond = amount - selectors.used(region, year).left
    return Override.objects.create(
        region=region, year=year, reference=reference, amount=amount, beyond=beyond, reason=reason, proposed_by=actor
    )


@transaction.atomic
def record_bank_balance(*, actor: User, region: Region, day: date, balance: int, note: str = "") -> BankBalance:
    """银行对账: the bank's balance at the end of `day` beside the ledger's; a difference must be explained.

    The ledger's figure is what entries up to that day come to, of all years. Raises NotAllowed, ClaimRefused.
    """
    may(actor, Act.FUND_WRITE, region.code)
    rows = Posting.objects.filter(selectors.within(region), account=Account.BANK, entry__day__lte=day)
    ledger = sum(rows.values_list("amount", flat=True))
    if balance != ledger and not note.strip():
        raise ClaimRefused("note", _("银行余额与账面余额不符；请核对未达账项并写明差异原因。"))
    return BankBalance.objects.create(
        region=region, year=day.year, day=day, balance=balance, ledger=ledger, note=note[:200], recorded_by=actor
    )
