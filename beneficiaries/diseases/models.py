"""The dated register of diseases per person, and which codes belong to which register (S0-22)."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region


class Register(models.TextChoices):
    """病种登记的种类."""

    SPECIAL = "special", _("门诊特殊病")
    TWO = "two", _("“两病”（高血压、糖尿病）")
    RARE = "rare", _("罕见病")


@tracked()
class ListedDisease(models.Model):
    """登记病种目录: codes that begin so belong to a register, in a region and below; the bureau keeps it."""

    register = models.CharField(_("登记种类"), max_length=10, choices=Register.choices)
    code = models.CharField(_("病种编码"), max_length=20, help_text="beginning of dise_codg, e.g. I10")
    name = models.CharField(_("病种名称"), max_length=80)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("登记病种")
        ordering = ("register", "code")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["register", "code", "region"],
                name="listed_disease_once",
                nulls_distinct=False,
                violation_error_message=_("这个编码已在目录中"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


@tracked()
class Registration(models.Model):
    """病种登记 of a person from–to (both days included): which register, which disease, by which institution."""

    person = models.ForeignKey("beneficiaries.Person", models.PROTECT, related_name="diseases", verbose_name=_("人员"))
    register = models.CharField(_("登记种类"), max_length=10, choices=Register.choices)
    code = models.CharField(_("病种编码"), max_length=20, blank=True)
    name = models.CharField(_("病种名称"), max_length=80)
    institution = models.CharField(_("认定机构"), max_length=80, blank=True)
    valid_from = models.DateField(_("登记日期"))
    valid_to = models.DateField(_("终止日期"), null=True, blank=True, help_text="last day")
    source = models.CharField(_("依据"), max_length=120, help_text="certificate, list or document")
    end_reason = models.CharField(_("终止原因"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("病种登记")
        ordering = ("-valid_from", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="registration_date_order",
                violation_error_message=_("终止日期早于登记日期"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def holds_on(self, day: object) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)  # type: ignore[operator]


access.scoped("person__region_id", Act.PERSON_READ)(Registration)
access.scoped("region_id", Act.HOME, public=Q(region=None))(ListedDisease)
