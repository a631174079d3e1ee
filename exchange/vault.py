"""Where the partners' files lie: outside the web root, sealed, because they are full of identity numbers."""

import hashlib
import io
import uuid

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.crypto import seal, unseal
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
