"""Ledger, budget and payments of the fund, per region and year. Amounts are fen.

The database holds what matters: an entry adds up to zero, nothing of the ledger is changed or erased, a reference is
paid once.
"""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.fields import EncryptedTextField
from accounts.models import Region, User
from beneficiaries.models import Person
from claims.fund.accounts import Account

APPEND_ONLY = "RAISE EXCEPTION '基金账目只能追加，更正请用冲销分录' USING ERRCODE = 'integrity_constraint_violation';"
# Both run when the transaction ends: an entry is written before its postings.
ADDS_UP = """
IF (SELECT COALESCE(SUM(amount), 0) FROM claims_posting WHERE entry_id = NEW.entry_id) <> 0 THEN
    RAISE EXCEPTION '分录 % 借贷不平', NEW.entry_id USING ERRCODE = 'integrity_constraint_violation';
END IF;
RETURN NULL;
"""
HAS_POSTINGS = """
IF NOT EXISTS (SELECT 1 FROM claims_posting WHERE entry_id = NEW.id) THEN
    RAISE EXCEPTION '分录 % 没有借贷明细', NEW.id USING ERRCODE = 'integrity_constraint_violation';
END IF;
RETURN NULL;
"""


def _frozen(name: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=APPEND_ONLY,
    )


def _at_commit(name: str, func: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        func=func,
    )


class FundEntry(models.Model):
    """分录: one event of the ledger with its postings; `reference` names the cause and books it once."""

    class Kind(models.TextChoices):
        MANUAL = "manual", _("手工分录")
        CLAIMS = "claims", _("费用结算")
        ADJUSTMENT = "adjustment", _("补支付与追回")
        ORDER = "order", _("下达拨付")
        PAYMENT = "payment", _("银行支付")
        RETURN = "return", _("银行退回")
        REVERSAL = "reversal", _("冲销")
        RECOVERED = "recovered", _("追回到账")

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    year = models.PositiveSmallIntegerField(_("年度"))
    day = models.DateField(_("日期"))
    kind = models.CharField(_("类型"), max_length=12, choices=Kind.choices)
    reference = models.CharField(_("来源"), max_length=80, unique=True)
    note = models.CharField(_("摘要"), max_length=200, blank=True)
    document = models.CharField(_("凭证"), max_length=120, blank=True)
    clauses = ArrayField(models.CharField(max_length=10), default=list, verbose_name=_("条款"))
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("经办人"))
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("复核人"))
    made_at = models.DateTimeField(_("入账时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("基金分录")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["year", "region", "-id"], name="fund_entry_year")]
        triggers: ClassVar = [_frozen("fund_entry_is_frozen"), _at_commit("fund_entry_has_postings", HAS_POSTINGS)]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"FL{self.year}{self.pk:08d}"


class Posting(models.Model):
    """借贷明细: an amount on an account, debit above zero; `month` is the month of care that a claim belongs to."""

    entry = models.ForeignKey(FundEntry, models.PROTECT, related_name="postings")
    region = models.ForeignKey(Region, models.PROTECT, db_index=False)
    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField(_("月份"), default=0)
    account = models.CharField(_("科目"), max_length=16, choices=Account.choices)
    amount = models.BigIntegerField(_("金额"))

    class Meta:
        verbose_name = verbose_name_plural = _("借贷明细")
        ordering = ("id",)
        indexes: ClassVar = [models.Index(fields=["year", "region", "account"], name="posting_account")]
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(amount=0), name="posting_not_zero")]
        triggers: ClassVar = [_frozen("posting_is_frozen"), _at_commit("posting_adds_up", ADDS_UP)]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"

    @property
    def debit(self) -> int | None:
        return self.amount if self.amount > 0 else None

    @property
    def credit(self) -> int | None:
        return -self.amount if self.amount < 0 else None


