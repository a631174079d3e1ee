"""Regions, organisations, users, the trail of reads, and jobs with their progress."""

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.lookups import StartsWith
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked
from accounts.regions import DIGITS
from accounts.vocabulary import Department, Role, Section

# A region's key is its code, so that `region_id__startswith` asks for a place and all below it. Django gives a foreign
# key no such lookup of its own.
models.ForeignKey.register_lookup(StartsWith)


class Level(models.IntegerChoices):
    """行政级别."""

    PROVINCE = 1, _("省级")
    PREFECTURE = 2, _("地级")
    COUNTY = 3, _("县级")
    TOWNSHIP = 4, _("乡级")
    VILLAGE = 5, _("村级")


class Region(models.Model):
    """行政区划: the primary key is the 12-digit code, so that a table carrying `region_id` filters by prefix alone."""

    code = models.CharField(_("行政区划代码"), max_length=12, primary_key=True)
    name = models.CharField(_("名称"), max_length=60)
    level = models.PositiveSmallIntegerField(_("级别"), choices=Level.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        verbose_name = verbose_name_plural = _("行政区划")
        ordering = ("code",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^[0-9]{12}$"),
                name="region_code_12_digits",
                violation_error_message=_("行政区划代码须为12位数字"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def prefix(self) -> str:
        """Significant digits: every region below starts with them."""
        return self.code[: DIGITS[self.level]]


@tracked()
class Organisation(models.Model):
    """机构: a department of one region."""

    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("行政区划"))
    name = models.CharField(_("名称"), max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = _("机构")
        ordering = ("region_id", "department")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["department", "region"],
                name="organisation_once",
                violation_error_message=_("该地区已有这个部门的机构"),
            )
        ]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Accounts have no e-mail address: a closed network has no mail."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, **{**fields, "is_staff": True, "is_superuser": True})


@tracked(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """账户 of one person in one organisation, with roles. It is deactivated, never deleted: the trail names it."""

    username = models.CharField(
        _("用户名"),
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("用户名已被使用，请换一个")},
    )
    name = models.CharField(_("姓名"), max_length=40)
    organisation = models.ForeignKey(Organisation, models.PROTECT, verbose_name=_("机构"), null=True, blank=True)
    roles = ArrayField(
        models.CharField(max_length=20, choices=Role.choices), verbose_name=_("角色"), default=list, blank=True
    )
    section = models.CharField(_("股室"), max_length=20, choices=Section.choices, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    is_staff = models.BooleanField(_("可用后台管理"), default=False)
    must_change_password = models.BooleanField(_("下次登录须改密码"), default=False)
    language = models.CharField(_("语言"), max_length=10, default="zh-hans")
    created_at = models.DateTimeField(_("建立时间"), default=timezone.now, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar = ["name"]
    EMAIL_FIELD = ""
    email = ""

    class Meta:
        verbose_name = verbose_name_plural = _("账户")
        ordering = ("username",)

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    def clean(self) -> None:
        self.username = self.normalize_username(self.username)

    @cached_property
    def acts(self) -> frozenset[Act]:
        return access.acts_of(self.roles) if self.is_active and self.organisation_id else frozenset()

    def may(self, act: Act) -> bool:
        """Whether one of the roles allows the act; regions are the queryset's matter (`visible`)."""
        return act in self.acts

    @cached_property
    def region_prefix(self) -> str:
        """Digits with which every region that the user sees begins; `x` (matches none) without an organisation."""
        return self.organisation.region.prefix if self.organisation_id and self.organisation else "x"

    @property
    def role_labels(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]

    @property
    def department(self) -> str:
        return self.organisation.department if self.organisation_id and self.organisation else ""

    def visible(self, queryset: "QuerySet[Any] | type[models.Model]") -> QuerySet[Any]:
        """The part of a queryset (or of all rows of a model) that role and region allow: where every read starts."""
        if isinstance(queryset, type):
            queryset = queryset._default_manager.all()
        return access.visible(self, queryset)


class ReadRecord(models.Model):
    """查阅记录: someone opened a person's file or saw a number in full; appended, never changed."""

    class What(models.TextChoices):
        FILE = "file", _("查阅档案")
        REVEAL = "reveal", _("查看完整证件号码")
        EXPORT = "export", _("导出")

    at = models.DateTimeField(_("时间"), auto_now_add=True)
    user = models.ForeignKey(User, models.PROTECT, verbose_name=_("账户"))
    roles = ArrayField(models.CharField(max_length=20), verbose_name=_("角色"))
    what = models.CharField(_("行为"), max_length=20, choices=What.choices)
    subject = models.CharField(_("对象"), max_length=80, help_text="person:123")
    reason = models.CharField(_("理由"), max_length=200, blank=True)
    path = models.CharField(_("页面"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("来源地址"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("查阅记录")
        indexes: ClassVar = [models.Index(fields=["subject", "-at"]), models.Index(fields=["user", "-at"])]

    def __str__(self) -> str:
        return f"{self.user_id} {self.what} {self.subject}"


class Job(models.Model):
    """后台任务: long work with its real progress, which a page can leave and come back to."""

    class State(models.TextChoices):
        WAITING = "waiting", _("排队中")
        RUNNING = "running", _("进行中")
        DONE = "done", _("已完成")
        FAILED = "failed", _("失败")

    kind = models.CharField(max_length=40)
    title = models.CharField(_("任务"), max_length=120)
    region = models.ForeignKey(Region, models.PROTECT)
    actor = models.ForeignKey(User, models.PROTECT, null=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WAITING)
    step = models.CharField(_("步骤"), max_length=120, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    message = models.TextField(_("结果"), blank=True)
    url = models.CharField(max_length=200, blank=True, help_text="where its result is seen")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("后台任务")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.title

    @property
    def percent(self) -> int:
        return 100 if self.state == self.State.DONE else min(99, self.done * 100 // self.total) if self.total else 0

    @property
    def tone(self) -> str:
        """How its badge looks (components/badge.html)."""
        return {self.State.RUNNING: "info", self.State.DONE: "done", self.State.FAILED: "late"}.get(
            Job.State(self.state), "plain"
        )

    @property
    def elapsed(self) -> str:
        """Minutes and seconds since it started: `1:05`."""
        if self.started_at is None:
            return ""
        seconds = int(((self.finished_at or timezone.now()) - self.started_at).total_seconds())
        return f"{seconds // 60}:{seconds % 60:02d}"

    @property
    def ended(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)


@tracked()
class WorkdayOverride(models.Model):
    """工作日调整: a day on which offices work, or do not, other than the calendar says (accounts.workdays)."""

    day = models.DateField(_("日期"), primary_key=True)
    working = models.BooleanField(_("上班"), default=False)
    note = models.CharField(_("依据"), max_length=120, help_text=_("写明通知文号或节日，例如：国办发明电〔2026〕7号"))

    class Meta:
        verbose_name = verbose_name_plural = _("工作日调整")
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.day} {self.note}"


access.scoped("region_id", Act.HOME, narrow=lambda user: Q(actor=user))(Job)
access.scoped("organisation__region_id", Act.ACCOUNT_ADMIN)(User)
access.scoped("region_id", Act.ACCOUNT_ADMIN)(Organisation)
access.scoped("code", Act.HOME)(Region)
access.scoped("user__organisation__region_id", Act.AUDIT_READ)(ReadRecord)

# At the end: its keys point to the models above.
from accounts.papers.models import StoredFile  # noqa: E402, F401
