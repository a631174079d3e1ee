"""What enrolment leaves to do: suspected uninsured, interruption risks, payments that do not fit, money to ask for."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User
from beneficiaries.enrolment.models import Contribution, Enrolment
from beneficiaries.models import Person
from exchange.models import InboundFile


@tracked()
class CoverageCase(models.Model):
    """待核参保人员: a person and year to be worked off, by the township (S2-03) or as an interruption risk (S3-19)."""

    class Kind(models.TextChoices):
        SUSPECTED = "suspected", _("疑似未参保")
        INTERRUPTION = "interruption", _("中断风险")

    class Cause(models.TextChoices):
        UNREGISTERED = "unregistered", _("未登记参保")
        UNPAID = "unpaid", _("应缴未缴")
        LAPSED = "lapsed", _("上年参保本年未续")
        LEFT_JOB = "left_job", _("离职、解聘")
        DISCHARGED = "discharged", _("退伍")
        RELEASED = "released", _("刑满释放")
        UNKNOWN = "unknown", _("状态不明")

    class Outcome(models.TextChoices):
        ENROLLED = "enrolled", _("已参保")
        EMPLOYEE = "employee", _("已在职工医保")
        ELSEWHERE = "elsewhere", _("已在外地参保")
        MIGRANT = "migrant", _("外出未联系上")
        UNWILLING = "unwilling", _("不愿参保")
        DECEASED = "deceased", _("已死亡")
        NOT_LOCAL = "not_local", _("已不属本地")

    INTERRUPTIONS: ClassVar = (Cause.LEFT_JOB, Cause.DISCHARGED, Cause.RELEASED, Cause.UNKNOWN)

    person = models.ForeignKey(Person, models.PROTECT, related_name="coverage_cases")
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("经办地区"))
    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("种类"), max_length=12, choices=Kind.choices, default=Kind.SUSPECTED)
    cause = models.CharField(_("情形"), max_length=12, choices=Cause.choices)
    assigned_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("承办人"))
    opened_on = models.DateField(_("列入日期"), default=timezone.localdate)
    since = models.DateField(_("发生日期"), null=True, blank=True)
    source = models.ForeignKey(InboundFile, models.PROTECT, null=True, related_name="+", verbose_name=_("来源"))
    consent_on = models.DateField(_("知情同意日期"), null=True, blank=True)
    checked_on = models.DateField(_("重复参保核查日期"), null=True, blank=True)
    outcome = models.CharField(_("结果"), max_length=12, choices=Outcome.choices, blank=True)
    closed_on = models.DateField(_("办结日期"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("待核参保人员")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["region", "year", "closed_on"])]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "year", "kind"], name="coverage_case_once"),
            models.CheckConstraint(
                condition=Q(outcome="", closed_on=None) | (~Q(outcome="") & Q(closed_on__isnull=False)),
                name="coverage_case_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year}"


class CaseStep(models.Model):
    """What was done on a case; appended, never changed."""

    case = models.ForeignKey(CoverageCase, models.PROTECT, related_name="steps")
    at = models.DateTimeField(_("时间"), default=timezone.now)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("办理人"))
    what = models.CharField(_("事项"), max_length=40)
    note = models.CharField(_("说明"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("办理记录")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.what


@tracked()
class PaymentMismatch(models.Model):
    """缴费疑点 (S3-07): found again and again from the payments; closed by a person, or by itself when it is gone."""

    class Kind(models.TextChoices):
        UNKNOWN = "unknown_person", _("查无此人")
        NAME = "name_differs", _("姓名不符")
        DECEASED = "deceased", _("死亡后缴费")
        REFUND_ALONE = "refund_alone", _("无缴费的退费")
        TWICE = "paid_twice", _("重复缴费")
        TOO_MUCH = "too_much", _("多缴")
        TOO_LITTLE = "too_little", _("少缴")
        NOT_OWED = "not_owed", _("无需缴费")

    class Outcome(models.TextChoices):
        REFUND = "refund", _("退费后重新征缴")
        REFUND_ONLY = "refund_only", _("退费")
        ATTACHED = "attached", _("已核实，计入此人")
        EXPLAINED = "explained", _("已核实，情况属实")
        GONE = "gone", _("已自行消除")

    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="payment_mismatches")
    contribution = models.ForeignKey(Contribution, models.PROTECT, null=True, related_name="mismatches")
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("疑点"), max_length=15, choices=Kind.choices)
    expected = models.BigIntegerField(_("应缴"), default=0)
    actual = models.BigIntegerField(_("实缴"), default=0)
    found_on = models.DateField(_("发现日期"), default=timezone.localdate)
    outcome = models.CharField(_("处理结果"), max_length=12, choices=Outcome.choices, blank=True)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    closed_on = models.DateField(_("处理日期"), null=True, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("处理人"))

    class Meta:
        verbose_name = verbose_name_plural = _("缴费疑点")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["year", "region", "closed_on"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "contribution", "year", "kind"], name="mismatch_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.year}"


@tracked()
class SubsidyApplication(models.Model):
    """资助参保资金申请 (S1-06): of one banner and year; frozen with a number, then paid by transfers."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("旗县"))
    year = models.PositiveSmallIntegerField(_("参保年度"))
    number = models.CharField(_("申请编号"), max_length=40, unique=True)
    persons = models.PositiveIntegerField(_("资助人数"), default=0)
    fund = models.BigIntegerField(_("申请医疗救助基金"), default=0)
    county_finance = models.BigIntegerField(_("申请县级财政"), default=0)
    due_on = models.DateField(_("办理期限"), null=True)
    frozen_at = models.DateTimeField(_("核定时间"), default=timezone.now)
    frozen_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("核定人"))

    class Meta:
        verbose_name = verbose_name_plural = _("资助资金申请")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> int:
        return self.fund + self.county_finance


