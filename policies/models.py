"""Policy versions: the law as immutable rows (body, hash, region, validity)."""

from typing import ClassVar

import pgtrigger
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

# What a published version says may not change, nor may it go back to a draft or be deleted: claims settled by it must
# give the same answer for ever. What replaces it is another version with a later first day.
FROZEN = """
IF OLD.state IN ('published', 'superseded') THEN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '政策版本 % 已发布，不能删除', OLD.name USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.policy, OLD.name, OLD.title, OLD.region_id, OLD.validity, OLD.body, OLD.sha256)
        IS DISTINCT FROM (NEW.policy, NEW.name, NEW.title, NEW.region_id, NEW.validity, NEW.body, NEW.sha256)
        OR NEW.state IN ('draft', 'submitted') THEN
        RAISE EXCEPTION '政策版本 % 已发布，不能修改', OLD.name USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
"""


@tracked()
class PolicyVersion(models.Model):
    """政策版本 of a region; a published body never changes, another version supersedes it from its date.

    On a day governs, of the published and superseded versions whose validity holds the day, the one that began last
    (`selectors.version_on`).
    """

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
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="published_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=FROZEN,
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


class PolicyFigures(models.Model):
    """数值组: the parameters of a policy as they stood when claims were settled with them; appended, never changed.

    A parameter may be corrected later (an illustration gives way to the published figure); a settlement points to the
    figures that it used, so that its statement can be given again with every number and its mark.
    """

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="figures")
    sha256 = models.CharField(max_length=64)
    rows = models.JSONField(help_text="[[key, year, value, status, source], …] in order")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数值组")
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "sha256"], name="figures_once")]
        triggers: ClassVar = [pgtrigger.Protect(name="figures_stay", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.version_id} {self.sha256[:8]}"


# The law is no secret: whoever may read policies sees the published versions of all regions; drafts stay at home.
access.scoped("region_id", Act.POLICY_READ, public=~Q(state__in=["draft", "submitted"]))(PolicyVersion)
