"""Later facts, the cases that settle years again because of them, and the differences that they book.

Amounts are fen. What is booked is only appended: a wrong adjustment is put right by another one.
"""

from typing import ClassVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Job, Region, User
from beneficiaries.models import Person
from policies.models import PolicyFigures, PolicyVersion
from policies.sayings import category_label

# Tiers whose difference is money that someone gets or gives back, in the order of the chain.
TIERS = ("cii", "assistance", "outside", "top_up")
AMOUNTS = (*TIERS, "borne", "burden")


class Cause(models.TextChoices):
    """Why years are settled again: the codes of `beneficiaries.changes.Cause`, and what claims themselves learn."""

    CATEGORY = "category", _("补录认定")
    CATEGORY_END = "category_end", _("补录退出")
    ROSTER = "roster", _("名单导入")
    ROSTER_UNDONE = "roster_undone", _("名单撤销")
    MERGE = "merge", _("档案合并")
    APPROVAL = "approval", _("申请批准")
    DESIGNATION = "designation", _("类别指定")
    REVERSAL = "reversal", _("费用冲正")
    CORRECTION = "correction", _("费用更正")
    EXCEPTION = "exception", _("控制豁免或转诊例外")
    LATE_CLAIM = "late_claim", _("迟到的费用")
    POLICY = "policy", _("政策版本追溯")
    IMPORT_UNDONE = "import_undone", _("结算明细撤销")
    YEAR_END = "year_end", _("年末结算复算")


@tracked()
class ClaimException(models.Model):
    """例外: a reviewer lets a claim off a rule: out-of-catalogue control (S3-16), referral (S1-23)."""

    class Kind(models.TextChoices):
        CONTROL = "control", _("目录外控制豁免")
        REFERRAL = "referral", _("转诊例外")

    claim = models.ForeignKey("claims.Claim", models.PROTECT, related_name="exceptions", verbose_name=_("费用"))
    kind = models.CharField(_("例外"), max_length=10, choices=Kind.choices)
    departments = ArrayField(models.CharField(max_length=30), default=list, verbose_name=_("批准部门"))
    document = models.CharField(_("批准文号"), max_length=80, blank=True)
    reason = models.CharField(_("理由"), max_length=200)
    decided_on = models.DateField(_("批准日期"))
    approved_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("批准人"))
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("费用例外")
        constraints: ClassVar = [models.UniqueConstraint(fields=["claim", "kind"], name="claim_exception_once")]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.kind}"


@tracked()
class OtherPayment(models.Model):
    """其他支付: what insurance, mutual aid or charity paid of a claim after the platform's bill (S0-19)."""

    class Payer(models.TextChoices):
        COMMERCIAL = "commercial", _("商业保险")
        MUTUAL_AID = "mutual_aid", _("职工互助、互助保障")
        CHARITY = "charity", _("慈善救助")
        OTHER = "other", _("其他")

    claim = models.ForeignKey("claims.Claim", models.PROTECT, related_name="other_payments", verbose_name=_("费用"))
    payer = models.CharField(_("支付方"), max_length=12, choices=Payer.choices)
    payer_name = models.CharField(_("机构名称"), max_length=80)
    amount = models.BigIntegerField(_("金额"), validators=[MinValueValidator(1)])
    paid_on = models.DateField(_("支付日期"))
    evidence = models.CharField(_("凭证"), max_length=120, help_text="what shows it: number of the slip or letter")
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("登记人"))
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("其他支付")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="other_payment_positive")]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.payer_name}"


