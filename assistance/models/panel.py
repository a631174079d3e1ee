"""会商: a meeting with its cases, one opinion per department."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User
from accounts.vocabulary import Department
from assistance.models.application import Application, put_through


@tracked()
class Meeting(models.Model):
    """会商会议 of a region: departments that it is put to, day and place; ended when each of its cases is."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    title = models.CharField(_("会议名称"), max_length=80)
    held_on = models.DateField(_("会议日期"))
    place = models.CharField(_("地点"), max_length=80, blank=True)
    chair = models.CharField(_("主持人"), max_length=40, blank=True)
    departments = ArrayField(models.CharField(max_length=30, choices=Department.choices), verbose_name=_("参加部门"))
    convened_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("召集人"))
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("会商会议")
        ordering = ("-held_on", "-id")

    def __str__(self) -> str:
        return self.title

    @property
    def quorum(self) -> int:
        """More than half of the departments must give an opinion."""
        return len(self.departments) // 2 + 1


@tracked()
class MeetingCase(models.Model):
    """A case put to a meeting. `amount` is what the panel came to (fen); `recalled` cases left without a result."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="cases")
    application = models.ForeignKey(Application, models.PROTECT, related_name="meeting_cases")
    round = models.PositiveSmallIntegerField()
    question = models.TextField(_("会商事由"), max_length=1000)
    proposed = models.BigIntegerField(_("提请金额"), null=True, help_text="fen")
    absent = ArrayField(models.CharField(max_length=30), default=list, help_text="departments named as absent")
    done_at = models.DateTimeField(null=True)
    recalled = models.BooleanField(default=False)
    agreed = models.BooleanField(_("同意救助"), null=True)
    amount = models.BigIntegerField(_("会商金额"), null=True, help_text="fen")

    class Meta:
        verbose_name = verbose_name_plural = _("会商案件")
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application"], condition=Q(done_at=None), name="one_panel_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id}:{self.application_id}"


@tracked()
class Opinion(models.Model):
    """部门意见: one a department and case; changed by its giver until the case is done (the trail keeps both)."""

    class Says(models.TextChoices):
        AGREE = "agree", _("同意")
        DISSENT = "dissent", _("不同意")
        RECUSED = "recused", _("回避")

    case = models.ForeignKey(MeetingCase, models.PROTECT, related_name="opinions")
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    member = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("会商成员"))
    says = models.CharField(_("意见"), max_length=8, choices=Says.choices)
    amount = models.BigIntegerField(_("建议金额"), null=True, help_text="fen")
    text = models.TextField(_("理由"), max_length=1000)
    given_at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("部门意见")
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "department"], name="one_opinion_per_department"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="opinion_amount_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.department}"


def _of_department(user: User) -> Q:
    if user.may(Act.APPLICATION_PANEL) and not (user.may(Act.APPLICATION_DECIDE) or user.may(Act.APPLICATION_CHECK)):
        return Q(departments__contains=[user.department])
    return Q()


access.scoped("region_id", Act.PANEL_READ, narrow=_of_department)(Meeting)
access.scoped("application__region_id", Act.APPLICATION_READ, narrow=put_through)(MeetingCase)
access.scoped(
    "case__application__region_id", Act.PANEL_READ, narrow=lambda user: Q(case__meeting__in=user.visible(Meeting))
)(Opinion)
