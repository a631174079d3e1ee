"""审批决定, its one payment, and what follows: referrals and visits."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import User
from accounts.vocabulary import Category, Department
from assistance.models.application import Application, put_through
from assistance.vocabulary import Help, Kind


@tracked()
class Decision(models.Model):
    """决定 of one round. An application is approved once, ever; a rejection may be followed by an appeal's round."""

    class Outcome(models.TextChoices):
        APPROVED = "approved", _("批准")
        REJECTED = "rejected", _("不予救助")

    application = models.ForeignKey(Application, models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    outcome = models.CharField(_("决定"), max_length=8, choices=Outcome.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = models.BigIntegerField(_("救助金额"), default=0, help_text="fen")
    category = models.CharField(_("人员类别"), max_length=30, choices=Category.choices, blank=True)
    valid_from = models.DateField(_("资格起始日"), null=True)
    clauses = ArrayField(models.CharField(max_length=10), verbose_name=_("条款"), default=list)
    reason = models.TextField(_("理由"), max_length=2000)
    letter = models.CharField(_("文书号"), max_length=40, unique=True)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("审批人"))
    decided_on = models.DateField(_("决定日期"))
    delivered_on = models.DateField(_("送达日期"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("审批决定")
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "round"], name="one_decision_a_round"),
            models.UniqueConstraint(fields=["application"], condition=Q(outcome="approved"), name="approved_once"),
            models.CheckConstraint(
                condition=Q(outcome="approved", kind="eligibility", amount=0, valid_from__isnull=False)
                | (Q(outcome="approved", amount__gt=0) & ~Q(kind="eligibility"))
                | Q(outcome="rejected", amount=0),
                name="decision_has_its_object",
            ),
        ]
        indexes: ClassVar = [
            # Asked with every settlement: whose category on application is approved.
            models.Index(
                fields=["application"], condition=Q(outcome="approved", kind="eligibility"), name="decision_eligibility"
            )
        ]

    def __str__(self) -> str:
        return self.letter


@tracked()
class Payment(models.Model):
    """拨付: the one payment of a decision, by its order in the fund (`reference` = `decision:<id>`)."""

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="payment")
    reference = models.CharField(max_length=40, unique=True)
    amount = models.BigIntegerField(_("金额"), help_text="fen")
    payee_name = models.CharField(_("收款人"), max_length=80)
    ordered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("经办人"))
    ordered_at = models.DateTimeField(_("下达时间"), default=timezone.now)
    paid_on = models.DateField(_("到账日期"), null=True)
    returned_on = models.DateField(_("退回日期"), null=True)
    returned_reason = models.CharField(_("退回原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("救助金拨付")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive")]

    def __str__(self) -> str:
        return self.reference


@tracked()
class Referral(models.Model):
    """转介 to other help: who follows it up, until when, what came of it (S1-25, S2-11, S3-14). Money in fen."""

    class Outcome(models.TextChoices):
        ACHIEVED = "achieved", _("已落实")
        PARTLY = "partly", _("部分落实")
        FAILED = "failed", _("未能落实")

    application = models.ForeignKey(Application, models.PROTECT, related_name="referrals")
    help = models.CharField(_("帮扶方式"), max_length=20, choices=Help.choices)
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices, blank=True)
    organisation = models.CharField(_("机构"), max_length=80)
    clauses = ArrayField(models.CharField(max_length=10), default=list)
    text = models.TextField(_("转介事由"), max_length=1000)
    owner_name = models.CharField(_("责任人"), max_length=40, blank=True, help_text="who follows it up")
    burden = models.BigIntegerField(_("剩余负担"), null=True, help_text="fen left to the person when it was referred")
    due_on = models.DateField(_("希望答复日期"), null=True)
    referred_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("转介人"))
    referred_at = models.DateTimeField(_("转介时间"), default=timezone.now)
    outcome = models.CharField(_("落实情况"), max_length=10, choices=Outcome.choices, blank=True)
    answer = models.TextField(_("答复"), max_length=1000, blank=True)
    amount = models.BigIntegerField(_("到位金额"), null=True, help_text="fen")
    answered_on = models.DateField(_("答复日期"), null=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("登记人"))

    class Meta:
        verbose_name = verbose_name_plural = _("转介")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["due_on"], condition=Q(answered_on=None), name="referral_open")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.help}"

    @property
    def late_by(self) -> int:
        """Days past the day by which an answer was wished for; 0 in time or once there is one."""
        if self.answered_on or not self.due_on:
            return 0
        return max(0, (timezone.localdate() - self.due_on).days)


@tracked()
class Visit(models.Model):
    """回访: how the person fares after the decision."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="visits")
    visited_on = models.DateField(_("回访日期"))
    how = models.CharField(_("方式"), max_length=20)
    text = models.TextField(_("情况"), max_length=1000)
    still_in_need = models.BooleanField(_("负担仍然较重"), default=False)
    visited_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("回访人"))
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("回访")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.application_id} {self.visited_on}"


for part in (Decision, Referral, Visit):
    access.scoped("application__region_id", Act.APPLICATION_READ, narrow=put_through)(part)
access.scoped("decision__application__region_id", Act.APPLICATION_READ)(Payment)