@tracked()
class EarlierFacts(models.Model):
    """原始数据: what a claim said until `replaced_at`; settlements made before then were made of it."""

    claim = models.ForeignKey("claims.Claim", models.PROTECT, related_name="earlier_facts")
    facts = models.JSONField(help_text="columns of Claim by name; dates in ISO form")
    cause = models.CharField(_("原因"), max_length=15, choices=Cause.choices, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    replaced_at = models.DateTimeField(default=timezone.now)
    replaced_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = _("更正前的数据")
        ordering = ("replaced_at", "id")

    def __str__(self) -> str:
        return f"{self.claim_id} {self.replaced_at}"


class Resettlement(models.Model):
    """重新结算: years settled again for one cause, prepared by one person and confirmed by another."""

    class State(models.TextChoices):
        COMPUTING = "computing", _("测算中")
        PREPARED = "prepared", _("待确认")
        CONFIRMING = "confirming", _("入账中")
        CONFIRMED = "confirmed", _("已确认")
        NOTHING = "nothing", _("无差异")
        WITHDRAWN = "withdrawn", _("已撤回")
        FAILED = "failed", _("未完成")

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    cause = models.CharField(_("原因"), max_length=15, choices=Cause.choices)
    reference = models.CharField(max_length=60, blank=True, help_text="by what: file:12, spell:7, version:3, claim:9")
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.COMPUTING)
    prepared_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("经办人"))
    prepared_at = models.DateTimeField(_("测算时间"), default=timezone.now)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("确认人"))
    decided_at = models.DateTimeField(_("确认时间"), null=True)
    reason = models.CharField(_("说明"), max_length=200, blank=True)
    problem = models.CharField(max_length=500, blank=True, help_text="why it was not computed or not confirmed")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    years = models.PositiveIntegerField(_("人年"), default=0)
    persons = models.PositiveIntegerField(_("涉及人数"), default=0)
    claims = models.PositiveIntegerField(_("涉及笔数"), default=0)
    supplement = models.BigIntegerField(_("补支付"), default=0)
    recovery = models.BigIntegerField(_("追回"), default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("重新结算")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["state", "region"], name="resettlement_state")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"CJ{self.created_at:%Y}{self.pk:06d}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def difference(self) -> int:
        return self.supplement - self.recovery


OPEN = (Resettlement.State.COMPUTING, Resettlement.State.PREPARED, Resettlement.State.CONFIRMING)


