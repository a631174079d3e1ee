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
# give the same answer for ever. What replaces it is another version with a later first day, and that alone may be
# written on it: its last day moves forward to the day before (the validity only ever shrinks, at its end).
FROZEN = """
IF OLD.state IN ('published', 'superseded') THEN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '政策版本 % 已发布，不能删除', OLD.name USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.policy, OLD.name, OLD.title, OLD.region_id, lower(OLD.validity), OLD.body, OLD.sha256)
        IS DISTINCT FROM (NEW.policy, NEW.name, NEW.title, NEW.region_id, lower(NEW.validity), NEW.body, NEW.sha256)
        OR NOT NEW.validity <@ OLD.validity OR isempty(NEW.validity)
        OR NEW.state NOT IN ('published', 'superseded')
        OR (OLD.state = 'superseded' AND NEW.state = 'published') THEN
        RAISE EXCEPTION '政策版本 % 已发布，不能修改', OLD.name USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
"""

# Four eyes: a draft becomes law only after submission and by someone who neither drafted, edited nor submitted it.
# (Shipped documents are inserted as published; they are no drafts of anybody here.)
FOUR_EYES = """
IF NEW.state = 'published' AND OLD.state NOT IN ('published', 'superseded') THEN
    IF OLD.state <> 'submitted' THEN
        RAISE EXCEPTION '政策版本 % 尚未提交，不能发布', OLD.name USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.published_by_id IS NULL OR NEW.published_by_id IS NOT DISTINCT FROM NEW.created_by_id OR EXISTS (
        SELECT 1 FROM policies_policyevent e
         WHERE e.version_id = NEW.id AND e.actor_id = NEW.published_by_id AND e.move IN ('create', 'edit', 'submit')
    ) THEN
        RAISE EXCEPTION '政策版本 % 须由起草、修改、提交以外的人发布', OLD.name
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END IF;
IF OLD.state = 'submitted' AND NEW.state = 'submitted' AND OLD.body IS DISTINCT FROM NEW.body THEN
    RAISE EXCEPTION '政策版本 % 已提交，退回后才能修改', OLD.name USING ERRCODE = 'integrity_constraint_violation';
END IF;
IF OLD.state = 'withdrawn' AND NEW.state <> 'withdrawn' THEN
    RAISE EXCEPTION '政策版本 % 已撤回，不能再用', OLD.name USING ERRCODE = 'integrity_constraint_violation';
END IF;
RETURN NEW;
"""


@tracked()
class PolicyVersion(models.Model):
    """政策版本 of a region; a published body never changes, another version takes its place from its date.

    On a day governs the one published or superseded version of the region whose validity holds the day
    (`selectors.version_on`). A superseded version stays in force until its last day.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("草案")
        SUBMITTED = "submitted", _("待发布")
        PUBLISHED = "published", _("已发布")
        SUPERSEDED = "superseded", _("已有后续版本")
        WITHDRAWN = "withdrawn", _("已撤回")

    policy = models.CharField(_("政策"), max_length=30, help_text="tongliao")
    name = models.CharField(_("版本"), max_length=40, unique=True, help_text="tongliao-2023")
    title = models.CharField(_("标题"), max_length=120)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    validity = DateRangeField(_("有效期"), help_text="[from, to) in days")
    body = models.TextField(_("正文"))
    sha256 = models.CharField(_("校验值"), max_length=64)
    state = models.CharField(_("状态"), max_length=12, choices=State.choices, default=State.DRAFT)
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="drafts", help_text="version that the draft was written from"
    )
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
                condition=Q(state__in=["published", "superseded"]),
                violation_error_message=_("同一地区同一天只能有一个已发布的版本"),
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="published_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=FROZEN,
            ),
            pgtrigger.Trigger(
                name="published_by_another", when=pgtrigger.Before, operation=pgtrigger.Update, func=FOUR_EYES
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PolicyEvent(models.Model):
    """政策经过: one move of a version with who, when and why; appended, never changed."""

    class Move(models.TextChoices):
        CREATE = "create", _("起草")
        EDIT = "edit", _("修改")
        SUBMIT = "submit", _("提交")
        RETURN = "return", _("退回")
        WITHDRAW = "withdraw", _("撤回")
        PUBLISH = "publish", _("发布")
        SUPERSEDE = "supersede", _("后续版本接替")

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="moves")
    move = models.CharField(_("办理"), max_length=10, choices=Move.choices)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("时间"), default=timezone.now)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64, help_text="of the body after the move")
    reason = models.TextField(_("理由"), blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("政策经过")
        ordering = ("-id",)
        triggers: ClassVar = [pgtrigger.Protect(name="events_stay", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.version_id} {self.move}"


@tracked()
class ExpectedChange(models.Model):
    """预期变化: a golden case that a draft settles otherwise, marked as meant; holds for exactly these amounts."""

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="expected_changes")
    case = models.CharField(_("费用编号"), max_length=60, help_text="claim number of the golden case")
    result = models.JSONField(help_text="{column: text} as the draft settled it")
    reason = models.CharField(_("理由"), max_length=200)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("预期变化")
        ordering = ("version_id", "case")
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "case"], name="expected_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.case}"


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
access.scoped("region_id", Act.POLICY_READ, public=~Q(state__in=["draft", "submitted", "withdrawn"]))(PolicyVersion)
