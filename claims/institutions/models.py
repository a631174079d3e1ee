"""Institution 定点医药机构: what the settlement and the reports need to know of a hospital or pharmacy."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region


@tracked()
class Institution(models.Model):
    """定点机构, found by its code in the claims (`Claim.institution`); changes are in the trail."""

    class Level(models.IntegerChoices):
        FIRST = 1, _("一级")
        SECOND = 2, _("二级")
        THIRD = 3, _("三级")

    class ChargeClass(models.IntegerChoices):
        """S4-08: the band of the control of costs outside the catalogue."""

        FIRST = 1, _("一类收费")
        SECOND = 2, _("省市级二类收费")
        THIRD = 3, _("县级二类及三类收费")

    code = models.CharField(_("机构编码"), max_length=30, unique=True)
    name = models.CharField(_("机构名称"), max_length=120)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("所在地区"))
    level = models.PositiveSmallIntegerField(_("机构等级"), choices=Level.choices)
    charge_class = models.PositiveSmallIntegerField(_("收费类别"), choices=ChargeClass.choices, default=1)
    designated = models.BooleanField(_("定点"), default=True)
    pay_later = models.BooleanField(
        _("已签订“先诊疗，后付费”协议"), default=False, help_text=_("签订后，规定的人员转诊住院不收押金（S1-22）")
    )
    supervised = models.BooleanField(_("列入监管名单"), default=False)
    supervised_reason = models.CharField(_("列入监管的原因"), max_length=200, blank=True)
    exit_on = models.DateField(
        _("退出日期"), null=True, blank=True, help_text=_("退出定点的日期；这一天之后结算的费用不予受理（S1-24）")
    )
    exit_reason = models.CharField(_("退出原因"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("定点机构")
        ordering = ("code",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(level__in=[1, 2, 3]) & Q(charge_class__in=[1, 2, 3]),
                name="institution_bands",
                violation_error_message=_("机构等级和收费类别须为一至三"),
            ),
            models.CheckConstraint(
                condition=Q(supervised=False) | ~Q(supervised_reason=""),
                name="supervised_says_why",
                violation_error_message=_("列入监管名单须写明原因"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def exited_before(self, day: date) -> bool:
        """Whether a claim of this day is refused (S1-24)."""
        return self.exit_on is not None and day > self.exit_on

    def pays_later_on(self, day: date) -> bool:
        """Whether the agreement of S1-22 holds here on the day."""
        return self.designated and self.pay_later and not self.exited_before(day)


# A hospital of the city treats the people of every county: all who read claims see the register.
access.scoped("region_id", Act.CLAIM_READ, public=Q())(Institution)
