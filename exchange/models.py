"""Partners, their inbound files with staged rows, and outbound deliveries."""

import uuid
from datetime import date, timedelta
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.fields import EncryptedTextField
from accounts.models import Job, Organisation, Region, User
from accounts.vocabulary import Category, Department
from exchange.inquiries.models import Inquiry


def own_department(user: User) -> Q:
    """A liaison sees the files and deliveries of the own department; the bureau sees all."""
    return Q() if user.department == Department.MEDICAL_SECURITY else Q(department=user.department)


@tracked()
class InboundFile(models.Model):
    """来文: one file of a partner for a month and region: read, compared, confirmed or given back, undone."""

    class Kind(models.TextChoices):
        ROSTER = "roster", _("名单")
        CLAIMS = "claims", _("结算明细")
        CONTRIBUTIONS = "contributions", _("缴费")
        FEEDBACK = "feedback", _("核实反馈")
        LIST = "list", _("比对名单")

    class Mode(models.TextChoices):
        FULL = "full", _("全量")
        CHANGES = "changes", _("变动")

    class State(models.TextChoices):
        RECEIVED = "received", _("已接收")
        READY = "ready", _("待确认")
        CONFIRMED = "confirmed", _("已确认")
        REFUSED = "refused", _("已退回")
        CANCELLED = "cancelled", _("已放弃")
        UNDONE = "undone", _("已撤销")

    kind = models.CharField(_("种类"), max_length=15, choices=Kind.choices)
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    month = models.DateField(_("月份"), help_text="first day of the month")
    mode = models.CharField(_("方式"), max_length=10, choices=Mode.choices, default=Mode.FULL)
    name = models.CharField(_("文件名"), max_length=200)
    file = models.FileField(help_text="sealed, see exchange.vault")
    sha256 = models.CharField(max_length=64)
    state = models.CharField(_("状态"), max_length=12, choices=State.choices, default=State.RECEIVED)
    message = models.TextField(_("说明"), blank=True)
    # Counts by outcome as the preview shows them, notes on ignored columns.
    counts = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    unusual = models.CharField(_("须复核的原因"), max_length=200, blank=True, help_text="why a second person confirms")
    job = models.ForeignKey(Job, models.SET_NULL, null=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    second_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="unusual share of exits")
    uploaded_at = models.DateTimeField(_("上传时间"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("来文")
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["kind", "region", "department", "month"]),
            models.Index(fields=["sha256"]),
        ]

    def __str__(self) -> str:
        return self.name

    # Set by `receive_file` when the very same file was there already.
    again: bool = False

    @property
    def month_end(self) -> date:
        """Last day of the month that the file speaks of."""
        return (self.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def tone(self) -> str:
        """How its state's badge looks (components/badge.html)."""
        return {self.State.READY: "due", self.State.CONFIRMED: "done", self.State.REFUSED: "late"}.get(
            InboundFile.State(self.state), "plain"
        )


class ImportRule(models.Model):
    """收文规则 that a bureau sets for its region; the nearest region upward that has one counts."""

    region = models.OneToOneField(Region, models.PROTECT, primary_key=True, verbose_name=_("行政区划"))
    exit_share = models.PositiveSmallIntegerField(
        _("退出占比上限（%）"), default=20, help_text=_("全量名单中退出人数超过这一占比时，须由第二人确认")
    )

    class Meta:
        verbose_name = verbose_name_plural = _("收文规则")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(exit_share__lte=100),
                name="exit_share_percent",
                violation_error_message=_("占比须在0到100之间"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.region_id} {self.exit_share}%"


class Outcome(models.TextChoices):
    """What a row of a partner's file came to; every row has exactly one."""

    NEW = "new", _("新增")
    CHANGED = "changed", _("变更")
    UNCHANGED = "unchanged", _("不变")
    EXITED = "exited", _("退出")
    DOUBTFUL = "doubtful", _("存疑")
    ERROR = "error", _("错误")


class RowContent(models.Model):
    """What is known of one row of an inbound file, normalised.

    Typed columns for the set-based comparison; identity number and phone are cipher text with their blind index.
    `row` is the spreadsheet's line number; rows of people who are missing from a full roster have none.
    """

    class Decision(models.TextChoices):
        """What a person said of a doubtful row; each answers some codes only (`exchange.deciding`)."""

        TAKE_FILE = "take_file", _("采用来文姓名")
        KEEP_REGISTER = "keep_register", _("保留登记姓名")
        ALIVE = "alive", _("死亡登记有误，此人健在")
        CHOOSE = "choose", _("采用这一行")
        DROP = "drop", _("不采用这一行")
        REJECT = "reject", _("退回部门核实")

    row = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    code = models.CharField(max_length=30, blank=True, db_default="")
    field = models.CharField(max_length=40, blank=True, db_default="")
    reason = models.CharField(max_length=300, blank=True, db_default="")
    id_number = EncryptedTextField(purpose="id_number", null=True)
    id_key = models.UUIDField(null=True)
    name = models.CharField(max_length=80, blank=True, db_default="")
    category = models.CharField(max_length=30, blank=True, db_default="", choices=Category.choices)
    region_code = models.CharField(max_length=12, blank=True, db_default="")
    household = models.CharField(max_length=40, blank=True, db_default="")
    relation = models.CharField(max_length=20, blank=True, db_default="")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    exit_reason = models.CharField(max_length=200, blank=True, db_default="")
    phone = EncryptedTextField(purpose="phone", null=True)
    phone_key = models.UUIDField(null=True)
    person_id = models.BigIntegerField(null=True, help_text="beneficiaries.Person found by identity number")
    spell_id = models.BigIntegerField(null=True, help_text="open beneficiaries.CategorySpell compared with")
    # Columns of the other kinds of files (claims, feedback): integers of fen, codes, ISO dates; no identity number.
    values = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    decision = models.CharField(_("处理"), max_length=15, choices=Decision.choices, blank=True, db_default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.file_id}:{self.row}"


class StagedRow(RowContent):
    """暂存行: one row of an inbound file before anything is written to the register."""

    # Found by the index of file and outcome: one index less to write for each of a million rows. Only staging writes
    # rows, in the transaction that holds the file: a check of each row's file by the database would cost more than
    # writing it.
    file = models.ForeignKey(InboundFile, models.CASCADE, related_name="rows", db_index=False, db_constraint=False)
    digest = models.UUIDField(null=True, help_text="keyed hash of the row's normalised content")
    said = models.UUIDField(null=True, help_text="keyed hash of the row's cells as they stand in the file")
    otherwise = models.CharField(
        max_length=10, choices=Outcome.choices, blank=True, db_default="", help_text="outcome once the doubt is settled"
    )
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("暂存行")
        indexes: ClassVar = [models.Index(fields=["file", "outcome", "row"])]


class UnchangedRows(models.Model):
    """Some rows of a file that say cell by cell what the department said last month: they are not staged one by one."""

    MANY: ClassVar = 190
    """Lines of one of these: two of them fit in a page of the database."""

    file = models.ForeignKey(InboundFile, models.CASCADE, related_name="unchanged", db_constraint=False)
    first = models.PositiveIntegerField(help_text="of the lines")
    last = models.PositiveIntegerField()
    lines = ArrayField(models.PositiveIntegerField(), help_text="of the spreadsheet, ascending")
    spells = ArrayField(models.BigIntegerField(), help_text="beneficiaries.CategorySpell of each line")
    persons = ArrayField(models.BigIntegerField(), help_text="beneficiaries.Person of each line")

    def __str__(self) -> str:
        return f"{self.file_id}:{self.first}–{self.last}"


class FileRow(RowContent):
    """Every row of a file: the staged ones and those of `UnchangedRows`, of which line, spell and person are known."""

    file = models.ForeignKey(InboundFile, models.DO_NOTHING, related_name="every_row", db_constraint=False)
    # Lines of the `UnchangedRows` that it is of; its own, where it was staged. To ask for few of many.
    first = models.PositiveIntegerField(null=True)
    last = models.PositiveIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "exchange_filerow"


@tracked()
class Partner(models.Model):
    """伙伴: how an organisation gets its deliveries."""

    class Channel(models.TextChoices):
        WEBHOOK = "webhook", _("签名推送")
        SFTP = "sftp", _("SFTP 投放")
        PORTAL = "portal", _("网页下载")

    organisation = models.OneToOneField(Organisation, models.PROTECT, verbose_name=_("机构"))
    channel = models.CharField(_("通道"), max_length=10, choices=Channel.choices, default=Channel.PORTAL)
    url = models.CharField(_("接收地址"), blank=True, max_length=300)
    # Newest first; a receiver that still holds the older one verifies too (rotation without a gap).
    secrets = EncryptedTextField(
        purpose="partner.secrets", blank=True, default="", help_text="whsec_… or sshkey_… by space"
    )
    host_key = models.CharField(_("主机密钥"), blank=True, default="", max_length=1000, help_text="pinned: type base64")
    password = EncryptedTextField(purpose="partner.password", blank=True, default="")
    batch_size = models.PositiveIntegerField(_("每批条数"), default=500, validators=[MinValueValidator(1)])
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("交换伙伴")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(channel__in=["webhook", "sftp"]) | ~Q(url=""),
                name="partner_has_url",
                violation_error_message=_("签名推送和 SFTP 投放须填写接收地址"),
            )
        ]

    def __str__(self) -> str:
        return str(self.organisation)


