"""Who will cross a line within a month, and how often such a mark came true last year."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from beneficiaries.models import Person


class Projected(models.Model):
    """预计越线: a person who is under a line on `on` and at the year's pace over it by `until`.

    Worked out anew for a county with every scan; amounts are fen.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("人员"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"), db_index=False)
    year = models.PositiveSmallIntegerField(_("年度"))
    on = models.DateField(_("截止日"))
    until = models.DateField(_("预计到"))
    kind = models.CharField(_("种类"), max_length=20)
    category = models.CharField(_("人员类别"), max_length=30, blank=True)
    amount = models.BigIntegerField(_("负担金额"))
    expected = models.BigIntegerField(_("预计金额"))
    line = models.BigIntegerField(_("预警线"))

    class Meta:
        verbose_name = verbose_name_plural = _("预计越线人员")
        ordering = ("-expected", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["person"], name="projected_once")]
        indexes: ClassVar = [models.Index(fields=["region", "-expected", "id"], name="projected_list")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.until}"


class HitRate(models.Model):
    """预测检验: the same rule on a past month's end: how many it marked, how many of them crossed, how many crossed."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"), help_text="a county")
    on = models.DateField(_("截止日"))
    marked = models.PositiveIntegerField(_("标出"))
    hit = models.PositiveIntegerField(_("标出且越线"))
    crossed = models.PositiveIntegerField(_("实际越线"))
    counted_at = models.DateTimeField(_("统计时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("预测检验")
        constraints: ClassVar = [models.UniqueConstraint(fields=["region", "on"], name="hit_rate_once")]

    def __str__(self) -> str:
        return f"{self.region_id} {self.on}"
