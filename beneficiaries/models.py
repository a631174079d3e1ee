"""The register: persons, households, dated category spells.

Their audit triggers run once a statement: a roster writes a hundred thousand rows with one. That a row's file (which
only goes while nothing rests on it) and a spell's region (that of a person or of a row just resolved) exist, their
writers see to: the database would ask for each row again.
"""

from typing import ClassVar
from uuid import UUID

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access, integrity
from accounts.access import Act
from accounts.audit import tracked
from accounts.crypto import blind_index
from accounts.fields import CheckedForeignKey, EncryptedTextField
from accounts.masking import mask_id_number, mask_phone
from accounts.models import Region
from accounts.vocabulary import Category, Department
from beneficiaries import apart
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.days import KnownQuerySet, holds_on
from beneficiaries.designations.models import DesignatedSpell, Designation, HeldCategory
from beneficiaries.diseases.models import ListedDisease, Registration
from beneficiaries.merging.models import Merge
from beneficiaries.people import READING
from beneficiaries.roster.models import SpellEcho
from exchange.models import InboundFile, own_department

__all__ = [
    "CategorySpell",
    "ComparisonRow",
    "DesignatedSpell",
    "Designation",
    "HeldCategory",
    "Household",
    "ListedDisease",
    "Merge",
    "Person",
    "PersonBefore",
    "Registration",
    "SpellEcho",
]


_REGION = {"region_id": ("accounts_region", "code")}


class NameGrams(Func):
    """All one- and two-character pieces of a name, by which a part of a name is found (trigrams need three)."""

    function = "name_grams"
    arity = 1
    output_field = ArrayField(models.TextField())


class ReadingPieces(Func):
    """Syllables of a reading and pairs of its initials (capital): by which pinyin is found anywhere in a name."""

    function = "reading_pieces"
    arity = 1
    output_field = ArrayField(models.TextField())


@tracked(level=pghistory.Statement, indexed=("region",))
class Household(models.Model):
    """户: number as the certifying departments write it, once per county."""

    number = models.CharField(_("户编号"), max_length=40)
    region = CheckedForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"), help_text="county", db_index=False)
    source = models.ForeignKey(
        InboundFile, models.PROTECT, null=True, related_name="+", help_text="that brought it", db_constraint=False
    )

    class Meta:
        verbose_name = verbose_name_plural = _("户")
        indexes: ClassVar = [models.Index(fields=["region"], name="household_region")]
        constraints: ClassVar = [models.UniqueConstraint(fields=["number", "region"], name="household_once")]
        triggers: ClassVar = integrity.known(_REGION)

    def __str__(self) -> str:
        return self.number


@tracked(level=pghistory.Statement, indexed=("region", "household"))
class Person(models.Model):
    """人员: found by the blind index of the identity number; the number itself is encrypted."""

    class Sex(models.TextChoices):
        MALE = "male", _("男")
        FEMALE = "female", _("女")

    id_number = EncryptedTextField(_("身份证号"), purpose="id_number")
    id_key = models.UUIDField(unique=True, editable=False)
    tail_key = models.UUIDField(db_index=True, editable=False, help_text="blind index of the last four digits")
    name = models.CharField(_("姓名"), max_length=80)
    initials = models.CharField(_("拼音首字母"), max_length=40, blank=True)
    pinyin = models.CharField(
        _("拼音"), max_length=READING, blank=True, db_default="", help_text="syllables with a space between"
    )
    sex = models.CharField(_("性别"), max_length=6, choices=Sex.choices, blank=True)
    birth_date = models.DateField(_("出生日期"), null=True)
    region = CheckedForeignKey(Region, models.PROTECT, verbose_name=_("所在地区"), db_index=False)
    rural = models.BooleanField(_("农村居民"), default=True)
    household = models.ForeignKey(Household, models.SET_NULL, null=True, blank=True, verbose_name=_("户"))
    relation = models.CharField(_("与户主关系"), max_length=20, blank=True)
    phone = EncryptedTextField(_("联系电话"), purpose="phone", null=True, blank=True)
    phone_key = models.UUIDField(null=True, editable=False, db_index=True)
    address = models.CharField(_("住址"), max_length=200, blank=True, db_default="")
    bank_name = models.CharField(_("开户银行"), max_length=80, blank=True, db_default="")
    bank_account = EncryptedTextField(_("银行账号"), purpose="bank_account", null=True, blank=True)
    deceased_on = models.DateField(_("死亡日期"), null=True, blank=True)
    death_source = models.CharField(_("死亡信息来源"), max_length=100, blank=True, db_default="")
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="+", db_index=False, verbose_name=_("并入")
    )
    source = models.ForeignKey(
        InboundFile, models.PROTECT, null=True, related_name="+", help_text="that brought them", db_constraint=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("人员")
        ordering = ("id",)
        # Few and exact: each is written with every person of a first roster. Under the collation C, which the database
        # has, the plain class serves a range of codes and a beginning alike; the pattern class no range.
        indexes: ClassVar = [
            models.Index(fields=["region", "id"], name="person_region"),
            models.Index(fields=["initials"], name="person_initials", opclasses=["varchar_pattern_ops"]),
            GinIndex(NameGrams("name"), name="person_name_grams"),
            GinIndex(ReadingPieces("pinyin"), name="person_reading_pieces"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="person_merged_into"),
        ]
        triggers: ClassVar = [*integrity.known(_REGION), integrity.keeps("beneficiaries_categoryspell", "person_id")]

    def __str__(self) -> str:
        return self.name

    @property
    def masked_id_number(self) -> str:
        return mask_id_number(self.id_number)

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.phone or "")

    @property
    def masked_bank_account(self) -> str:
        """`**** 0018`."""
        return f"**** {self.bank_account[-4:]}" if self.bank_account else ""