# A list that is closed stays as it is: a correction goes as a list of its own. Fires only where one of these is set.
CONTENT = ("number", "kind", "department", "region_id", "month", "rows", "batch_size", "sha256", "body")
FROZEN = """
IF ({old}) IS DISTINCT FROM ({new}) THEN
    RAISE EXCEPTION '清单 % 已关闭，不能修改', OLD.number USING ERRCODE = 'integrity_constraint_violation';
END IF;
RETURN NEW;
""".format(old=", ".join(f"OLD.{name}" for name in CONTENT), new=", ".join(f"NEW.{name}" for name in CONTENT))


@tracked(exclude=["body"])
class Delivery(models.Model):
    """送达: what goes to one department for a month, written in the transaction that closes the list.

    `<id>:<part>` is the idempotency key (`webhook-id`) of every attempt. States and moves: `exchange.deliveries`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("待发送")
        SENDING = "sending", _("发送中")
        SENT = "sent", _("已送达")
        ACKNOWLEDGED = "acknowledged", _("已签收")
        PARKED = "parked", _("发送失败待处理")

    class Kind(models.TextChoices):
        WARNINGS = "warnings", _("预警名单")
        WITHDRAWALS = "withdrawals", _("撤回预警")
        SERIOUS = "serious", _("重病患者名单")
        MONITORED = "monitored", _("新增监测对象")
        OUT_OF_CATALOGUE = "out_of_catalogue", _("目录外负担")
        REMINDERS = "reminders", _("催办")
        ENROLMENT = "enrolment", _("参保登记")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(
        _("文号"), max_length=60, unique=True, help_text="warnings-150500-civil_affairs-2023-05-1"
    )
    kind = models.CharField(_("种类"), max_length=20, choices=Kind.choices, default=Kind.WARNINGS)
    partner = models.ForeignKey(Partner, models.PROTECT, verbose_name=_("伙伴"))
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    month = models.DateField(_("月份"))
    rows = models.PositiveIntegerField(_("条数"))
    # A long list goes in parts of this many rows, fixed here so that a part is the same at every attempt.
    batch_size = models.PositiveIntegerField(_("每批条数"), default=500, validators=[MinValueValidator(1)])
    parts_done = models.PositiveIntegerField(_("已签收批数"), default=0)
    sha256 = models.CharField(_("校验值"), max_length=64)
    body = EncryptedTextField(purpose="delivery.body")
    state = models.CharField(_("状态"), max_length=14, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(_("次数"), default=0)
    next_attempt_at = models.DateTimeField(_("下次发送"), null=True, default=timezone.now)
    last_error = models.TextField(_("失败原因"), blank=True)
    created_at = models.DateTimeField(_("生成时间"), default=timezone.now)
    sent_at = models.DateTimeField(_("送达时间"), null=True)
    acknowledged_at = models.DateTimeField(_("签收时间"), null=True)
    receipt = models.CharField(_("回执"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("送达")
        ordering = ("-created_at", "id")
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], condition=Q(state__in=["waiting", "sending"]), name="delivery_due")
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="content_is_frozen", when=pgtrigger.Before, operation=pgtrigger.UpdateOf(*CONTENT), func=FROZEN
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def tone(self) -> str:
        """How its state is shown (templates/components/badge.html)."""
        return {"acknowledged": "done", "sent": "info", "sending": "info", "parked": "late"}.get(self.state, "due")

    @property
    def parts(self) -> int:
        """Calls that the whole list takes; an empty list takes one, for it is news too."""
        return max(1, -(-self.rows // self.batch_size))


class DeliveryAttempt(models.Model):
    """One call to a partner and what it answered; appended, never changed."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="tries")
    part = models.PositiveIntegerField(_("批次"))
    attempt = models.PositiveIntegerField(_("第几次"))
    at = models.DateTimeField(_("时间"), default=timezone.now)
    status = models.PositiveSmallIntegerField(_("应答码"), null=True)
    error = models.CharField(_("失败原因"), max_length=300, blank=True)
    milliseconds = models.PositiveIntegerField(_("用时（毫秒）"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("发送记录")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.delivery_id}:{self.part} {self.status or self.error}"


access.scoped("region_id", Act.ROSTER_READ, narrow=own_department)(InboundFile)
access.scoped("region_id", Act.DELIVERY_READ, narrow=own_department)(Delivery)
access.scoped("organisation__region_id", Act.PARTNER_ADMIN)(Partner)
access.scoped("region_id", Act.ACCOUNT_ADMIN)(ImportRule)
access.scoped("region_id", Act.ROSTER_READ, narrow=own_department)(Inquiry)

# At the end: their keys point to the models above.
from exchange.partner_api.models import ApiCall, ApiKey, IdempotentAnswer  # noqa: E402, F401
