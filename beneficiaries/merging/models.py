"""Two files of one person made one: proposed, confirmed by another, taken back."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User


@tracked()
class Merge(models.Model):
    """人员合并: what hung on `gone` hangs on `kept`; `moved` and `before` say how to undo it."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("待复核")
        DONE = "done", _("已合并")
        REFUSED = "refused", _("不予合并")
        UNDONE = "undone", _("已撤销")

    kept = models.ForeignKey("beneficiaries.Person", models.PROTECT, related_name="+", verbose_name=_("保留档案"))
    gone = models.ForeignKey("beneficiaries.Person", models.PROTECT, related_name="+", verbose_name=_("并入档案"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("所在地区"))
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.PROPOSED)
    reason = models.CharField(_("理由"), max_length=200)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("提出人"))
    proposed_at = models.DateTimeField(_("提出时间"), default=timezone.now)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("复核人"))
    decided_at = models.DateTimeField(_("复核时间"), null=True)
    undone_at = models.DateTimeField(_("撤销时间"), null=True)
    note = models.CharField(_("说明"), max_length=200, blank=True, help_text="why refused or undone")
    moved = models.JSONField(default=dict, help_text="`app.model.field` → keys that were moved")
    before = models.JSONField(default=dict, help_text="what movers of their own kind need to go back")
    after = models.JSONField(default=dict, help_text="what hung on the kept person afterwards, to see a change")

    class Meta:
        verbose_name = verbose_name_plural = _("人员合并")
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["gone"], condition=Q(state__in=("proposed", "done")), name="merge_once_of_a_person"
            ),
            models.CheckConstraint(condition=~Q(kept=models.F("gone")), name="merge_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id}→{self.kept_id}"


access.scoped("region_id", Act.PERSON_READ)(Merge)
