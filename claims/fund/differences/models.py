"""补退差额: what a confirmed re-settlement leaves to pay to a person, or to get back from them. Amounts are fen."""

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User
from beneficiaries.models import Person
from claims.fund.models import PaymentOrder


@tracked(level=pghistory.Statement)
class Difference(models.Model):
    """差额 of one person, county and year of a case: the fund's supplements and recoveries, one against the other.

    A supplement that is more is paid by one order; a recovery that is more is owed and comes back in `received`.
    """

    case = models.ForeignKey("claims.Resettlement", models.PROTECT, related_name="differences", verbose_name=_("来源"))
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("人员"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("地区"))
    year = models.PositiveSmallIntegerField(_("年度"))
    supplement = models.BigIntegerField(_("补支付"))
    recovery = models.BigIntegerField(_("追回"))
    order = models.OneToOneField(PaymentOrder, models.PROTECT, null=True, related_name="difference")
    received = models.BigIntegerField(_("已收回"), default=0)
    created_at = models.DateTimeField(_("形成时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("补退差额")
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(supplement__gte=0, recovery__gte=0), name="difference_not_negative"),
            models.CheckConstraint(
                condition=Q(received=0) | Q(received__gt=0, received__lte=F("recovery") - F("supplement")),
                name="received_within_difference",
                violation_error_message=_("收回的金额超过应追回的金额"),
            ),
            models.CheckConstraint(
                condition=Q(order=None) | Q(supplement__gt=F("recovery")), name="difference_ordered_is_owed"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["region", "-id"], name="difference_region"),
            models.Index(
                fields=["region", "-id"],
                condition=Q(order=None, supplement__gt=F("recovery")),
                name="difference_unordered",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """By which the fund knows its payment."""
        return f"difference:{self.pk}"

    @property
    def to_pay(self) -> int:
        return max(0, self.supplement - self.recovery)

    @property
    def to_recover(self) -> int:
        return max(0, self.recovery - self.supplement)

    @property
    def left(self) -> int:
        """What is still to come back."""
        return self.to_recover - self.received


@tracked()
class Receipt(models.Model):
    """追回到账: money of a difference that came back, with the slip that shows it."""

    difference = models.ForeignKey(Difference, models.PROTECT, related_name="receipts")
    day = models.DateField(_("到账日期"))
    amount = models.BigIntegerField(_("金额"))
    document = models.CharField(_("凭证"), max_length=120)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("登记人"))
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("追回到账")
        ordering = ("-day", "-id")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_positive")]

    def __str__(self) -> str:
        return f"{self.difference_id} {self.day}"


access.scoped("region_id", Act.FUND_READ)(Difference)
access.scoped("difference__region_id", Act.FUND_READ)(Receipt)
