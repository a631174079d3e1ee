"""Scans, warnings, what was pushed and what came back."""

from typing import ClassVar

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access, integrity
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Job, Region, User
from accounts.vocabulary import Category, Department
from beneficiaries.models import CategorySpell, Person
from exchange.models import Delivery, InboundFile, own_department
from monitoring.books.models import Reconciliation
from monitoring.figures.models import Figure
from monitoring.findings.models import Finding, FindingStep
from monitoring.followup.models import FollowUp, Measure, Visit
from monitoring.lists.models import ListedPerson
from monitoring.obligations.models import ObligationRecord
from monitoring.projection.models import HitRate, Projected
from monitoring.recheck.models import Recheck, RecheckFinding
from policies.models import PolicyVersion

__all__ = [
    "BurdenWarning",
    "DeliveredWarning",
    "Feedback",
    "Figure",
    "Finding",
    "FindingStep",
    "FollowUp",
    "HitRate",
    "ListedPerson",
    "Measure",
    "ObligationRecord",
    "Projected",
    "Recheck",
    "RecheckFinding",
    "Reconciliation",
    "Scan",
    "ScanPart",
    "Visit",
]


def inside(prefix: str, lookup: str = "region_id") -> Q:
    """Rows of the region with these significant digits and below (a range: it uses the index under any collation)."""
    return Q(**{f"{lookup}__gte": prefix.ljust(12, "0"), f"{lookup}__lte": prefix.ljust(12, "9")})


class Scan(models.Model):
    """扫描 of a region on a day: repeatable, counts what it raised, refreshed, withdrew."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    on = models.DateField(_("截止日"))
    actor = models.ForeignKey(User, models.PROTECT, null=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True)
    counts = models.JSONField(default=dict)
    started_at = models.DateTimeField(_("开始时间"), default=timezone.now)
    finished_at = models.DateTimeField(_("完成时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("扫描")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.region_id} {self.on}"


class ScanPart(models.Model):
    """One county of a scan, written in the transaction that scanned it: what has a row is done, the rest resumes."""

    scan = models.ForeignKey(Scan, models.CASCADE, related_name="parts")
    code = models.CharField(max_length=12, help_text="significant digits: six of a county, more of a township")
    counts = models.JSONField(default=dict)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    finished_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["scan", "code"], name="scan_part_once")]

    def __str__(self) -> str:
        return f"{self.scan_id}:{self.code}"


# What a department believes when it is told of warnings: of a standing one that it stands; of a withdrawal, that it no
# longer does, which leaves those departments that were told otherwise and not of a withdrawal since.
_BELIEVED = """
    UPDATE monitoring_burdenwarning w SET believed = s.believed
      FROM (
        SELECT DISTINCT t.warning_id, NOT t.withdrawal OR EXISTS (
            SELECT FROM monitoring_deliveredwarning d JOIN exchange_delivery e ON e.id = d.delivery_id
             WHERE d.warning_id = t.warning_id AND NOT d.withdrawal AND NOT EXISTS (
                SELECT FROM monitoring_deliveredwarning l JOIN exchange_delivery f ON f.id = l.delivery_id
                 WHERE l.warning_id = d.warning_id AND l.withdrawal AND l.id > d.id
                   AND f.department = e.department AND f.region_id = e.region_id
            )
        ) AS believed FROM told t
      ) s
     WHERE w.id = s.warning_id AND w.believed <> s.believed;
    RETURN NULL;
