"""Enrolment per person and year, what was paid for it, spells of coverage, marks, groups and a region's yearly figures.

Amounts are fen. Audit triggers run once a statement: a county's year is written with a few.
"""

from datetime import date
from typing import ClassVar, Final

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.fields import EncryptedTextField
from accounts.masking import mask_id_number
from accounts.models import Region, User
from beneficiaries.days import span
from beneficiaries.models import Person
from exchange.models import Delivery, InboundFile
from policies.models import PolicyFigures, PolicyVersion


class Insurance(models.TextChoices):
    """险种: where a person is insured in a year."""

    RESIDENT = "resident", _("居民医保")
    EMPLOYEE = "employee", _("职工医保")
    ELSEWHERE = "elsewhere", _("外地参保")
    NONE = "none", _("未登记参保")


def covered(prefix: str = "") -> Q:
    """Whether a year's row is insured: employee or elsewhere (S0-06), or resident with nothing left to pay."""
    paid = F(f"{prefix}paid") + F(f"{prefix}other_paid") - F(f"{prefix}refunded")
    settled = Q(**{f"{prefix}insurance": Insurance.RESIDENT, f"{prefix}due__lte": paid})
    return Q(**{f"{prefix}insurance__in": (Insurance.EMPLOYEE, Insurance.ELSEWHERE)}) | settled


# What the tax office must know of a row, in one text: different from what it heard last means it must hear again.
_TOLD: Final = ("insurance", "category", "base", "fund", "county_finance", "due", "paid", "other_paid", "refunded")


def state_text() -> Concat:
    """The state of a row as SQL text (`Enrolment.relayed_as` holds the one that was sent)."""
    parts: list[object] = []
    for name in _TOLD:
        parts += [Cast(F(name), models.CharField()), Value("|")]
    return Concat(*parts[:-1], output_field=models.CharField())


def untold() -> Q:
    """Whether the tax office heard something else last (S3-06)."""
    return ~Q(relayed_as=state_text())


@tracked()
class TemporaryGroup(models.Model):
    """临时资助人群 (S2-02): opened by a county for a time, with the amount that it adds for each person."""

    class Payer(models.TextChoices):
        FUND = "fund", _("医疗救助基金")
        COUNTY_FINANCE = "county_finance", _("县级财政")

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    name = models.CharField(_("名称"), max_length=80)
    reason = models.CharField(_("依据和原因"), max_length=300)
    year = models.PositiveSmallIntegerField(_("参保年度"))
    amount = models.PositiveBigIntegerField(_("每人资助金额"), help_text="fen")
    payer = models.CharField(_("资金来源"), max_length=20, choices=Payer.choices, default=Payer.FUND)
    valid_from = models.DateField(_("开始日期"))
    valid_to = models.DateField(_("结束日期"), help_text="last day on which a person may be added")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("临时资助人群")
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region", "year", "name"],
                name="temporary_group_once",
                violation_error_message=_("本地区这一年度已有同名的临时资助人群"),
            ),
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")),
                name="temporary_group_dates",
                violation_error_message=_("结束日期早于开始日期"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(level=pghistory.Statement)
class TemporaryMember(models.Model):
    """A person of a temporary group; one row per group and person."""

    group = models.ForeignKey(TemporaryGroup, models.PROTECT, related_name="members")
    person = models.ForeignKey(Person, models.PROTECT, related_name="temporary_groups")
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    added_on = models.DateField(_("加入日期"), default=timezone.localdate)

    class Meta:
        verbose_name = verbose_name_plural = _("临时资助人员")
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "person"], name="temporary_member_once")]

    def __str__(self) -> str:
        return f"{self.group_id}:{self.person_id}"


