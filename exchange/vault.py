"""Where the partners' files lie: outside the web root, sealed, because they are full of identity numbers."""

import hashlib
import io
import uuid

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.crypto import is_current, seal, unseal
from accounts.jobs import Progress, no_progress
from exchange.models import InboundFile

PURPOSE = "inbound"


def digest(content: bytes) -> str:
    """SHA-256 of the file as it came, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def store(content: bytes) -> str:
    """Keep the content under a name that says nothing; returns that name."""
    name = f"inbound/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}"
    return default_storage.save(name, ContentFile(seal(content, PURPOSE)))


def content_of(file: InboundFile) -> bytes:
    """The file as it came."""
    with file.file.open("rb") as stored:
        return unseal(stored.read(), PURPOSE)


def stream_of(file: InboundFile) -> io.BytesIO:
    """The same as a stream for the reader."""
    return io.BytesIO(content_of(file))


def reseal(progress: Progress = no_progress) -> int:
    """Seals every stored file under the first key of FIELD_KEYS; returns how many were under an older one.

    The new file is written beside the old one before the row points to it, so that a stop in between loses nothing.
    """
    changed = 0
    for file in InboundFile.objects.exclude(file="").order_by("pk").iterator(chunk_size=200):
        with file.file.open("rb") as stored:
            blob = stored.read()
        if is_current(blob):
            continue
        old = file.file.name
        name = store(unseal(blob, PURPOSE))
        InboundFile.objects.filter(pk=file.pk).update(file=name)
        default_storage.delete(old)
        changed += 1
        progress("inbound files", changed, changed)
    return changed
