"""申请: the application, every move of it, its papers, questions to departments, what the township hears of it."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.models import Region, User
from accounts.vocabulary import Category, Department, Role
from assistance.vocabulary import BOARD, FINAL, OPEN, TONES, Did, Kind, State
from beneficiaries.models import Person
from policies.models import PolicyVersion


@tracked()
class Application(models.Model):
    """申请 of a person under one rule of the policy in force on the day of application.

    `revision` rises with every write: whoever acts says which one they saw. The clock of the step is `due_on`; while
    the office waits for the applicant or a department it is null, and `clock` keeps per state the working days left.
    """

    number = models.CharField(_("申请号"), max_length=30, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="applications", verbose_name=_("申请人"))
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("所在地区"), db_index=False)
    kind = models.CharField(_("种类"), max_length=12, choices=Kind.choices)
    rule = models.CharField(_("申请事项"), max_length=80, help_text="name of the ApplicationKind in the document")
    clauses = ArrayField(models.CharField(max_length=10), verbose_name=_("条款"), default=list)
    version = models.ForeignKey(PolicyVersion, models.PROTECT, verbose_name=_("政策版本"), db_index=False)
    category = models.CharField(_("人员类别"), max_length=30, choices=Category.choices, blank=True)
    applied_on = models.DateField(_("申请日期"))
    reason = models.TextField(_("申请理由"), max_length=2000)
    amount_asked = models.BigIntegerField(_("申请金额"), null=True, help_text="fen")
    consent = models.BooleanField(_("授权核对家庭经济状况"), default=False)
    # Where it began, when not at the counter: `warning:12`, `claim:34`.
    origin = models.CharField(_("来源"), max_length=40, blank=True)

    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.DRAFT)
    since = models.DateTimeField(_("进入本状态的时间"), default=timezone.now)
    due_on = models.DateField(_("办理期限"), null=True)
    clock = models.JSONField(default=dict, help_text="working days left by state, while another step runs")
    mend_by = models.DateField(_("补正期限"), null=True)
    revision = models.PositiveIntegerField(default=1)
    round = models.PositiveSmallIntegerField(_("轮次"), default=1, help_text="an appeal opens the next")

    registrar = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("登记人"), db_index=False)
    office = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+", verbose_name=_("登记机构"))
    enterers = ArrayField(models.BigIntegerField(), default=list, help_text="who registered, mended or submitted it")
    checker = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("核查人"), db_index=False
    )
    checkers = ArrayField(models.BigIntegerField(), default=list, help_text="of all rounds")
    reviewer = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("审批人"), db_index=False
    )
    past_reviewers = ArrayField(models.BigIntegerField(), default=list, help_text="of rounds that an appeal ended")
    created_at = models.DateTimeField(_("登记时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("救助申请")
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["region", "-id"], name="application_region"),
            models.Index(fields=["state", "region", "due_on"], name="application_state"),
            models.Index(fields=["region", "due_on"], condition=Q(due_on__isnull=False), name="application_due"),
            # Lists in the order of their day, of any region.
            models.Index(fields=["due_on", "id"], name="application_day"),
            # The board: the first few of each state by their day, whatever is filed already.
            models.Index(
                fields=["state", "due_on", "id"],
                include=["region"],
                condition=Q(state__in=[state.value for state in BOARD]),
                name="application_board",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(due_on=None) | ~Q(state__in=[state.value for state in FINAL]),
                name="application_final_has_no_clock",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def tone(self) -> str:
        return TONES[State(self.state)]

    @property
    def late_by(self) -> int:
        """Days past the day by which the step was due; 0 in time or while the clock stands."""
        return max(0, (timezone.localdate() - self.due_on).days) if self.due_on else 0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class Step(models.Model):
    """记录: one move of an application; appended, never changed."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="steps", db_index=False)
    did = models.CharField(_("事项"), max_length=20, choices=Did.choices)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    at = models.DateTimeField(_("时间"), default=timezone.now)
    reason = models.TextField(_("说明"), blank=True)
    from_state = models.CharField(max_length=10, choices=State.choices, blank=True)
    to_state = models.CharField(max_length=10, choices=State.choices)
    revision = models.PositiveIntegerField(help_text="of the application after it")
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("办理记录")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["application", "-id"])]
        triggers: ClassVar = [pgtrigger.Protect(name="step_is_appended", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.application_id} {self.did}"

    @property
    def who(self) -> str:
        return str(self.actor) if self.actor_id else str(_("系统"))


@tracked()
class Paper(models.Model):
    """材料清单 item: there, or missing with a day for it (容缺受理, S2-12). Its files are StoredFile of its label."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="papers")
    label = models.CharField(_("材料"), max_length=80)
    order = models.PositiveSmallIntegerField(default=0)
    promised_on = models.DateField(_("容缺补交日期"), null=True)
    seen_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="original seen, no file")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("材料清单")
        ordering = ("order", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["application", "label"], name="paper_once")]

    def __str__(self) -> str:
        return self.label


@tracked()
class Question(models.Model):
    """询问 of a department; the clock of the check stands until it is answered."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="questions")
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    text = models.TextField(_("询问内容"), max_length=1000)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("询问时间"), default=timezone.now)
    answer = models.TextField(_("答复"), max_length=2000, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(_("答复时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("部门询问")
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["department"], condition=Q(answered_at=None), name="question_open"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.department}"


class Notice(models.Model):
    """回告: what the township or village that took the application hears of it (S1-20)."""

    step = models.OneToOneField(Step, models.PROTECT, related_name="notice")
    application = models.ForeignKey(Application, models.PROTECT, related_name="notices")
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", db_index=False)
    read_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("办理回告")
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["region", "-id"]),
            models.Index(fields=["region"], condition=Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}"


def put_to(user: User, through: str = "") -> Q:
    """Which applications of the region a user sees: a panel member those put to the own department, a fund officer
    those with money decided, everyone else all. `through` leads from another model, e.g. `application__`."""
    from assistance.models.panel import MeetingCase

    if user.may(Act.APPLICATION_REGISTER) or user.may(Act.APPLICATION_DECIDE) or user.may(Act.AUDIT_READ):
        return Q()
    mine = Q(pk__in=[])
    if user.may(Act.APPLICATION_PANEL):
        put = MeetingCase.objects.filter(meeting__departments__contains=[user.department])
        mine |= Q(**{f"{through}pk__in": put.values("application")})
    if user.may(Act.APPLICATION_PAY):
        paying = [State.APPROVED.value, State.PAID.value, State.CLOSED.value]
        mine |= Q(**{f"{through}state__in": paying}) & ~Q(**{f"{through}kind": Kind.ELIGIBILITY.value})
    return mine


def put_through(user: User) -> Q:
    return put_to(user, "application__")


def asked_of(user: User) -> Q:
    """A department sees the questions put to it; who handles applications sees all."""
    return Q() if user.may(Act.APPLICATION_CHECK) else Q(department=user.department)


access.scoped("region_id", Act.APPLICATION_READ, narrow=put_to)(Application)
access.scoped("application__region_id", Act.QUESTION_ANSWER, narrow=asked_of)(Question)
access.scoped("region_id", Act.APPLICATION_REGISTER)(Notice)
for part in (Step, Paper):
    access.scoped("application__region_id", Act.APPLICATION_READ, narrow=put_through)(part)
