"""ClaimEntry 待复核费用: a claim that someone typed, or an institution sent, until a second person confirmed it."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User
from beneficiaries.models import Person


@tracked()
class ClaimEntry(models.Model):
    """录入费用: what was typed (`values`, see `claims.entry.values`), who said so, who confirmed it.

    Nothing counts before it is confirmed; then `claim` is the recorded one. `reference` keeps the person's number out
    of the draft: the person is a key, `values` holds the bill alone.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        SUBMITTED = "submitted", _("待复核")
        RETURNED = "returned", _("退回修改")
        CONFIRMED = "confirmed", _("已复核")
        WITHDRAWN = "withdrawn", _("已撤回")

    number = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.DRAFT)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name=_("人员"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("参保地区"))
    values = models.JSONField(default=dict, help_text="claims.services.NewClaim; fen, ISO dates")
    settled_on = models.DateField(_("结算日期"), null=True)
    total = models.BigIntegerField(_("医疗费总额"), null=True, help_text="fen")
    # S3-16: who approved cost beyond the control; S1-23: why a stay without referral is taken all the same.
    waiver_by = models.CharField(_("目录外费用批准单位和文号"), max_length=120, blank=True)
    exception_reason = models.CharField(_("未转诊例外理由"), max_length=200, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("录入人"))
    sent_by = models.CharField(_("报送单位"), max_length=120, blank=True, help_text="institution, through the API")
    entered_at = models.DateTimeField(_("录入时间"), default=timezone.now)
    submitted_at = models.DateTimeField(_("提交时间"), null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("复核人"))
    decided_at = models.DateTimeField(_("复核时间"), null=True)
    reason = models.CharField(_("退回原因"), max_length=200, blank=True)
    claim = models.OneToOneField("claims.Claim", models.PROTECT, null=True, related_name="entry")

    class Meta:
        app_label = "claims"
        verbose_name = verbose_name_plural = _("录入费用")
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["region", "state", "-id"]),
            models.Index(fields=["entered_by", "state"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"]) | Q(person__isnull=False, settled_on__isnull=False),
                name="entry_is_complete",
                violation_error_message=_("提交前须选定人员并填写结算日期"),
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(entered_by=None) | ~Q(decided_by=models.F("entered_by")),
                name="entry_by_two",
                violation_error_message=_("录入人不能复核自己录入的费用"),
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(claim__isnull=False, decided_by__isnull=False),
                name="entry_confirmed_is_claim",
            ),
        ]

    def __str__(self) -> str:
        known = self.claim.claim_no if self.claim else self.values.get("claim_no")
        return str(known or _("未编号"))

    @property
    def tone(self) -> str:
        return {"submitted": "due", "returned": "late", "confirmed": "done"}.get(self.state, "plain")

    @property
    def who(self) -> Any:
        """Who entered it: a person of the bureau, or the institution that sent it."""
        return self.entered_by or self.sent_by


def others_drafts_hidden(user: User) -> Q:
    """A draft is its writer's alone."""
    return ~Q(state=ClaimEntry.State.DRAFT) | Q(entered_by=user)


access.scoped("region_id", Act.CLAIM_READ, narrow=others_drafts_hidden)(ClaimEntry)
