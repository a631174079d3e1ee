"""Contradiction 疑点: two things on record that cannot both be right, until someone answers or it is gone."""

from typing import Any, ClassVar

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.models import Region, User
from beneficiaries.models import Person


# Finding one again writes nothing to the trail; an answer, a change of what was found and its going do.
@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(exclude=["last_seen"])),
    pghistory.DeleteEvent(),
)
class Contradiction(models.Model):
    """疑点: found by a check (`kind`) under a `key` that stays the same as long as the fault does.

    `digest` is of the evidence: an answer holds for what it was given to. `platform` and `ours` (fen), `tier` and
    `cause` belong to audit differences (复核差异).
    """

    class State(models.TextChoices):
        OPEN = "open", _("待处理")
        ANSWERED = "answered", _("已答复")
        CLEARED = "cleared", _("已消除")

    class Answer(models.TextChoices):
        EXPLAINED = "explained", _("情况属实，已说明")
        PLATFORM_WRONG = "platform_wrong", _("平台有误，已反馈")
        OURS_CORRECTED = "ours_corrected", _("本系统已更正，重新结算")
        WILL_FIX = "will_fix", _("限期整改")

    kind = models.CharField(_("疑点种类"), max_length=30)
    key = models.CharField(max_length=80)
    # No constraints: what was found must not keep the register or a file from being put right.
    person = models.ForeignKey(
        Person,
        models.DO_NOTHING,
        null=True,
        related_name="contradictions",
        verbose_name=_("人员"),
        db_index=False,
        db_constraint=False,
    )
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"), db_index=False)
    claim = models.ForeignKey(
        "claims.Claim", models.DO_NOTHING, null=True, related_name="contradictions", db_constraint=False
    )
    day = models.DateField(_("发生日期"))
    evidence = models.JSONField(default=dict, help_text="what the check says, by name; see its `facts`")
    digest = models.CharField(max_length=32)
    tier = models.CharField(_("层次"), max_length=12, blank=True)
    platform = models.BigIntegerField(_("平台支付"), null=True, help_text="fen")
    ours = models.BigIntegerField(_("本系统"), null=True, help_text="fen")
    cause = models.CharField(_("可能原因"), max_length=20, blank=True)
    cause_note = models.CharField(_("原因说明"), max_length=300, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    answer = models.CharField(_("答复"), max_length=15, choices=Answer.choices, blank=True)
    text = models.CharField(_("说明"), max_length=500, blank=True)
    fix_by = models.DateField(_("整改期限"), null=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("答复人"))
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    first_seen = models.DateTimeField(_("发现时间"), default=timezone.now)
    last_seen = models.DateTimeField(_("最近发现"), default=timezone.now)
    cleared_at = models.DateTimeField(_("消除时间"), null=True)
    times_back = models.PositiveSmallIntegerField(_("再次出现"), default=0)

    class Meta:
        app_label = "claims"
        verbose_name = verbose_name_plural = _("疑点")
        ordering = ("-day", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], name="contradiction_once"),
            models.CheckConstraint(
                condition=~Q(state="answered") | (~Q(answer="") & ~Q(text="")),
                name="contradiction_answer_says",
                violation_error_message=_("请选择答复并写明说明"),
            ),
            models.CheckConstraint(
                condition=~Q(answer="will_fix") | Q(fix_by__isnull=False),
                name="contradiction_fix_has_date",
                violation_error_message=_("限期整改须写明期限"),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["region", "state", "kind"]),
            models.Index(fields=["kind", "-day", "-id"]),
            models.Index(fields=["person"], condition=Q(person__isnull=False), name="contradiction_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def difference(self) -> int | None:
        """What the platform paid beyond ours (negative: less)."""
        return None if self.platform is None or self.ours is None else self.platform - self.ours

    @property
    def overdue(self) -> bool:
        return self.state == self.State.ANSWERED and self.fix_by is not None and self.fix_by < timezone.localdate()

    @property
    def tone(self) -> str:
        return {"open": "due", "answered": "info", "cleared": "done"}.get(self.state, "plain")

    @property
    def facts(self) -> list[dict[str, Any]]:
        """The evidence in words, with links (`claims.contradictions.evidence`)."""
        from claims.contradictions.evidence import lines

        return lines(self)


DIFFERENCE = F("platform") - F("ours")
access.scoped("region_id", Act.CLAIM_READ)(Contradiction)
