"""Follow-ups of warnings, their measures and the months' visits."""

from typing import ClassVar

import pghistory
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import tracked
from accounts.models import Region, User
from accounts.vocabulary import Department


@tracked(level=pghistory.Statement)
class FollowUp(models.Model):
    """帮扶跟踪 of one warning: opened when it is told, closed only with an outcome; it can be opened again."""

    class Ability(models.TextChoices):
        UNKNOWN = "unknown", _("待核实")
        ABLE = "able", _("有劳动能力")
        UNABLE = "unable", _("无劳动能力")

    class Outcome(models.TextChoices):
        LIFTED = "lifted", _("风险已消除")
        CERTIFIED = "certified", _("已纳入，由认定部门帮扶")
        SOCIAL = "social", _("转社会救助")
        NOT_NEEDED = "not_needed", _("核实后无须帮扶")
        MOVED = "moved", _("已迁出")
        DECEASED = "deceased", _("已死亡")

    warning = models.OneToOneField(
        "monitoring.BurdenWarning", models.PROTECT, related_name="followup", verbose_name=_("预警")
    )
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    ability = models.CharField(_("劳动能力"), max_length=10, choices=Ability.choices, default=Ability.UNKNOWN)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("责任人"))
    opened_on = models.DateField(_("开始日期"))
    closed_on = models.DateField(_("结案日期"), null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(_("结果"), max_length=12, choices=Outcome.choices, blank=True)
    conclusion = models.CharField(_("结案说明"), max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("帮扶跟踪")
        ordering = ("opened_on", "id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closed_on=None, outcome="") | (Q(closed_on__isnull=False) & ~Q(outcome="")),
                name="followup_closed_with_outcome",
                violation_error_message=_("结案须写明结果"),
            )
        ]
        indexes: ClassVar = [models.Index(fields=["region", "closed_on", "opened_on"])]

    def __str__(self) -> str:
        return str(self.warning_id)


@tracked()
class Measure(models.Model):
    """帮扶措施 with its owner, dates and outcome (S2-11); `amount` is fen that the person received."""

    class Kind(models.TextChoices):
        EMPLOYMENT = "employment", _("就业帮扶")
        INDUSTRY = "industry", _("产业帮扶")
        BASIC_LIVING = "basic_living", _("基本生活救助")
        TEMPORARY = "temporary", _("临时救助")
        MEDICAL = "medical", _("依申请医疗救助")
        CHARITY = "charity", _("慈善帮扶")
        INSURANCE = "insurance", _("商业健康保险")
        DONATION = "donation", _("社会捐助")
        OTHER = "other", _("其他")

    class Outcome(models.TextChoices):
        ACHIEVED = "achieved", _("已落实")
        PARTLY = "partly", _("部分落实")
        FAILED = "failed", _("未能落实")
        CANCELLED = "cancelled", _("已取消")

    # S2-11: who can work is helped to work, who cannot is given what living needs; the rest is for everybody.
    FOR_ABLE: ClassVar = frozenset({Kind.EMPLOYMENT, Kind.INDUSTRY})

    followup = models.ForeignKey(FollowUp, models.PROTECT, related_name="measures")
    kind = models.CharField(_("措施"), max_length=15, choices=Kind.choices)
    department = models.CharField(_("责任部门"), max_length=30, choices=Department.choices)
    owner_name = models.CharField(_("责任人"), max_length=40)
    provider = models.CharField(_("帮扶单位"), max_length=80, blank=True, help_text=_("慈善组织、企业、保险公司等"))
    begins_on = models.DateField(_("开始日期"))
    due_on = models.DateField(_("完成期限"))
    note = models.CharField(_("内容"), max_length=300, blank=True)
    ended_on = models.DateField(_("完成日期"), null=True)
    outcome = models.CharField(_("落实情况"), max_length=10, choices=Outcome.choices, blank=True)
    result = models.CharField(_("结果说明"), max_length=300, blank=True)
    amount = models.BigIntegerField(_("金额"), null=True, validators=[MinValueValidator(0)], help_text="fen")
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("帮扶措施")
        ordering = ("due_on", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(due_on__gte=F("begins_on")), name="measure_due_after_it_begins"),
            models.CheckConstraint(
                condition=Q(ended_on=None, outcome="") | (Q(ended_on__isnull=False) & ~Q(outcome="")),
                name="measure_ended_with_outcome",
            ),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="measure_amount_not_negative"),
        ]
        indexes: ClassVar = [models.Index(fields=["due_on"], condition=Q(ended_on=None), name="measure_open_by_due")]

    def __str__(self) -> str:
        return f"{self.followup_id} {self.kind}"


@tracked()
class Visit(models.Model):
    """月度跟踪 (S2-09): who was seen or spoken to in the month, and how they fare."""

    class How(models.TextChoices):
        HOME = "home", _("入户")
        PHONE = "phone", _("电话")
        OFFICE = "office", _("来访")

    followup = models.ForeignKey(FollowUp, models.PROTECT, related_name="visits")
    on = models.DateField(_("日期"))
    how = models.CharField(_("方式"), max_length=10, choices=How.choices)
    text = models.CharField(_("情况"), max_length=500)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("记录人"))
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("跟踪记录")
        ordering = ("-on", "-id")

    def __str__(self) -> str:
        return f"{self.followup_id} {self.on}"
