"""Runs of the nightly check and what they found."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from beneficiaries.models import Person


class Recheck(models.Model):
    """复算: so many years settled again on a night; appended, never changed once it is finished."""

    started_at = models.DateTimeField(_("开始时间"), default=timezone.now)
    finished_at = models.DateTimeField(_("完成时间"), null=True)
    seed = models.CharField(_("抽样"), max_length=40, help_text="the same seed draws the same sample")
    years = models.PositiveIntegerField(_("抽查人年"), default=0)
    different = models.PositiveIntegerField(_("不一致人年"), default=0)
    failed = models.PositiveIntegerField(_("无法复算人年"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("复算")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.seed


class RecheckFinding(models.Model):
    """复算不一致: a year whose kept sums are not what its claims give; answered by a person."""

    recheck = models.ForeignKey(Recheck, models.PROTECT, related_name="findings")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("人员"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    year = models.PositiveSmallIntegerField(_("年度"))
    # Sum's name: [kept, computed] in fen; `error` says why the year could not be settled.
    sums = models.JSONField(default=dict)
    error = models.CharField(_("原因"), max_length=300, blank=True)
    answer = models.CharField(_("处理说明"), max_length=300, blank=True)
    answered_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("复算不一致")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["region"], condition=models.Q(answered_at=None), name="recheck_open")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year}"
