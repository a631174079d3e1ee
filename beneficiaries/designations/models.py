"""类别指定 (S1-01): a county's word for what its own category is treated as, and the spells as they thereby count."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User
from accounts.vocabulary import Category, Department
from beneficiaries.days import KnownQuerySet, holds_on, span


@tracked()
class Designation(models.Model):
    """类别指定: from a day on, people of `category` in the region are treated as `treated_as`.

    Append-only like a spell: ending it sets `known_to` of the row and writes another one with its last day; one that
    was entered by mistake is closed as known and nothing takes its place.
    """

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("指定地区"))
    category = models.CharField(_("认定类别"), max_length=30, choices=Category.choices)
    treated_as = models.CharField(_("视同类别"), max_length=30, choices=Category.choices)
    valid_from = models.DateField(_("起始日期"))
    valid_to = models.DateField(_("截止日期"), null=True, blank=True, help_text="last day")
    document = models.CharField(_("文号"), max_length=80)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    end_reason = models.CharField(_("终止原因"), max_length=200, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("登记人"))
    known_from = models.DateTimeField(default=timezone.now)
    known_to = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("类别指定")
        ordering = ("-valid_from", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="designation_date_order",
                violation_error_message=_("截止日期早于起始日期"),
            ),
            ExclusionConstraint(
                name="designation_no_overlap",
                expressions=[
                    ("region", RangeOperators.EQUAL),
                    ("category", RangeOperators.EQUAL),
                    (span(), RangeOperators.OVERLAPS),
                ],
                condition=Q(known_to=None),
                violation_error_message=_("同一地区对同一类别，指定期间不能重叠"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()} → {self.get_treated_as_display()}"

    @property
    def holds_today(self) -> bool:
        return holds_on(self, timezone.localdate())


class DesignatedSpell(models.Model):
    """The days on which a spell in force counts as another category. Derived: triggers of spells and designations
    (migration `designations`) keep it, whoever writes them."""

    spell_id = models.BigIntegerField(db_index=True, help_text="beneficiaries.CategorySpell")
    designation = models.ForeignKey(Designation, models.DO_NOTHING, db_constraint=False, related_name="counted")
    person_id = models.BigIntegerField(db_index=True)
    category = models.CharField(max_length=30)
    department = models.CharField(max_length=30, choices=Department.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.spell_id}:{self.category}"


class HeldCategory(models.Model):
    """A category that counts for a person, from–to: every spell, and those in force as what they are treated as.

    A view, of two plain tables, so that PostgreSQL looks for a person's rows by index in both. Whatever a category
    *gives* (settlement, entitlement, subsidy, warnings, trials) is read here; who was certified as what (rosters, the
    register's lists, populations) from the spells. `id` is the spell's; `designation` is null but for what a county
    named.
    """

    person = models.ForeignKey(
        "beneficiaries.Person", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    category = models.CharField(max_length=30, choices=Category.choices)
    department = models.CharField(max_length=30, choices=Department.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    known_to = models.DateTimeField(null=True)
    designation = models.ForeignKey(
        Designation, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )

    objects = KnownQuerySet["HeldCategory"].as_manager()

    class Meta:
        managed = False
        db_table = "beneficiaries_heldcategory"
        verbose_name = verbose_name_plural = _("有效类别")

    def __str__(self) -> str:
        return self.get_category_display()


access.scoped("region_id", Act.PERSON_READ)(Designation)
