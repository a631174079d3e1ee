"""StoredFile 材料: one paper of one thing."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.access import Act
from accounts.audit import tracked


@tracked()
class StoredFile(models.Model):
    """材料: a scanned paper, sealed on disk under a name that says nothing; withdrawn, never erased.

    `owner_kind` and `owner_id` name what it belongs to (`accounts.papers.owners`); both empty while the form to which
    it was added is still a draft: then `draft_key` holds the papers of one form together.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    region = models.ForeignKey("accounts.Region", models.PROTECT, related_name="+", verbose_name=_("行政区划"))
    owner_kind = models.CharField(_("所属"), max_length=30, blank=True)
    owner_id = models.BigIntegerField(_("所属编号"), null=True)
    draft_key = models.UUIDField(null=True)
    label = models.CharField(_("材料名称"), max_length=80, help_text=_("例如：费用发票、转诊单"))
    name = models.CharField(_("文件名"), max_length=200)
    media_type = models.CharField(_("格式"), max_length=20)
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(_("校验值"), max_length=64, help_text="of the paper as it came")
    file = models.FileField(help_text="sealed, see accounts.papers.services")
    scanned_by = models.CharField(_("病毒扫描"), max_length=30, blank=True, help_text="empty: the site has no scanner")
    uploaded_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("上传人"))
    uploaded_at = models.DateTimeField(_("上传时间"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("撤回时间"), null=True)
    withdrawn_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    withdrawn_reason = models.CharField(_("撤回原因"), max_length=200, blank=True)

    class Meta:
        app_label = "accounts"
        verbose_name = verbose_name_plural = _("材料")
        ordering = ("uploaded_at", "id")
        indexes: ClassVar = [
            models.Index(fields=["owner_kind", "owner_id"]),
            models.Index(fields=["draft_key"], condition=models.Q(draft_key__isnull=False), name="paper_draft"),
        ]

    def __str__(self) -> str:
        return self.label or self.name

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


# Lists of papers start at their owner; by itself the table shows everyone the own uploads.
access.scoped("region_id", Act.HOME, narrow=lambda user: models.Q(uploaded_by=user))(StoredFile)