class LaterFact(models.Model):
    """待重新结算: a person's year rests on facts that are otherwise since `since`; done when a case is confirmed.

    A reversal or a correction is a proposal until then: `claim`, and for a correction the new `facts`.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False, verbose_name=_("人员"))
    year = models.PositiveSmallIntegerField(_("年度"))
    region = models.ForeignKey(Region, models.PROTECT, db_index=False, verbose_name=_("参保地区"))
    since = models.DateField(_("自"))
    cause = models.CharField(_("原因"), max_length=15, choices=Cause.choices)
    reference = models.CharField(max_length=60, blank=True)
    claim = models.ForeignKey("claims.Claim", models.PROTECT, null=True, related_name="later_facts")
    facts = models.JSONField(null=True, help_text="of a correction: columns of Claim by name")
    note = models.CharField(_("说明"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(default=timezone.now)
    case = models.ForeignKey(Resettlement, models.SET_NULL, null=True, related_name="facts")
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("待重新结算")
        indexes: ClassVar = [
            models.Index(fields=["person", "year"], condition=Q(done_at=None), name="later_fact_open"),
            models.Index(fields=["cause", "reference"], condition=Q(done_at=None), name="later_fact_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year} {self.cause}"


class ResettlementLine(models.Model):
    """One claim (or the payment at year end, without one) of a case: paid so far and as settled on the new facts."""

    case = models.ForeignKey(Resettlement, models.CASCADE, related_name="lines", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    claim = models.ForeignKey("claims.Claim", models.PROTECT, null=True, related_name="+")
    year = models.PositiveSmallIntegerField(_("年度"))
    region = models.ForeignKey(Region, models.PROTECT, db_index=False)
    reversed = models.BooleanField(_("冲正"), default=False)
    old_category = models.CharField(max_length=30)
    new_category = models.CharField(max_length=30)
    old_version = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+", db_index=False)
    new_version = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+", db_index=False)
    old_cii = models.BigIntegerField(default=0)
    old_assistance = models.BigIntegerField(default=0)
    old_outside = models.BigIntegerField(default=0)
    old_top_up = models.BigIntegerField(default=0)
    old_borne = models.BigIntegerField(default=0)
    old_burden = models.BigIntegerField(default=0)
    new_cii = models.BigIntegerField(default=0)
    new_assistance = models.BigIntegerField(default=0)
    new_outside = models.BigIntegerField(default=0)
    new_top_up = models.BigIntegerField(default=0)
    new_borne = models.BigIntegerField(default=0)
    new_burden = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("重新结算明细")
        ordering = ("id",)
        indexes: ClassVar = [models.Index(fields=["case", "person"], name="resettlement_line")]

    def __str__(self) -> str:
        return f"{self.case_id}:{self.claim_id}"

    @property
    def difference(self) -> int:
        """What the four tiers pay more (negative: less)."""
        return sum(getattr(self, f"new_{tier}") - getattr(self, f"old_{tier}") for tier in TIERS)

    @property
    def old_category_label(self) -> str:
        return category_label(self.old_category)

    @property
    def new_category_label(self) -> str:
        return category_label(self.new_category)


APPEND_ONLY = "RAISE EXCEPTION '入账记录只能追加' USING ERRCODE = 'integrity_constraint_violation';"


class Adjustment(models.Model):
    """补支付、追回: the difference of one tier of one claim, booked when a case is confirmed; never changed."""

    class Kind(models.TextChoices):
        SUPPLEMENT = "supplement", _("补支付")
        RECOVERY = "recovery", _("追回")

    class Tier(models.TextChoices):
        CII = "cii", _("大病保险")
        ASSISTANCE = "assistance", _("医疗救助")
        OUTSIDE = "outside", _("目录外救助")
        TOP_UP = "top_up", _("倾斜救助")

    class Payer(models.TextChoices):
        CII_FUND = "cii_fund", _("大病保险资金")
        ASSISTANCE_FUND = "assistance_fund", _("医疗救助基金")
        COUNTY_FINANCE = "county_finance", _("县级财政")

    case = models.ForeignKey(Resettlement, models.PROTECT, related_name="adjustments")
    person = models.ForeignKey(Person, models.PROTECT, related_name="adjustments", verbose_name=_("人员"))
    claim = models.ForeignKey("claims.Claim", models.PROTECT, null=True, related_name="adjustments")
    year = models.PositiveSmallIntegerField(_("年度"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("参保地区"))
    kind = models.CharField(_("方向"), max_length=10, choices=Kind.choices)
    tier = models.CharField(_("支付层级"), max_length=10, choices=Tier.choices)
    payer = models.CharField(_("支付方"), max_length=15, choices=Payer.choices)
    amount = models.BigIntegerField(_("金额"))
    clauses = ArrayField(models.CharField(max_length=10), default=list, verbose_name=_("条款"))
    booked_at = models.DateTimeField(_("入账时间"), default=timezone.now)
    booked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("确认人"))

    class Meta:
        verbose_name = verbose_name_plural = _("补支付与追回")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["region", "-booked_at", "-id"], name="adjustment_region")]
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="adjustment_positive")]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="adjustment_is_frozen",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=APPEND_ONLY,
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        prefix = "BZ" if self.kind == self.Kind.SUPPLEMENT else "ZH"
        return f"{prefix}{self.booked_at:%Y}{self.pk:08d}"

    @property
    def signed(self) -> int:
        return self.amount if self.kind == self.Kind.SUPPLEMENT else -self.amount


@pghistory.track(pghistory.DeleteEvent())
class YearEnd(models.Model):
    """年末一次性救助: quota-managed chronic care of a person's year (S4-06); the newest is not `superseded_at`."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="year_ends", verbose_name=_("人员"))
    year = models.PositiveSmallIntegerField(_("年度"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("参保地区"))
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+", db_index=False)
    figures = models.ForeignKey(PolicyFigures, models.PROTECT, related_name="+", db_index=False)
    category = models.CharField(_("适用类别"), max_length=30)
    base = models.BigIntegerField(_("限额管理费用"))
    ratio = models.IntegerField(help_text="basis points; -1 without a rule")
    computed = models.BigIntegerField()
    left = models.BigIntegerField(help_text="room under the limit; -1 without a limit")
    paid = models.BigIntegerField(_("年末一次性救助"))
    before = ArrayField(models.BigIntegerField(), default=list, help_text="the state of the year, chain.S_…")
    settled_at = models.DateTimeField(default=timezone.now)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("年末一次性救助")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "year"], condition=Q(superseded_at=None), name="one_current_year_end"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year}"

    @property
    def category_label(self) -> str:
        return category_label(self.category)


for scoped in (Resettlement, LaterFact, ResettlementLine, Adjustment, YearEnd):
    access.scoped("region_id", Act.CLAIM_READ)(scoped)
