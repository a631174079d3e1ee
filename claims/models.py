"""Claims, what the engine made of them, and the accumulators of a person's year."""

from typing import ClassVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access, integrity
from accounts.access import Act
from accounts.fields import CheckedForeignKey
from accounts.models import Region, User
from beneficiaries.models import Person
from claims.contradictions.models import Contradiction
from claims.entry.models import ClaimEntry
from claims.fund.differences.models import Difference, Receipt
from claims.fund.models import (
    BankBalance,
    BatchLine,
    Budget,
    FundEntry,
    ManualEntry,
    Override,
    PaymentBatch,
    PaymentOrder,
    Posting,
)
from claims.institutions.models import Institution
from claims.later.models import (
    Adjustment,
    ClaimException,
    EarlierFacts,
    LaterFact,
    OtherPayment,
    Resettlement,
    ResettlementLine,
    YearEnd,
)
from claims.staged import StagedClaim
from claims.trials.models import TrialPerson, TrialRun
from exchange.models import InboundFile
from policies.models import PolicyFigures, PolicyVersion
from policies.sayings import category_label

__all__ = [
    "Adjustment",
    "BankBalance",
    "BatchLine",
    "Budget",
    "Claim",
    "ClaimEntry",
    "ClaimException",
    "Contradiction",
    "Difference",
    "EarlierFacts",
    "FundEntry",
    "Institution",
    "LaterFact",
    "ManualEntry",
    "OtherPayment",
    "Override",
    "PaymentBatch",
    "PaymentOrder",
    "PersonYear",
    "Posting",
    "Receipt",
    "Resettlement",
    "ResettlementLine",
    "Settlement",
    "StagedClaim",
    "TrialPerson",
    "TrialRun",
    "YearEnd",
]


def fen(label: object, **options: object) -> models.BigIntegerField:
    """A column of money: integer fen."""
    return models.BigIntegerField(label, default=0, **options)  # type: ignore[arg-type]