"""


@tracked(level=pghistory.Statement, exclude=["believed"])  # a scan writes tens of thousands at once
class BurdenWarning(models.Model):
    """预警 of a person, year and kind: raised once, refreshed by scans, withdrawn with a reason, never deleted."""

    class Kind(models.TextChoices):
        ILLNESS_POVERTY = "illness_poverty", _("因病致贫预警")
        RELAPSE = "relapse", _("因病返贫预警")

    class State(models.TextChoices):
        APPROACHING = "approaching", _("接近预警线")
        OPEN = "open", _("待推送")
        PUSHED = "pushed", _("已推送")
        ANSWERED = "answered", _("已核实")
        WITHDRAWN = "withdrawn", _("已撤回")

    number = models.CharField(_("预警号"), max_length=40, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="warnings", verbose_name=_("人员"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("种类"), max_length=20, choices=Kind.choices)
    state = models.CharField(_("状态"), max_length=12, choices=State.choices)
    amount = models.BigIntegerField(_("负担金额"), help_text="fen")
    line = models.BigIntegerField(_("预警线"), help_text="fen")
    category = models.CharField(_("人员类别"), max_length=30, choices=Category.choices, blank=True)
    priority = models.PositiveSmallIntegerField(_("次序"), default=9, help_text="S1-16: smaller first")
    version = models.ForeignKey(PolicyVersion, models.PROTECT)
    raised_on = models.DateField(_("预警日期"), null=True, help_text="null while it has only been approaching")
    refreshed_on = models.DateField(_("更新日期"))
    withdrawn_reason = models.CharField(_("撤回原因"), max_length=200, blank=True)
    # Kept by a trigger of DeliveredWarning, so that what waits is counted without reading what was ever delivered.
    believed = models.BooleanField(default=False, db_default=False, editable=False, help_text="by any department")

    class Meta:
        verbose_name = verbose_name_plural = _("预警")
        ordering = ("priority", "-amount", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "year", "kind"], name="warning_once"),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | ~Q(withdrawn_reason=""),
                name="withdrawal_has_reason",
                violation_error_message=_("撤回预警须写明原因"),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["region", "year", "state"]),
            models.Index(fields=["priority", "-amount", "id"]),
            models.Index(
                fields=["region"], include=["id"], name="warning_untold", condition=Q(state="withdrawn", believed=True)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DeliveredWarning(models.Model):
    """One warning in one delivery: what was said to whom. The newest of a department is what it knows."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="warnings")
    warning = models.ForeignKey(BurdenWarning, models.PROTECT, related_name="deliveries")
    amount = models.BigIntegerField()
    line = models.BigIntegerField()
    withdrawal = models.BooleanField(default=False, help_text="said that the warning is withdrawn")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["delivery", "warning"], name="warning_once_a_delivery")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="said_stays_said", operation=pgtrigger.Update | pgtrigger.Delete),
            integrity.after("believed", pgtrigger.Insert, _BELIEVED, new="told"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id}:{self.warning_id}"


@tracked()
class Feedback(models.Model):
    """核实反馈 of a department on a warning or on a person `listed` otherwise; `certified` opens a category spell.

    A later answer supersedes the earlier one and does not overwrite it; the current one is not `superseded_at`.
    """

    class Result(models.TextChoices):
        CERTIFIED = "certified", _("已纳入")
        NOT_ELIGIBLE = "not_eligible", _("不符合")
        ALREADY = "already", _("已在帮扶")
        NOT_FOUND = "not_found", _("查无此人")

    warning = models.ForeignKey(BurdenWarning, models.PROTECT, null=True, related_name="feedback")
    listed = models.ForeignKey(ListedPerson, models.PROTECT, null=True, related_name="feedback")
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    result = models.CharField(_("核实结果"), max_length=15, choices=Result.choices)
    category = models.CharField(_("人员类别"), max_length=30, choices=Category.choices, blank=True)
    valid_from = models.DateField(_("认定日期"), null=True)
    note = models.CharField(_("说明"), max_length=500, blank=True)
    verified_on = models.DateField(_("核实日期"))
    source = models.ForeignKey(InboundFile, models.PROTECT, null=True)
    spell = models.ForeignKey(CategorySpell, models.PROTECT, null=True)
    created_at = models.DateTimeField(_("收到时间"), default=timezone.now)
    superseded_at = models.DateTimeField(null=True)
    superseded_by = models.ForeignKey(InboundFile, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = _("核实反馈")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["warning", "department"], condition=Q(superseded_at=None), name="feedback_once"
            ),
            models.UniqueConstraint(fields=["listed"], condition=Q(superseded_at=None), name="feedback_once_of_list"),
            models.CheckConstraint(
                condition=Q(warning=None, listed__isnull=False) | Q(warning__isnull=False, listed=None),
                name="feedback_on_one",
            ),
            models.CheckConstraint(
                condition=~Q(result="certified") | (~Q(category="") & Q(valid_from__isnull=False)),
                name="certified_names_category",
                violation_error_message=_("已纳入的须写明人员类别和认定日期"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.warning_id or self.listed_id} {self.result}"


def said_to(user: User) -> Q:
    """Who may read claims sees every warning of the region; a liaison those that the own department was told."""
    if user.may(Act.CLAIM_READ):
        return Q()
    told = DeliveredWarning.objects.filter(
        inside(user.region_prefix, "delivery__region_id"), delivery__department=user.department
    )
    return Q(pk__in=told.values("warning_id"))


access.scoped("region_id", Act.WARNING_READ, narrow=said_to)(BurdenWarning)
access.scoped("region_id", Act.WARNING_READ)(Scan)
access.scoped("region_id", Act.CLAIM_READ)(Projected)
access.scoped("region_id", Act.CLAIM_READ)(HitRate)
access.scoped("region_id", Act.MEASURE_READ)(FollowUp)
access.scoped("followup__region_id", Act.MEASURE_READ)(Measure)
access.scoped("followup__region_id", Act.MEASURE_READ)(Visit)
access.scoped("region_id", Act.FINDING_READ)(Finding)
access.scoped("region_id", Act.OBLIGATION_READ)(ObligationRecord)
access.scoped("region_id", Act.CLAIM_READ)(RecheckFinding)
access.scoped("region_id", Act.HOME)(Figure)
access.scoped("region_id", Act.DELIVERY_READ, narrow=own_department)(Reconciliation)
