"""What no event of the system shows: that an item of a plan was done."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import tracked
from accounts.models import Region, User


@tracked()
class ObligationRecord(models.Model):
    """办结记录 of an obligation that no event fulfils (S4-11): what was done, on what evidence."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    policy = models.CharField(_("政策"), max_length=40)
    name = models.CharField(_("事项"), max_length=120)
    month = models.DateField(_("月份"), help_text="first day of the month in which it is due")
    done_on = models.DateField(_("办结日期"))
    note = models.CharField(_("办结情况"), max_length=500)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("经办人"))
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("期限办结记录")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["region", "policy", "name", "month"], name="obligation_recorded_once")
        ]

    def __str__(self) -> str:
        return f"{self.region_id} {self.name} {self.month:%Y-%m}"
