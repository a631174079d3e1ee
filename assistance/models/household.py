"""家庭经济状况: who lives together, on what, with what property, and what of it was checked by whom."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.fields import EncryptedTextField
from accounts.masking import mask_id_number
from accounts.models import User
from assistance.models.application import Application, put_through
from assistance.vocabulary import IncomeKind, PropertyKind, Verdict
from beneficiaries.models import Person


class Checked(models.Model):
    """A stated fact with what checking it found: nothing yet while `verdict` is empty."""

    verdict = models.CharField(_("核对结果"), max_length=10, choices=Verdict.choices, blank=True)
    checked_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("核对人"), db_index=False
    )
    checked_at = models.DateTimeField(_("核对时间"), null=True)
    check_note = models.CharField(_("核对依据"), max_length=200, blank=True)

    class Meta:
        abstract = True

    def mark(self, actor: User, verdict: str, note: str) -> None:
        self.verdict, self.check_note = verdict, note[:200]
        self.checked_by, self.checked_at = actor, timezone.now()


@tracked()
class HouseholdMember(Checked):
    """家庭成员 as stated; `person` where the register knows them."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name=_("人员"))
    name = models.CharField(_("姓名"), max_length=80)
    id_number = EncryptedTextField(_("证件号码"), purpose="id_number", null=True, blank=True)
    id_key = models.UUIDField(null=True, editable=False, db_index=True)
    relation = models.CharField(_("与申请人关系"), max_length=20)
    able_to_work = models.BooleanField(_("有劳动能力"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("家庭成员")
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application", "id_key"],
                condition=Q(id_key__isnull=False),
                name="member_once",
                violation_error_message=_("这名家庭成员已经填写"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def masked_id_number(self) -> str:
        return mask_id_number(self.id_number or "")


@tracked()
class Income(Checked):
    """收入 of the months that the test counts, in fen; `found` where checking came to another amount."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="incomes")
    member = models.ForeignKey(HouseholdMember, models.CASCADE, null=True, related_name="+", verbose_name=_("成员"))
    kind = models.CharField(_("收入种类"), max_length=10, choices=IncomeKind.choices)
    amount = models.BigIntegerField(_("申报金额"), help_text="fen")
    found = models.BigIntegerField(_("核定金额"), null=True, help_text="fen")
    source = models.CharField(_("来源"), max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("家庭收入")
        ordering = ("id",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gte=0) & (Q(found=None) | Q(found__gte=0)), name="income_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"

    @property
    def counted(self) -> int:
        """What the test counts, fen: the checked amount where there is one."""
        return self.amount if self.found is None else self.found


@tracked()
class Property(Checked):
    """财产 as stated, with its value in fen where known."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="properties")
    kind = models.CharField(_("财产种类"), max_length=10, choices=PropertyKind.choices)
    description = models.CharField(_("说明"), max_length=120)
    value = models.BigIntegerField(_("估值"), null=True, help_text="fen")

    class Meta:
        verbose_name = verbose_name_plural = _("家庭财产")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.description


@tracked()
class Check(models.Model):
    """核查 of one round: the facts found, every leg of the test, the entitlement with its working; never changed."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="checks")
    round = models.PositiveSmallIntegerField()
    locally_registered = models.BooleanField(_("具有当地户籍"))
    seriously_ill = models.BooleanField(_("患重大疾病"))
    property_within_rules = models.BooleanField(_("家庭财产状况符合规定"))
    persons = models.PositiveSmallIntegerField(_("家庭人数"))
    income = models.BigIntegerField(_("家庭收入"), help_text="fen, of the months counted")
    costs = models.BigIntegerField(_("个人负担医疗费用"), help_text="fen, from the claims of the months counted")
    other_costs = models.BigIntegerField(_("系统外医疗费用"), default=0, help_text="fen, by receipts")
    categories = models.JSONField(default=list, help_text="codes held on the day of application")
    test: Any = models.JSONField(null=True, help_text="the S1-02 test as the engine gave it; null: not governed")
    lines = models.JSONField(default=list, help_text="working of the entitlement, lines of the engine")
    entitled = models.BigIntegerField(_("可核定金额"), null=True, help_text="fen; null: by the panel, or no amount")
    proposed = models.BigIntegerField(_("建议金额"), null=True, help_text="fen")
    findings = models.JSONField(default=list, help_text="what the comparison with the register showed")
    opinion = models.TextField(_("核查意见"), max_length=2000)
    checked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("核查人"))
    checked_at = models.DateTimeField(_("核查时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("核查结果")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["application", "-id"])]

    def __str__(self) -> str:
        return f"{self.application_id}:{self.round}"


for part in (HouseholdMember, Income, Property, Check):
    access.scoped("application__region_id", Act.APPLICATION_READ, narrow=put_through)(part)
