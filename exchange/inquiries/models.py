"""待部门核实: a row of a confirmed file that could not be taken, until its department or a later file settles it."""

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.audit import tracked
from accounts.fields import EncryptedTextField
from accounts.models import Region, User
from accounts.vocabulary import Category, Department


@tracked(level=pghistory.Statement)
class Inquiry(models.Model):
    """核实事项: what a row said, why it was not taken, what the department answered, which later file settled it."""

    class State(models.TextChoices):
        OPEN = "open", _("待部门核实")
        ANSWERED = "answered", _("部门已答复")
        CLOSED = "closed", _("已办结")

    class Answer(models.TextChoices):
        CORRECTED = "corrected", _("更正如下")
        CONFIRMED = "confirmed", _("核对无误")
        WITHDRAWN = "withdrawn", _("撤回这一行")

    file = models.ForeignKey("exchange.InboundFile", models.PROTECT, related_name="inquiries", verbose_name=_("来文"))
    row = models.PositiveIntegerField(_("行号"))
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"), db_index=False)
    month = models.DateField(_("月份"))
    outcome = models.CharField(max_length=10)
    code = models.CharField(max_length=30)
    reason = models.CharField(_("原因"), max_length=300)
    value = models.CharField(_("所填内容"), max_length=100, blank=True)
    id_number = EncryptedTextField(_("证件号码"), purpose="id_number", null=True)
    id_key = models.UUIDField(null=True)
    person_id = models.BigIntegerField(null=True, help_text="beneficiaries.Person found by identity number")
    name = models.CharField(_("姓名"), max_length=80, blank=True)
    category = models.CharField(_("人员类别"), max_length=30, choices=Category.choices, blank=True)
    household = models.CharField(max_length=40, blank=True)
    phone_key = models.UUIDField(null=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    answer = models.CharField(_("答复"), max_length=12, choices=Answer.choices, blank=True)
    corrected_name = models.CharField(_("正确姓名"), max_length=80, blank=True)
    corrected_number = EncryptedTextField(_("正确证件号码"), purpose="id_number", null=True)
    corrected_key = models.UUIDField(null=True)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("答复人"))
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    closed_by = models.ForeignKey(
        "exchange.InboundFile", models.PROTECT, null=True, related_name="+", verbose_name=_("由此来文办结")
    )
    created_at = models.DateTimeField(_("退回时间"))
    closed_at = models.DateTimeField(_("办结时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("核实事项")
        ordering = ("-created_at", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["file", "row"], name="inquiry_once_of_a_row")]
        indexes: ClassVar = [
            models.Index(fields=["department", "region"], condition=~Q(state="closed"), name="inquiry_not_closed")
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.row}"

    @property
    def tone(self) -> str:
        """How its state looks (components/badge.html)."""
        return {"open": "due", "answered": "info"}.get(self.state, "done")
