"""What a paper is, told from its bytes: PDF, JPG or PNG, whole and not too big."""

import io
import re
import warnings

from django.utils.translation import gettext as _

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 120_000_000  # an A3 page at 600 dpi; more is a bomb, not a scan
PDF, JPG, PNG = "application/pdf", "image/jpeg", "image/png"
ENDINGS = {PDF: ".pdf", JPG: ".jpg", PNG: ".png"}
# A scanned page needs no script and starts no program; a document that carries such is not taken.
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia)\b")


class PaperRefused(Exception):
    """The file cannot be taken; `str()` says why and what to do."""


def kind_of(content: bytes) -> str:
    """The media type of the bytes. Raises PaperRefused: empty, over 20 MB, of another kind, cut off, or active."""
    if not content:
        raise PaperRefused(_("文件是空的；请重新扫描或重新选择。"))
    if len(content) > MAX_BYTES:
        raise PaperRefused(_("文件超过20MB；请降低扫描分辨率或分成几个文件。"))
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return _checked_pdf(content)
    if content.startswith(b"\xff\xd8\xff") or content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _checked_picture(content)
    raise PaperRefused(_("文件内容不是PDF、JPG或PNG（只改扩展名不起作用）；请另存为这三种格式之一。"))


def _checked_pdf(content: bytes) -> str:
    if b"%%EOF" not in content[-2048:]:
        raise PaperRefused(_("PDF文件不完整，可能没有传完；请重新上传。"))
    if _ACTIVE.search(content):
        raise PaperRefused(_("PDF中带有脚本、程序或嵌入的文件，不能接收；请打印成普通PDF后再上传。"))
    return PDF


def _checked_picture(content: bytes) -> str:
    from PIL import Image, UnidentifiedImageError  # takes long to load; commands over files need none

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
        if picture.width * picture.height > MAX_PIXELS:
            raise PaperRefused(_("图片的像素太多；请降低扫描分辨率。"))
        kind = JPG if picture.format == "JPEG" else PNG
        picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise PaperRefused(_("图片打不开或不完整；请重新扫描或重新上传。")) from error
    return kind