# A row of a file is on record with its file (who sent, who confirmed): only entries by hand leave an insert event.
@pghistory.track(
    pghistory.InsertEvent(condition=pgtrigger.Q(new__source__isnull=True)),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    level=pghistory.Statement,
)
class Claim(models.Model):
    """费用: one settled bill as the platform sent it; amounts are fen.

    What it says changes only with a later truth (`claims.later`): the old facts are kept, a reversed claim stays.
    """

    class Service(models.TextChoices):
        INPATIENT = "inpatient", _("住院")
        OUTPATIENT = "outpatient", _("普通门诊")
        CHRONIC = "chronic", _("门诊慢特病")
        MAJOR_CHRONIC = "major_chronic", _("重特大门诊特殊慢性病")
        SPECIAL_DRUG = "special_drug", _("门诊特药")

    class Location(models.TextChoices):
        COUNTY = "county", _("县域内")
        CITY = "city", _("市域内")
        PROVINCE = "province", _("省域内")
        OUTSIDE = "outside", _("省域外")

    class Referred(models.TextChoices):
        YES = "yes", _("已转诊")
        NO = "no", _("未按规定转诊")
        NOT_NEEDED = "not_needed", _("无须转诊")
        EXCEPTED = "excepted", _("复核认可的例外")

    # Foreign keys that a composite index below begins with carry none of their own: imports append by the million.
    claim_no = models.CharField(_("结算号"), max_length=60)
    person = CheckedForeignKey(Person, models.PROTECT, related_name="claims", verbose_name=_("人员"), db_index=False)
    region = CheckedForeignKey(Region, models.PROTECT, verbose_name=_("参保地区"), db_index=False)
    service = models.CharField(_("医疗类别"), max_length=15, choices=Service.choices)
    settled_on = models.DateField(_("结算日期"))
    institution = models.CharField(_("定点机构"), max_length=30, blank=True)
    insurance = models.CharField(
        _("险种"), max_length=6, default="390", help_text="insutype: 390 resident, 310 employee"
    )
    hospital_level = models.PositiveSmallIntegerField(_("机构等级"))
    charge_class = models.PositiveSmallIntegerField(_("收费类别"), default=1)
    location = models.CharField(_("就医地"), max_length=10, choices=Location.choices)
    referred = models.CharField(_("转诊"), max_length=12, choices=Referred.choices)
    major_disease = models.BooleanField(_("重大疾病"), default=False)
    control_waived = models.BooleanField(_("目录外控制豁免"), default=False)
    chronic_management = models.CharField(max_length=10, blank=True)
    total = fen(_("医疗费总额"))
    in_scope = fen(_("政策范围内费用"))
    out_of_catalogue = fen(_("目录外费用"))
    basic_paid = fen(_("基本医保支付"))
    other_paid = fen(_("其他支付"))
    disease_code = models.CharField(_("病种编码"), max_length=30, blank=True, db_default="", help_text="dise_codg")
    disease_name = models.CharField(_("病种名称"), max_length=100, blank=True, db_default="", help_text="dise_name")
    # What the law has ended but a bill may still carry (S0-08, S4-10): marks for the audit, no part of settlement.
    tilted_basic = models.BooleanField(_("基本医保倾斜"), default=False, db_default=False)
    supplementary_paid = fen(_("补充保险支付"), db_default=0)
    reversed_at = models.DateTimeField(_("冲正时间"), null=True)
    # What the platform paid is kept beside ours; of an employee (310) it is the payment that assistance follows.
    # Null where it did not say.
    platform_cii = models.BigIntegerField(_("平台大病保险支付"), null=True)
    platform_assistance = models.BigIntegerField(_("平台医疗救助支付"), null=True)
    source = CheckedForeignKey(InboundFile, models.PROTECT, null=True, db_index=False)
    source_row = models.PositiveIntegerField(null=True)
    entered_by = CheckedForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("录入人"), db_index=False
    )
    note = models.CharField(_("备注"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("费用")
        ordering = ("-settled_on", "-id")
        indexes: ClassVar = [
            models.Index(fields=["person", "settled_on", "claim_no"]),
            # The list: newest first, each index with what else is asked of it, so that a page and its capped count
            # are read from the index alone. A county walks its own, a city (a range of regions gives no order) the
            # days; services that are rare among all have one, the others are soon found on the way.
            models.Index(fields=["region", "-settled_on", "-id", "service"], name="claim_by_region"),
            models.Index(fields=["-settled_on", "-id", "region", "service"], name="claim_by_day"),
            models.Index(
                fields=["service", "-settled_on", "-id", "region"],
                condition=~Q(service="inpatient") & ~Q(service="outpatient"),
                name="claim_by_service",
            ),
            models.Index(
                fields=["institution", "-settled_on", "-id", "region"],
                condition=~Q(institution=""),
                name="claim_by_institution",
            ),
            models.Index(fields=["source"], condition=Q(source__isnull=False), name="claim_source"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["claim_no"], name="claim_once", violation_error_message=_("这个结算号已经登记")
            ),
            models.CheckConstraint(
                condition=Q(basic_paid__gte=0) & Q(basic_paid__lte=F("in_scope")),
                name="claim_basic_paid",
                violation_error_message=_("基本医保支付须在零与政策范围内费用之间"),
            ),
            models.CheckConstraint(
                condition=Q(total__gte=F("in_scope") + F("out_of_catalogue")),
                name="claim_total",
                violation_error_message=_("政策范围内费用与目录外费用之和超过总额"),
            ),
        ]
        triggers: ClassVar = [
            *integrity.known(
                {
                    "person_id": ("beneficiaries_person", "id"),
                    "region_id": ("accounts_region", "code"),
                    "source_id": ("exchange_inboundfile", "id"),
                    "entered_by_id": ("accounts_user", "id"),
                }
            ),
            integrity.keeps("claims_settlement", "claim_id"),
        ]

    def __str__(self) -> str:
        return self.claim_no

    @property
    def given_cii(self) -> int | None:
        """An employee's own critical-illness payment, which assistance follows; None for residents."""
        return (self.platform_cii or 0) if self.insurance == "310" else None


FROZEN = (
    "claim_id version_id figures_id category spell_ids approved cii_paid assistance out_of_catalogue_assistance top_up"
    " institution_borne over_control in_scope_burden personal_burden before steps settled_at settled_by_id"
).split()


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), level=pghistory.Statement)
class Settlement(models.Model):
    """结算: what the engine made of a claim under a version; the current one is not `superseded_at`.

    `steps` is the engine's trace: every intermediate amount, ratio and limit of the winning chain, and the person's
    state after it, in the order of `policies.engine.chain` (O_…). With the version and its figures, both of which
    never change, it gives the statement again, line by line, in any language (`claims.statements`).
    """

    claim = CheckedForeignKey(Claim, models.PROTECT, related_name="settlements", db_index=False)
    version = CheckedForeignKey(PolicyVersion, models.PROTECT, verbose_name=_("政策版本"), db_index=False)
    figures = CheckedForeignKey(PolicyFigures, models.PROTECT, verbose_name=_("数值组"), db_index=False)
    category = models.CharField(_("适用类别"), max_length=30, help_text="category code or none")
    spell_ids = ArrayField(
        models.BigIntegerField(), default=list, help_text="category spells that were valid on the day"
    )
    approved = ArrayField(
        models.CharField(max_length=30), default=list, help_text="categories on application that were approved"
    )
    cii_paid = fen(_("大病保险"))
    assistance = fen(_("医疗救助"))
    out_of_catalogue_assistance = fen(_("目录外救助"))
    top_up = fen(_("倾斜救助"))
    institution_borne = fen(_("机构承担"))
    over_control = models.BooleanField(_("目录外超标"), default=False)
    in_scope_burden = fen(_("政策范围内个人负担"))
    personal_burden = fen(_("个人负担"))
    before = ArrayField(models.BigIntegerField(), default=list, help_text="the person's state before it, chain.S_…")
    steps = ArrayField(models.BigIntegerField(), default=list, help_text="the engine's trace, chain.O_…")
    settled_at = models.DateTimeField(default=timezone.now)
    settled_by = CheckedForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("结算")
        constraints: ClassVar = [
            # One index for "the one in force" and "all of a claim": two in force would be the same to it.
            models.UniqueConstraint(
                fields=["claim", "superseded_at"], nulls_distinct=False, name="one_settlement_in_force"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["claim"], condition=Q(over_control=True, superseded_at=None), name="settlement_over_control"
            )
        ]
        # Nothing can change but that a later one takes its place; so the row is its own record of being made.
        triggers: ClassVar = [
            *integrity.known(
                {
                    "claim_id": ("claims_claim", "id"),
                    "version_id": ("policies_policyversion", "id"),
                    "figures_id": ("policies_policyfigures", "id"),
                    "settled_by_id": ("accounts_user", "id"),
                }
            )[:1],
            integrity.frozen(FROZEN, but="superseded_at", message="结算 % 已生成，不能修改"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.category}"

    @property
    def category_label(self) -> str:
        return category_label(self.category)


class PersonYear(models.Model):
    """年度累计: the chain's state and the warning measures of one person and year, kept with every settlement.

    Its row is the lock of the person's year. Measures are sums of fen over the year's claims.
    """

    # Every settlement rewrites the row and whatever indexes it: only those that are asked stand.
    person = models.ForeignKey(Person, models.PROTECT, related_name="years", db_index=False)
    year = models.PositiveSmallIntegerField(_("年度"))
    region = CheckedForeignKey(Region, models.PROTECT, db_index=False)
    version = CheckedForeignKey(PolicyVersion, models.PROTECT, null=True, db_index=False)
    state = models.JSONField(default=dict, help_text="engine state, integers")
    claims = models.PositiveIntegerField(_("笔数"), default=0)
    total = fen(_("医疗费总额"))
    in_scope = fen(_("政策范围内费用"))
    basic_paid = fen(_("基本医保支付"))
    cii_paid = fen(_("大病保险"))
    assistance = fen(_("医疗救助"))
    out_of_catalogue_assistance = fen(_("目录外救助"))
    top_up = fen(_("倾斜救助"))
    in_scope_burden = fen(_("政策范围内个人负担"))
    personal_burden = fen(_("个人负担"))
    measure = fen(_("预警口径金额"), help_text="the sum that the policy's warning lines measure")
    last_settled_on = models.DateField(null=True)
    last_claim_no = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("年度累计")
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "year"], name="person_year_once")]
        triggers: ClassVar = integrity.known(
            {"region_id": ("accounts_region", "code"), "version_id": ("policies_policyversion", "id")}
        )
        indexes: ClassVar = [models.Index(fields=["year", "region", "measure"])]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year}"


access.scoped("region_id", Act.CLAIM_READ)(Claim)
access.scoped("region_id", Act.CLAIM_READ)(PersonYear)
