"""比对结果: one row of another department's list with what the register says of the same person."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.masking import mask_id_number
from accounts.models import Region
from accounts.vocabulary import Department


class ComparisonRow(models.Model):
    """比对结果: written when the list is confirmed, gone when it is undone; the register stays as it is.

    `status` and `note` are the department's words (离职, 刑满释放, 高血压 …), `occurred_on` the day that it gives.
    """

    class Result(models.TextChoices):
        MATCHED = "matched", _("一致")
        NAME_DIFFERS = "name_differs", _("姓名不符")
        DECEASED = "deceased", _("登记已故")
        NOT_REGISTERED = "not_registered", _("登记簿无此人")

    file = models.ForeignKey("exchange.InboundFile", models.PROTECT, related_name="+", verbose_name=_("来文"))
    row = models.PositiveIntegerField(_("行号"))
    department = models.CharField(_("部门"), max_length=30, choices=Department.choices)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("地区"), db_index=False)
    month = models.DateField(_("月份"))
    result = models.CharField(_("比对结果"), max_length=15, choices=Result.choices)
    person = models.ForeignKey(
        "beneficiaries.Person", models.PROTECT, null=True, related_name="comparisons", verbose_name=_("登记人员")
    )
    id_number = EncryptedTextField(_("证件号码"), purpose="id_number")
    id_key = models.UUIDField()
    name = models.CharField(_("名单姓名"), max_length=80, blank=True)
    known_name = models.CharField(_("登记姓名"), max_length=80, blank=True)
    status = models.CharField(_("情况"), max_length=40, blank=True)
    occurred_on = models.DateField(_("发生日期"), null=True)
    note = models.CharField(_("备注"), max_length=200, blank=True)
    relayed_in = models.ForeignKey(
        "exchange.Delivery",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("告知税务"),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("比对结果")
        ordering = ("-month", "department", "row")
        constraints: ClassVar = [models.UniqueConstraint(fields=["file", "row"], name="comparison_once_of_a_row")]
        indexes: ClassVar = [
            models.Index(fields=["department", "month", "region"], name="comparison_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.row}"

    @property
    def masked_id_number(self) -> str:
        return mask_id_number(self.id_number)

    @property
    def tone(self) -> str:
        """How its result looks (components/badge.html)."""
        return {"matched": "done", "name_differs": "due", "deceased": "due"}.get(self.result, "plain")
