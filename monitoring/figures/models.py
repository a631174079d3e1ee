"""The figures of a region and month, as they stood when they were last counted."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Region


class Figure(models.Model):
    """指标: `part` of `whole` (persons, warnings, applications, or fen), against `target` in basis points.

    The current month is counted anew each night, an earlier one stays as it last was.
    """

    class Key(models.TextChoices):
        ENROLMENT = "enrolment", _("困难群众参保率")
        WARNINGS = "warnings", _("预警人员帮扶落实率")
        APPLICATIONS = "applications", _("在办申请按期率")
        FUND = "fund", _("基金使用率")

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"), db_index=False)
    month = models.DateField(_("月份"))
    key = models.CharField(_("指标"), max_length=15, choices=Key.choices)
    part = models.BigIntegerField(_("完成"))
    whole = models.BigIntegerField(_("总数"))
    target = models.PositiveIntegerField(_("目标"), null=True, help_text="basis points")
    counted_at = models.DateTimeField(_("统计时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("指标")
        constraints: ClassVar = [models.UniqueConstraint(fields=["region", "month", "key"], name="figure_once")]

    def __str__(self) -> str:
        return f"{self.region_id} {self.month:%Y-%m} {self.key}"

    @property
    def rate(self) -> int | None:
        """Basis points, rounded down: 99.996 % is no 100 %."""
        return self.part * 10_000 // self.whole if self.whole > 0 else None

    @property
    def tone(self) -> str:
        """Against the target: done, late, or plain where there is nothing to compare. Of the fund less is better."""
        rate = self.rate
        if rate is None or self.target is None:
            return "plain"
        if self.key == self.Key.FUND:
            return "late" if rate > 10_000 else "due" if rate > self.target else "done"
        return "done" if rate >= self.target else "late"
