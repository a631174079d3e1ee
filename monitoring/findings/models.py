"""Findings and what was done about them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import tracked
from accounts.models import Region, User
from accounts.vocabulary import Department, Section


@tracked()
class Finding(models.Model):
    """问题: found by a supervisor, mended by whom it concerns, cleared (销号) by a supervisor only."""

    class State(models.TextChoices):
        OPEN = "open", _("整改中")
        ANSWERED = "answered", _("待销号")
        CLEARED = "cleared", _("已销号")

    class Source(models.TextChoices):
        AUDIT = "audit", _("审计")
        INSPECTION = "inspection", _("巡视巡察")
        SUPERVISION = "supervision", _("日常监管")
        SELF = "self", _("自查")

    number = models.CharField(_("编号"), max_length=40, unique=True)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    department = models.CharField(_("责任部门"), max_length=30, choices=Department.choices)
    section = models.CharField(_("责任股室"), max_length=20, choices=Section.choices, blank=True)
    source = models.CharField(_("来源"), max_length=12, choices=Source.choices)
    title = models.CharField(_("问题"), max_length=120)
    text = models.TextField(_("情况"), max_length=2000, blank=True)
    found_on = models.DateField(_("发现日期"))
    due_on = models.DateField(_("整改期限"))
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    cleared_on = models.DateField(_("销号日期"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("问题整改")
        ordering = ("due_on", "id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="cleared", cleared_on__isnull=False) | (~Q(state="cleared") & Q(cleared_on=None)),
                name="finding_cleared_on_a_day",
            ),
            models.CheckConstraint(condition=Q(due_on__gte=models.F("found_on")), name="finding_due_after_found"),
        ]
        indexes: ClassVar = [models.Index(fields=["region", "state", "due_on"])]

    def __str__(self) -> str:
        return self.number

    @property
    def late(self) -> bool:
        """Not cleared and past its day."""
        return self.state != self.State.CLEARED and self.due_on < timezone.localdate()

    @property
    def tone(self) -> str:
        """How its badge looks (components/badge.html)."""
        if self.state == self.State.CLEARED:
            return "done"
        return "late" if self.late else "info" if self.state == self.State.ANSWERED else "due"


class FindingStep(models.Model):
    """One step of a finding: who said what, when; appended, never changed."""

    class What(models.TextChoices):
        OPEN = "open", _("登记")
        ANSWER = "answer", _("提交整改情况")
        RETURN = "return", _("退回继续整改")
        EXTEND = "extend", _("延长期限")
        CLEAR = "clear", _("销号")

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="steps")
    what = models.CharField(_("办理"), max_length=10, choices=What.choices)
    text = models.CharField(_("说明"), max_length=1000, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("经办人"))
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("整改经过")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.finding_id} {self.what}"
