"""Keep, attach, withdraw and read papers. What cannot be raises PaperRefused in the user's words."""

import hashlib
import re
import uuid
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.crypto import is_current, seal, unseal
from accounts.jobs import Progress, no_progress
from accounts.models import Region, User
from accounts.papers import scanning
from accounts.papers.content import ENDINGS, PaperRefused, kind_of
from accounts.papers.models import StoredFile

PURPOSE = "paper"
MAX_PAPERS = 60


def store_paper(
    *,
    actor: User,
    region: Region | str,
    content: bytes,
    name: str,
    label: str = "",
    owner_kind: str = "",
    owner_id: int | None = None,
    draft_key: uuid.UUID | None = None,
) -> StoredFile:
    """Check, scan and keep a paper of `owner_kind`/`owner_id`, or of a draft. The caller has checked that the actor
    may add papers there. The same bytes on the same thing are kept once. Raises PaperRefused."""
    media_type = kind_of(content)
    digest = hashlib.sha256(content).hexdigest()
    there = StoredFile.objects.filter(owner_kind=owner_kind, owner_id=owner_id, draft_key=draft_key, withdrawn_at=None)
    same = there.filter(sha256=digest).first()
    if same is not None:
        return same
    if there.count() >= MAX_PAPERS:
        raise PaperRefused(_("一件事项最多附60份材料；请合并扫描后再上传。"))
    scanned = scanning.scan(content)
    shown = shown_name(name, media_type)
    return StoredFile.objects.create(
        region_id=region if isinstance(region, str) else region.pk,
        owner_kind=owner_kind,
        owner_id=owner_id,
        draft_key=draft_key,
        label=label.strip()[:80] or PurePath(shown).stem[:80],
        name=shown,
        media_type=media_type,
        size=len(content),
        sha256=digest,
        file=_keep(content),
        scanned_by=scanned,
        uploaded_by=actor,
    )


def shown_name(name: str, media_type: str) -> str:
    """The file's name without its folders and control characters, with the ending that its content has."""
    plain = re.sub(r"[\x00-\x1f\x7f\"<>|:*?/\\]", "", PurePath(name.replace("\\", "/")).name).strip(". ")
    return (PurePath(plain).stem or "paper")[:190] + ENDINGS[media_type]


def attach_draft(*, actor: User, draft_key: uuid.UUID, owner_kind: str, owner_id: int, region: Region | str) -> int:
    """The papers of the actor's draft now belong to the thing that came of it; how many."""
    count = 0
    with transaction.atomic():
        mine = StoredFile.objects.select_for_update().filter(
            draft_key=draft_key, uploaded_by=actor, owner_id=None, withdrawn_at=None
        )
        for paper in mine:
            paper.owner_kind, paper.owner_id, paper.draft_key = owner_kind, owner_id, None
            paper.region_id = region if isinstance(region, str) else region.pk
            paper.save(update_fields=["owner_kind", "owner_id", "draft_key", "region"])
            count += 1
    return count


def withdraw_paper(*, actor: User, paper: StoredFile, reason: str = "") -> StoredFile:
    """Take a paper back: by its uploader; once it belongs to something, with a reason. The bytes stay on record."""
    with transaction.atomic():
        paper = StoredFile.objects.select_for_update().get(pk=paper.pk)
        if paper.uploaded_by_id != actor.pk:
            raise PaperRefused(_("材料由上传人撤回；请联系%(who)s。") % {"who": paper.uploaded_by})
        if paper.owner_id is not None and not reason.strip():
            raise PaperRefused(_("请写明撤回的原因。"))
        if paper.withdrawn_at is None:
            paper.withdrawn_at, paper.withdrawn_by = timezone.now(), actor
            paper.withdrawn_reason = reason.strip()[:200]
            paper.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    return paper


def content_of(paper: StoredFile) -> bytes:
    """The paper as it came. Raises `crypto.KeyMissing` where it was altered or its key is gone."""
    with paper.file.open("rb") as stored:
        return unseal(stored.read(), PURPOSE)


def _keep(content: bytes) -> str:
    name = f"papers/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"
    return default_storage.save(name, ContentFile(seal(content, PURPOSE)))


def reseal(progress: Progress = no_progress) -> int:
    """Seals every paper under the first key of FIELD_KEYS; how many were under an older one."""
    changed = 0
    for paper in StoredFile.objects.order_by("pk").only("file").iterator(chunk_size=200):
        with paper.file.open("rb") as stored:
            blob = stored.read()
        if is_current(blob):
            continue
        old = str(paper.file)
        # Beside the old one before the row points to it: a stop in between loses nothing.
        StoredFile.objects.filter(pk=paper.pk).update(file=_keep(unseal(blob, PURPOSE)))
        default_storage.delete(old)
        changed += 1
        progress("papers", changed, changed)
    return changed