class Decidable(models.Model):
    """What one person proposes and another decides."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待复核")
        APPROVED = "approved", _("已通过")
        REFUSED = "refused", _("未通过")

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"), related_name="+")
    year = models.PositiveSmallIntegerField(_("年度"))
    amount = models.BigIntegerField(_("金额"))
    reason = models.CharField(_("说明"), max_length=200)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WAITING)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("提出人"))
    proposed_at = models.DateTimeField(_("提出时间"), default=timezone.now)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("复核人"))
    decided_at = models.DateTimeField(_("复核时间"), null=True)
    answer = models.CharField(_("复核意见"), max_length=200, blank=True)

    class Meta:
        abstract = True


def _four_eyes(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(decided_by=None) | Q(proposed_by=None) | ~Q(decided_by=F("proposed_by")),
        name=name,
        violation_error_message=_("提出人不能复核自己提出的事项"),
    )


@tracked()
class ManualEntry(Decidable):
    """手工分录: money that arrives, is moved or reversed by hand; in the ledger when a second person agrees."""

    day = models.DateField(_("日期"))
    debit = models.CharField(_("借方科目"), max_length=16, choices=Account.choices)
    credit = models.CharField(_("贷方科目"), max_length=16, choices=Account.choices)
    document = models.CharField(_("凭证"), max_length=120)
    reverses = models.ForeignKey(FundEntry, models.PROTECT, null=True, related_name="+")
    entry = models.OneToOneField(FundEntry, models.PROTECT, null=True, related_name="manual")

    class Meta:
        verbose_name = verbose_name_plural = _("手工分录")
        ordering = ("-id",)
        constraints: ClassVar = [
            _four_eyes("manual_entry_four_eyes"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="manual_entry_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.region_id} {self.day} {self.amount}"


@tracked()
class Budget(Decidable):
    """预算: what a region may spend in a year; the newest approved version counts."""

    class Meta:
        verbose_name = verbose_name_plural = _("基金预算")
        ordering = ("-id",)
        constraints: ClassVar = [
            _four_eyes("budget_four_eyes"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="budget_not_negative"),
            models.UniqueConstraint(
                fields=["region", "year"],
                condition=Q(state="waiting"),
                name="one_budget_waits",
                violation_error_message=_("这一年度已有一版预算待复核"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region_id} {self.year}"


@tracked()
class Override(Decidable):
    """超预算拨付: leave to order one payment beyond the budget, up to `amount`."""

    reference = models.CharField(_("来源"), max_length=80)
    beyond = models.BigIntegerField(_("超出预算"), help_text="fen above the budget when it was asked for")

    class Meta:
        verbose_name = verbose_name_plural = _("超预算拨付")
        ordering = ("-id",)
        constraints: ClassVar = [
            _four_eyes("override_four_eyes"),
            models.UniqueConstraint(
                fields=["reference"],
                condition=~Q(state="refused"),
                name="override_once",
                violation_error_message=_("这笔拨付已申请过超预算"),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


@tracked()
class PaymentBatch(models.Model):
    """拨付批次: orders that go to the bank in one file; number, count, total and hash of the file are kept."""

    class State(models.TextChoices):
        MADE = "made", _("待报送")
        SENT = "sent", _("已报送银行")
        DONE = "done", _("结果已回")

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    state = models.CharField(_("状态"), max_length=6, choices=State.choices, default=State.MADE)
    count = models.PositiveIntegerField(_("笔数"))
    total = models.BigIntegerField(_("金额"))
    sha256 = models.CharField(_("文件校验值"), max_length=64)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("制表人"))
    made_at = models.DateTimeField(_("制表时间"), default=timezone.now)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("报送人"))
    sent_at = models.DateTimeField(_("报送时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("拨付批次")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"PC{self.made_at:%Y}{self.pk:06d}"


@tracked(exclude=["bank_account"])
class PaymentOrder(models.Model):
    """拨付单: one payment to one payee for one reference, ever; a returned one is issued again as the same order."""

    class Kind(models.TextChoices):
        DECISION = "decision", _("依申请救助")
        SUBSIDY = "subsidy", _("资助参保")
        SUPPLEMENT = "supplement", _("补支付")

    class State(models.TextChoices):
        OPEN = "open", _("待制表")
        BATCHED = "batched", _("已列入批次")
        SENT = "sent", _("已报送银行")
        PAID = "paid", _("已到账")
        RETURNED = "returned", _("已退回")

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("用途"), max_length=12, choices=Kind.choices)
    reference = models.CharField(
        _("来源"), max_length=80, unique=True, error_messages={"unique": _("这笔款项已经下达拨付，不能再次拨付")}
    )
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="payments", verbose_name=_("人员"))
    payee_name = models.CharField(_("收款人"), max_length=80)
    bank_name = models.CharField(_("开户银行"), max_length=80, blank=True)
    bank_account = EncryptedTextField(_("银行账号"), purpose="payment_account")
    amount = models.BigIntegerField(_("金额"))
    clauses = ArrayField(models.CharField(max_length=10), default=list, verbose_name=_("条款"))
    note = models.CharField(_("附言"), max_length=120, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    attempts = models.PositiveSmallIntegerField(_("报送次数"), default=0)
    result_on = models.DateField(_("结果日期"), null=True)
    result_reason = models.CharField(_("退回原因"), max_length=200, blank=True)
    override = models.OneToOneField(Override, models.PROTECT, null=True, related_name="order")
    ordered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("下达人"))
    ordered_at = models.DateTimeField(_("下达时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("拨付单")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["state", "region", "-id"], name="payment_state")]
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_order_positive")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"BF{self.ordered_at:%Y}{self.pk:08d}"

    @property
    def masked_account(self) -> str:
        return f"**** {self.bank_account[-4:]}"

    @property
    def tone(self) -> str:
        return {"paid": "done", "returned": "late", "sent": "info"}.get(self.state, "plain")


class BatchLine(models.Model):
    """批次明细: an order as it went to the bank; a later issue to another account is a line of another batch."""

    batch = models.ForeignKey(PaymentBatch, models.PROTECT, related_name="lines")
    order = models.ForeignKey(PaymentOrder, models.PROTECT, related_name="lines")
    line = models.PositiveIntegerField(_("序号"))
    payee_name = models.CharField(_("收款人"), max_length=80)
    bank_name = models.CharField(_("开户银行"), max_length=80, blank=True)
    bank_account = EncryptedTextField(_("银行账号"), purpose="payment_account")
    amount = models.BigIntegerField(_("金额"))
    result = models.CharField(_("结果"), max_length=10, blank=True, choices=PaymentOrder.State.choices)
    result_on = models.DateField(_("结果日期"), null=True)
    result_reason = models.CharField(_("退回原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("批次明细")
        ordering = ("line",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "order"], name="order_once_in_batch"),
            # Until the bank has answered, an order is with it once.
            models.UniqueConstraint(fields=["order"], condition=Q(result=""), name="order_once_under_way"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line}"

    @property
    def masked_account(self) -> str:
        return f"**** {self.bank_account[-4:]}"


@tracked()
class BankBalance(models.Model):
    """银行对账: the bank's balance at the end of a day beside the ledger's then."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    year = models.PositiveSmallIntegerField(_("年度"))
    day = models.DateField(_("截止日期"))
    balance = models.BigIntegerField(_("银行余额"))
    ledger = models.BigIntegerField(_("账面余额"))
    note = models.CharField(_("差异说明"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("对账人"))
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("银行对账")
        ordering = ("-day", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(balance=F("ledger")) | ~Q(note=""),
                name="bank_difference_explained",
                violation_error_message=_("银行余额与账面不符时须写明差异原因"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.region_id} {self.day}"

    @property
    def difference(self) -> int:
        return self.balance - self.ledger


for scoped in (FundEntry, Posting, ManualEntry, Budget, Override, PaymentBatch, PaymentOrder, BankBalance):
    access.scoped("region_id", Act.FUND_READ)(scoped)