@tracked(level=pghistory.Statement)
class Enrolment(models.Model):
    """参保: one person in one year.

    `base` = `fund` + `county_finance` + `due`; `due` is what the person (or another payer for them) owes. `category`
    is the one that decides the subsidy (a code, or `none`); with `group` the temporary group gave more. `version` and
    `figures` say by which law and numbers it was computed. `relayed_as` is the state that the tax office last heard.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="enrolments", db_index=False)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("参保地区"), db_index=False)
    year = models.PositiveSmallIntegerField(_("年度"))
    insurance = models.CharField(_("险种"), max_length=10, choices=Insurance.choices, default=Insurance.RESIDENT)
    tier = models.CharField(_("档次"), max_length=20, blank=True)
    place = models.CharField(_("外地参保地"), max_length=80, blank=True)
    base = models.PositiveBigIntegerField(_("缴费标准"), default=0)
    fund = models.PositiveBigIntegerField(_("医疗救助基金资助"), default=0)
    county_finance = models.PositiveBigIntegerField(_("县级财政资助"), default=0)
    due = models.PositiveBigIntegerField(_("个人应缴"), default=0)
    paid = models.BigIntegerField(_("个人已缴"), default=0)
    other_paid = models.BigIntegerField(_("其他渠道代缴"), default=0)
    refunded = models.BigIntegerField(_("已退费"), default=0)
    exempt = models.BooleanField(_("政策免缴"), default=False)
    category = models.CharField(_("资助身份"), max_length=30, blank=True)
    group = models.ForeignKey(TemporaryGroup, models.PROTECT, null=True, verbose_name=_("临时资助"), related_name="+")
    version = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+", db_index=False)
    figures = models.ForeignKey(PolicyFigures, models.PROTECT, null=True, related_name="+", db_index=False)
    registered_on = models.DateField(_("登记日期"), default=timezone.localdate)
    computed_at = models.DateTimeField(_("核算时间"), null=True)
    changed_on = models.DateField(_("变动日期"), default=timezone.localdate, help_text="last change that tax must hear")
    relayed_in = models.ForeignKey(Delivery, models.PROTECT, null=True, related_name="+", verbose_name=_("推送税务"))
    relayed_as = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("参保登记")
        ordering = ("-year",)
        indexes: ClassVar = [
            models.Index(fields=["year", "region"], name="enrolment_year_region"),
            # What waits to be told is counted for every page of who tells it.
            # Counted without a look at the table: of a million rows few are untold, and the planner cannot know it.
            models.Index(
                fields=["year", "region", "changed_on"], include=["id"], name="enrolment_to_relay", condition=untold()
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "year"], name="enrolment_once"),
            models.CheckConstraint(
                condition=Q(base=F("fund") + F("county_finance") + F("due")),
                name="enrolment_adds_up",
                violation_error_message=_("资助与个人应缴之和须等于缴费标准"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year}"

    @property
    def net(self) -> int:
        """What has arrived for the person's part, refunds taken off: fen."""
        return self.paid + self.other_paid - self.refunded

    @property
    def is_covered(self) -> bool:
        """As `covered`."""
        if self.insurance == Insurance.RESIDENT:
            return self.net >= self.due
        return self.insurance in (Insurance.EMPLOYEE, Insurance.ELSEWHERE)


