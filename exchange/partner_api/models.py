"""Keys of partners' programs, what each was answered once, and the record of calls."""

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.fields import EncryptedTextField


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(exclude=["last_used_at"])),
    pghistory.DeleteEvent(),
    exclude=["sha256"],
)
class ApiKey(models.Model):
    """接口密钥 of a partner or an institution in one region. The key itself is shown once; its SHA-256 is kept (256
    bits of chance need no slow hash)."""

    class Scope(models.TextChoices):
        STATUS = "status", _("查询人员身份和待遇")
        PREVIEW = "preview", _("结算预览")
        CLAIM = "claim", _("报送费用")
        DELIVERY = "delivery", _("领取和签收预警")

    label = models.CharField(_("用途"), max_length=80, help_text=_("例如：市人民医院 HIS"))
    partner = models.ForeignKey(
        "exchange.Partner", models.PROTECT, null=True, blank=True, related_name="keys", verbose_name=_("交换伙伴")
    )
    institution = models.CharField(_("医疗机构编码"), max_length=30, blank=True)
    region = models.ForeignKey("accounts.Region", models.PROTECT, related_name="+", verbose_name=_("行政区划"))
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices), verbose_name=_("可用功能"))
    per_minute = models.PositiveIntegerField(
        _("每分钟次数上限"), default=60, validators=[MinValueValidator(1), MaxValueValidator(6000)]
    )
    prefix = models.CharField(_("密钥开头"), max_length=12, unique=True)
    sha256 = models.CharField(max_length=64)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", verbose_name=_("替换"))
    created_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("生成时间"), default=timezone.now)
    expires_at = models.DateTimeField(_("失效时间"), null=True)
    revoked_at = models.DateTimeField(_("停用时间"), null=True)
    last_used_at = models.DateTimeField(_("最近使用"), null=True)

    class Meta:
        app_label = "exchange"
        verbose_name = verbose_name_plural = _("接口密钥")
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(partner__isnull=False) | ~Q(institution=""),
                name="api_key_has_holder",
                violation_error_message=_("请选择交换伙伴，或填写医疗机构编码"),
            ),
            models.CheckConstraint(
                condition=~Q(scopes__contains=["delivery"]) | Q(partner__isnull=False),
                name="api_key_delivery_has_partner",
                violation_error_message=_("领取预警的密钥须选择交换伙伴"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.prefix}…"

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    @property
    def state(self) -> tuple[str, str]:
        """Word and tone for a badge."""
        if self.revoked_at:
            return str(_("已停用")), "late"
        if self.expires_at:
            return (str(_("轮换中")), "due") if self.is_valid else (str(_("已失效")), "late")
        return str(_("有效")), "done"


class IdempotentAnswer(models.Model):
    """The first answer to a write: given again to the same key with the same body."""

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+", db_index=False)
    idempotency_key = models.CharField(max_length=64)
    request_sha256 = models.CharField(max_length=64, help_text="of method, path and body")
    status = models.PositiveSmallIntegerField(default=0)
    body = EncryptedTextField(purpose="api.answer", blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "exchange"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "idempotency_key"], name="idempotency_key_once")
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotent_answer_age")]

    def __str__(self) -> str:
        return f"{self.key_id} {self.idempotency_key}"


class ApiCall(models.Model):
    """接口调用记录: every call with its key and answer; appended, never changed. Nothing of its body is kept."""

    at = models.DateTimeField(_("时间"), default=timezone.now)
    key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="calls", db_index=False)
    method = models.CharField(_("方法"), max_length=8)
    path = models.CharField(_("地址"), max_length=200)
    status = models.PositiveSmallIntegerField(_("应答码"))
    milliseconds = models.PositiveIntegerField(_("用时（毫秒）"))
    subject = models.CharField(_("对象"), max_length=80, blank=True, help_text="person:12, delivery:…")
    address = models.GenericIPAddressField(_("来源地址"), null=True)

    class Meta:
        app_label = "exchange"
        verbose_name = verbose_name_plural = _("接口调用记录")
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["key", "-id"]),
            models.Index(fields=["subject", "-at"], condition=~Q(subject=""), name="api_call_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.path} {self.status}"


access.scoped("region_id", Act.PARTNER_ADMIN)(ApiKey)
