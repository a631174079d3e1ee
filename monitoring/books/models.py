"""Reconciliations of a month with a department."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import tracked
from accounts.models import Region, User
from accounts.vocabulary import Department


@tracked()
class Reconciliation(models.Model):
    """对账: the warnings told to a department by a month's end against the list of those that it holds.

    The newest of a month counts; without `by` the department's program asked. `missing`: numbers told that it does not
    hold; `unknown`: held and never told; `different`: held under another identity number; `withdrawn`: still held
    although it was told of the withdrawal.
    """

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    month = models.DateField(_("月份"))
    told = models.PositiveIntegerField(_("我方推送"))
    held = models.PositiveIntegerField(_("对方持有"))
    missing = models.JSONField(_("对方缺少"), default=list)
    unknown = models.JSONField(_("我方没有"), default=list)
    different = models.JSONField(_("证件号码不同"), default=list)
    withdrawn = models.JSONField(_("仍持有已撤回的"), default=list)
    name = models.CharField(_("文件名"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("经办人"))
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("对账")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["region", "department", "month"])]

    def __str__(self) -> str:
        return f"{self.region_id} {self.department} {self.month:%Y-%m}"

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.unknown or self.different or self.withdrawn)