def id_key(id_number: str) -> UUID:
    """Blind index by which a (normalised, 18-character) identity number is found."""
    return blind_index(id_number, "id_number")


def tail_key(id_number: str) -> UUID:
    """Blind index of the last four characters."""
    return blind_index(id_number[-4:], "id_tail")


def phone_key(phone: str) -> UUID:
    return blind_index(phone, "phone")


@tracked(level=pghistory.Statement, indexed=("region", "person"))
class CategorySpell(models.Model):
    """类别认定: one category of a person from–to (both days included), as certified by a department.

    Append-only: a correction sets `known_to` of the old row and writes a new one, so that yesterday's answer can be
    given again; `known_from`/`known_to` say when we held it true.
    """

    person = CheckedForeignKey(Person, models.PROTECT, related_name="spells", db_index=False)
    category = models.CharField(_("人员类别"), max_length=30, choices=Category.choices)
    department = models.CharField(_("认定部门"), max_length=30, choices=Department.choices)
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        verbose_name=_("认定地区"),
        help_text="of the roster's row",
        db_index=False,
        db_constraint=False,
    )
    valid_from = models.DateField(_("认定日期"))
    valid_to = models.DateField(_("退出日期"), null=True, blank=True, help_text="last day")
    evidence = models.CharField(_("认定依据"), max_length=120, blank=True, db_default="", help_text="document number")
    exit_reason = models.CharField(_("退出原因"), max_length=200, blank=True)
    # What the department said of the person, so that next month's file is compared with its own last word: another
    # department's telephone number in the register is no change by this one.
    household = models.CharField(_("户编号"), max_length=40, blank=True)
    relation = models.CharField(_("与户主关系"), max_length=20, blank=True)
    phone_key = models.UUIDField(null=True, editable=False)
    source = models.ForeignKey(InboundFile, models.PROTECT, null=True, verbose_name=_("来源"), db_constraint=False)
    source_row = models.PositiveIntegerField(null=True)
    known_from = models.DateTimeField(default=timezone.now)
    known_to = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        InboundFile,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="superseded by",
        db_index=False,
        db_constraint=False,
    )

    objects = KnownQuerySet["CategorySpell"].as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("类别认定")
        ordering = ("-valid_from", "-id")
        indexes: ClassVar = [
            models.Index(fields=["person", "valid_from"]),
            models.Index(fields=["department", "region"], condition=Q(known_to=None, valid_to=None), name="spell_open"),
            models.Index(fields=["closed_by"], condition=Q(closed_by__isnull=False), name="spell_closed_by"),
            models.Index(fields=["known_to"], condition=Q(known_to__isnull=False), name="spell_superseded"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="spell_date_order",
                violation_error_message=_("退出日期早于认定日期"),
            ),
        ]
        triggers: ClassVar = apart.TRIGGERS

    def __str__(self) -> str:
        return self.get_category_display()

    @property
    def holds_today(self) -> bool:
        """Valid today, as known now."""
        return holds_on(self, timezone.localdate())


@tracked()
class Document(models.Model):
    """其他证件: a further number of a person, by which files and searches find them too; the main one is the person's.

    `number_key` is the blind index under the purpose of identity numbers, so that a file's row is found by either.
    """

    class Kind(models.TextChoices):
        RESIDENT = "resident", _("居民身份证")
        RESIDENCE_PERMIT = "residence_permit", _("港澳台居民居住证")
        FOREIGN_PERMANENT = "foreign_permanent", _("外国人永久居留身份证")
        PASSPORT = "passport", _("护照")
        BIRTH = "birth", _("出生医学证明")
        OTHER = "other", _("其他证件")

    person = models.ForeignKey(Person, models.PROTECT, related_name="documents", verbose_name=_("人员"))
    kind = models.CharField(_("证件类型"), max_length=20, choices=Kind.choices)
    number = EncryptedTextField(_("证件号码"), purpose="document")
    number_key = models.UUIDField(unique=True, editable=False)
    tail_key = models.UUIDField(db_index=True, editable=False)
    note = models.CharField(_("说明"), max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("其他证件")

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def masked_number(self) -> str:
        return mask_id_number(self.number)


class PersonBefore(models.Model):
    """What a person's row held before a file changed it, so that the file can be undone; never changed."""

    file = models.ForeignKey(InboundFile, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", db_index=False)
    household = models.ForeignKey(Household, models.PROTECT, null=True, related_name="+", db_index=False)
    relation = models.CharField(max_length=20, blank=True)
    phone = EncryptedTextField(purpose="phone", null=True)
    phone_key = models.UUIDField(null=True)
    # Only where a decision on a doubtful row changed them; null: they were not.
    name = models.CharField(max_length=80, null=True)
    deceased_on = models.DateField(null=True)
    death_source = models.CharField(max_length=100, null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["file", "person"], name="person_before_once")]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.person_id}"


access.scoped("region_id", Act.PERSON_READ)(Person)
access.scoped("region_id", Act.PERSON_READ)(Household)
access.scoped("person__region_id", Act.PERSON_READ)(Document)
access.scoped("person__region_id", Act.PERSON_READ)(CategorySpell)
access.scoped("region_id", Act.ROSTER_READ, narrow=own_department)(ComparisonRow)