class SubsidyApplicationRow(models.Model):
    """One person of an application, as it stood when it was frozen; each enrolment is asked for once."""

    application = models.ForeignKey(SubsidyApplication, models.CASCADE, related_name="rows")
    enrolment = models.OneToOneField(Enrolment, models.PROTECT, related_name="asked_in")
    category = models.CharField(_("资助身份"), max_length=30, blank=True)
    base = models.BigIntegerField(_("缴费标准"))
    fund = models.BigIntegerField(_("医疗救助基金"))
    county_finance = models.BigIntegerField(_("县级财政"))

    class Meta:
        verbose_name = verbose_name_plural = _("资助资金申请人员")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.application_id}:{self.enrolment_id}"


@tracked()
class FiscalTransfer(models.Model):
    """划入财政专户 (S1-06): money of an application that arrived in the fiscal account."""

    class Source(models.TextChoices):
        FUND = "fund", _("医疗救助基金")
        COUNTY_FINANCE = "county_finance", _("县级财政")

    application = models.ForeignKey(SubsidyApplication, models.PROTECT, related_name="transfers")
    source = models.CharField(_("资金来源"), max_length=20, choices=Source.choices)
    amount = models.PositiveBigIntegerField(_("金额"))
    transferred_on = models.DateField(_("划入日期"))
    reference = models.CharField(_("凭证号"), max_length=60)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("财政专户划款")
        ordering = ("transferred_on", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application", "reference"],
                name="fiscal_transfer_once",
                violation_error_message=_("这一凭证号已经记录"),
            )
        ]

    def __str__(self) -> str:
        return self.reference


access.scoped("region_id", Act.ENROLMENT_READ)(CoverageCase)
access.scoped("region_id", Act.ENROLMENT_READ)(PaymentMismatch)
access.scoped("region_id", Act.ENROLMENT_READ)(SubsidyApplication)
access.scoped("application__region_id", Act.ENROLMENT_READ)(SubsidyApplicationRow)
