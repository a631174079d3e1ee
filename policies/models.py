"""Policy versions: the law as immutable rows (body, hash, region, validity)."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User


@tracked()
class PolicyVersion(models.Model):
    """政策版本 of a region; a published body never changes, another version supersedes it from its date."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草案")
        SUBMITTED = "submitted", _("待发布")
        PUBLISHED = "published", _("已发布")
        SUPERSEDED = "superseded", _("已废止")

    policy = models.CharField(_("政策"), max_length=30, help_text="tongliao")
    name = models.CharField(_("版本"), max_length=40, unique=True, help_text="tongliao-2023")
    title = models.CharField(_("标题"), max_length=120)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    validity = DateRangeField(_("有效期"), help_text="[from, to) in days")
    body = models.TextField(_("正文"))
    sha256 = models.CharField(_("校验值"), max_length=64)
    state = models.CharField(_("状态"), max_length=12, choices=State.choices, default=State.DRAFT)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("政策版本")
        ordering = ("region_id", "-validity")
        constraints: ClassVar = [
            ExclusionConstraint(
                name="one_published_version_a_day",
                expressions=[("region", RangeOperators.EQUAL), ("validity", RangeOperators.OVERLAPS)],
                condition=Q(state="published"),
                violation_error_message=_("同一地区同一天只能有一个已发布的版本"),
            )
        ]

    def __str__(self) -> str:
        return self.title


@tracked()
class PolicyParameter(models.Model):
    """政策参数 of a policy and year, with its status (published figure or illustration) and source."""

    class Status(models.TextChoices):
        PUBLISHED = "published", _("已公布")
        ILLUSTRATIVE = "illustrative", _("示例值")

    policy = models.CharField(max_length=30)
    key = models.CharField(_("参数"), max_length=40)
    year = models.PositiveSmallIntegerField(_("年度"))
    value = models.CharField(_("数值"), max_length=30, blank=True, help_text="decimal text; empty cap = none")
    status = models.CharField(_("状态"), max_length=12, choices=Status.choices)
    source = models.CharField(_("来源"), max_length=200)

    class Meta:
        verbose_name = verbose_name_plural = _("政策参数")
        ordering = ("policy", "key", "year")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["policy", "key", "year"],
                name="parameter_once",
                violation_error_message=_("这个参数在该年度已有数值"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.key} {self.year}"


# The law is no secret: everyone who may read policies sees the versions of all regions (five regions side by side).
access.scoped("region_id", Act.POLICY_READ)(PolicyVersion)