@tracked(level=pghistory.Statement)
class Contribution(models.Model):
    """缴费退费记录: money for one person's year as the tax office or another payer reported it; never changed.

    A payment of somebody whom the register does not know, or under another name, has no person and a `problem`: it is
    kept, for money that came is a fact, and stands in the worklist of mismatches.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("缴费")
        REFUND = "refund", _("退费")

    class Payer(models.TextChoices):
        PERSON = "person", _("个人（税务征收）")
        CHARITY = "charity", _("慈善捐赠")
        COLLECTIVE = "collective", _("村集体收入")
        PROJECT = "project", _("项目资产收益")
        OTHER = "other", _("其他渠道")

    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="contributions")
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"), db_index=False)
    id_number = EncryptedTextField(_("身份证号"), purpose="id_number")
    id_key = models.UUIDField(editable=False)
    name = models.CharField(_("姓名"), max_length=80, blank=True)
    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("类型"), max_length=8, choices=Kind.choices, default=Kind.PAYMENT)
    amount = models.PositiveBigIntegerField(_("金额"))
    paid_on = models.DateField(_("日期"))
    tier = models.CharField(_("档次"), max_length=20, blank=True)
    payer = models.CharField(_("缴费来源"), max_length=12, choices=Payer.choices, default=Payer.PERSON)
    payer_name = models.CharField(_("代缴单位"), max_length=80, blank=True)
    problem = models.CharField(max_length=20, blank=True)
    source = models.ForeignKey(InboundFile, models.PROTECT, null=True, verbose_name=_("来源"), related_name="+")
    source_row = models.PositiveIntegerField(null=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(_("记录时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("缴费记录")
        ordering = ("-paid_on", "-id")
        indexes: ClassVar = [models.Index(fields=["id_key", "year"]), models.Index(fields=["year", "region"])]
        constraints: ClassVar = [
            # A payment has a day, a payer and an amount; the same one again is the same payment told twice.
            models.UniqueConstraint(
                fields=["id_key", "year", "kind", "payer", "amount", "paid_on", "payer_name"], name="contribution_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="contribution_amount", violation_error_message=_("金额须大于零")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.kind} {self.amount}"

    @property
    def masked_id_number(self) -> str:
        return mask_id_number(self.id_number)


@tracked(level=pghistory.Statement)
class Coverage(models.Model):
    """参保期间 (S0-05): insured there from–to (both days included); a person never has two at a time."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="coverages", db_index=False)
    insurance = models.CharField(_("险种"), max_length=10, choices=Insurance.choices)
    place = models.CharField(_("参保地"), max_length=80, blank=True)
    valid_from = models.DateField(_("开始日期"))
    valid_to = models.DateField(_("结束日期"), null=True, blank=True, help_text="last day")
    reason = models.CharField(_("变动原因"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("参保期间")
        ordering = ("-valid_from",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="coverage_dates",
                violation_error_message=_("结束日期早于开始日期"),
            ),
            ExclusionConstraint(
                name="coverage_once",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (span(), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("同一人的参保期间不能重叠，不能重复参保"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_insurance_display()} {self.valid_from}"


@tracked()
class PersonMark(models.Model):
    """标记: people moved to the border or relocated (S0-05), and monks and nuns with their monastery (S0-20)."""

    class Kind(models.TextChoices):
        BORDER = "border", _("抵边搬迁")
        RELOCATED = "relocated", _("易地搬迁")
        MONASTERY = "monastery", _("寺庙僧尼")

    person = models.ForeignKey(Person, models.PROTECT, related_name="marks")
    kind = models.CharField(_("标记"), max_length=10, choices=Kind.choices)
    detail = models.CharField(_("寺庙或安置点"), max_length=80, blank=True, db_index=True)
    commended = models.BooleanField(_("先进僧尼"), default=False)
    since = models.DateField(_("开始日期"))
    until = models.DateField(_("结束日期"), null=True, blank=True)
    source = models.ForeignKey(InboundFile, models.PROTECT, null=True, related_name="+", verbose_name=_("来源"))
    closed_by = models.ForeignKey(InboundFile, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = _("参保标记")
        ordering = ("-since", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "kind"],
                condition=Q(until=None),
                name="mark_once",
                violation_error_message=_("此人已有这一标记；请先结束原来的标记"),
            ),
            models.CheckConstraint(
                condition=~Q(kind="monastery") | ~Q(detail=""),
                name="monastery_named",
                violation_error_message=_("请填写寺庙名称"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.detail}"


@tracked()
class RegionYear(models.Model):
    """年度参保参数 of a region: residents, how many of them are insured, and the window in which people pay."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"))
    year = models.PositiveSmallIntegerField(_("参保年度"))
    residents = models.PositiveIntegerField(_("常住人口数"), null=True, blank=True)
    insured = models.PositiveIntegerField(_("基本医保参保人数"), null=True, blank=True, help_text="of the residents")
    window_from = models.DateField(_("集中缴费期开始"), null=True, blank=True)
    window_to = models.DateField(_("集中缴费期结束"), null=True, blank=True)
    funds_arrived = models.PositiveBigIntegerField(_("已到位资助资金"), default=0, help_text="fen (S2-05)")
    source = models.CharField(_("数据来源"), max_length=200)

    class Meta:
        verbose_name = verbose_name_plural = _("年度参保参数")
        ordering = ("-year", "region")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["region", "year"], name="region_year_once"),
            models.CheckConstraint(
                condition=Q(window_from=None) | Q(window_to=None) | Q(window_to__gte=F("window_from")),
                name="region_year_window",
                violation_error_message=_("集中缴费期的结束早于开始"),
            ),
            models.CheckConstraint(
                condition=Q(insured=None) | Q(residents=None) | Q(insured__lte=F("residents")),
                name="region_year_insured",
                violation_error_message=_("参保人数超过常住人口数"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region_id} {self.year}"


def in_force(row: "Coverage | PersonMark", day: date) -> bool:
    """Whether a spell or mark holds on the day."""
    first, last = (row.valid_from, row.valid_to) if isinstance(row, Coverage) else (row.since, row.until)
    return first <= day and (last is None or day <= last)


access.scoped("region_id", Act.ENROLMENT_READ)(TemporaryGroup)
access.scoped("person__region_id", Act.ENROLMENT_READ)(Enrolment)
access.scoped("region_id", Act.ENROLMENT_READ)(Contribution)
access.scoped("person__region_id", Act.ENROLMENT_READ)(Coverage)
access.scoped("person__region_id", Act.ENROLMENT_READ)(PersonMark)
access.scoped("region_id", Act.ENROLMENT_READ)(RegionYear)
