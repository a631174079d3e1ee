"""Trial runs and the persons for whom a trial changes something. What they say is no settlement."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.models import Job, Region, User
from beneficiaries.models import Person
from policies.models import PolicyVersion
from policies.sayings import category_label


class TrialRun(models.Model):
    """试算: a version against the law in force (or against another version) on the claims of a region and year.

    One row per pair, region and year: running it again replaces its results. `version_sha256` and the like say which
    text was tried, so that a result is known as out of date when the draft has changed since.
    """

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="trials", verbose_name=_("试算版本"))
    baseline = models.ForeignKey(
        PolicyVersion, models.CASCADE, null=True, related_name="+", verbose_name=_("对照"), help_text="null: in force"
    )
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    year = models.PositiveSmallIntegerField(_("年度"))
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("操作人"))
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(_("开始时间"), default=timezone.now)
    finished_at = models.DateTimeField(_("完成时间"), null=True)
    version_sha256 = models.CharField(max_length=64, blank=True)
    baseline_sha256 = models.CharField(max_length=64, blank=True, help_text="empty: in force")
    figures_sha256 = models.CharField(max_length=64, blank=True, help_text="of all parameters that were used")
    claims = models.PositiveIntegerField(_("笔数"), default=0)
    persons = models.PositiveIntegerField(_("人数"), default=0)
    changed_claims = models.PositiveIntegerField(_("变化笔数"), default=0)
    gained = models.PositiveIntegerField(_("受益人数"), default=0)
    lost = models.PositiveIntegerField(_("受损人数"), default=0)
    fund_change = models.BigIntegerField(_("基金支出变化"), default=0, help_text="fen, trial less baseline")
    summary = models.JSONField(default=dict, help_text="see claims.trials.figures.Summary")

    class Meta:
        verbose_name = verbose_name_plural = _("试算")
        ordering = ("-started_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "baseline", "region", "year"], name="trial_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.region_id} {self.year}"

    @property
    def is_current(self) -> bool:
        """Whether the texts are still the ones that were tried."""
        return self.version_sha256 == self.version.sha256 and (
            self.baseline is None or self.baseline_sha256 == self.baseline.sha256
        )


class TrialPerson(models.Model):
    """One person for whom the trial differs from the baseline; amounts of the year in fen, before and after.

    `gain` is what less remains with the person (negative: more). Assistance includes the payment at year end.
    """

    run = models.ForeignKey(TrialRun, models.CASCADE, related_name="people", db_index=False)
    number = models.PositiveIntegerField(_("序号"), help_text="by size of the change; says nothing about the person")
    # No constraint: a result must not keep the register from being put right.
    person = models.ForeignKey(
        Person, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    region = models.ForeignKey(
        Region, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, verbose_name=_("参保地区")
    )
    claims = models.PositiveIntegerField(_("笔数"))
    category = models.CharField(_("现行适用类别"), max_length=30)
    trial_category = models.CharField(_("试算适用类别"), max_length=30)
    cii = models.BigIntegerField()
    assistance = models.BigIntegerField()
    outside = models.BigIntegerField()
    top_up = models.BigIntegerField()
    burden = models.BigIntegerField()
    trial_cii = models.BigIntegerField()
    trial_assistance = models.BigIntegerField()
    trial_outside = models.BigIntegerField()
    trial_top_up = models.BigIntegerField()
    trial_burden = models.BigIntegerField()
    gain = models.BigIntegerField(_("个人负担减少"))
    size = models.BigIntegerField(_("变化大小"))

    class Meta:
        verbose_name = verbose_name_plural = _("试算人员")
        ordering = ("run_id", "number")
        indexes: ClassVar = [
            models.Index(fields=["run", "number"]),
            models.Index(fields=["run", "gain", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.number}"

    @property
    def category_label(self) -> str:
        return category_label(self.category)

    @property
    def trial_category_label(self) -> str:
        return category_label(self.trial_category)


def _may_see_people(user: User) -> Q:
    """Amounts person by person: those who draft the law or see claims; identities only with PERSON_READ (views)."""
    return Q() if user.may(Act.POLICY_DRAFT) or user.may(Act.CLAIM_READ) else Q(pk__in=())


access.scoped("region_id", Act.POLICY_READ)(TrialRun)
access.scoped("region_id", Act.POLICY_READ, narrow=_may_see_people)(TrialPerson)
