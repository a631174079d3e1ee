"""What a file is: CSV in which encoding, XLSX, or something else; by content, never by name."""

from __future__ import annotations

import codecs
import io
import os
import re
import zipfile
import zlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import FileRefused

Input = str | os.PathLike[str] | bytes | BinaryIO
"""A path, the bytes themselves, or a seekable binary stream."""

CHUNK = 1 << 20
XLSX_LIMIT = 1 << 30
"""Bytes that an XLSX may unpack to: a full sheet of 1,048,576 rows stays below; a zip bomb does not."""
CELL_LIMIT = 1 << 25
"""Cells that a sheet may span, empty ones included: they are held in memory, and one mark in the far corner of an empty
sheet spans 17 thousand million. A full sheet of 32 columns stays below."""
_AT = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,3})([0-9]{1,7})["']""")
# A text in GB 18030 is never by chance valid UTF-8 for this many characters beyond ASCII.
_SURELY_UTF8 = 40

# The words follow 这是: a space before what begins with a Latin letter.
_MAGIC = (
    (b"%PDF", " PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"Rar!", "压缩包"),
    (b"7z\xbc\xaf", "压缩包"),
    (b"\x1f\x8b", "压缩包"),
    (b"{\\rtf", " RTF 文档"),
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a CSV file become text, and back."""

    codec: str
    bom: bytes = b""


def opened(source: Input) -> AbstractContextManager[BinaryIO]:
    """The source as a binary stream at its beginning. Raises FileRefused when it cannot be opened."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if isinstance(source, (str, os.PathLike)):
        try:
            return Path(source).open("rb")
        except OSError as error:
            raise FileRefused("unreadable") from error
    source.seek(0)
    return nullcontext(source)


def is_xlsx(stream: BinaryIO) -> bool:
    """True for XLSX, False for what may be CSV. Raises FileRefused for everything else that can be told."""
    stream.seek(0)
    head = stream.read(512)
    if not head:
        raise FileRefused("empty")
    if head.startswith(b"PK"):
        _check_zip(stream)
        return True
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise FileRefused("old_excel")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise FileRefused("not_a_table", kind=kind)
    start = head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head")):
        raise FileRefused("not_a_table", kind="网页或 XML 文件（有的系统把它命名为 .xls）")
    return False


def _check_zip(stream: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError) as error:
        raise FileRefused("damaged_xlsx") from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        for inside, kind in (("word/document.xml", " Word 文档"), ("ppt/presentation.xml", "演示文稿")):
            if inside in names:
                raise FileRefused("not_a_table", kind=kind)
        raise FileRefused("zip_not_xlsx")
    if sum(entry.file_size for entry in entries) > XLSX_LIMIT:
        raise FileRefused("too_big_xlsx", limit=XLSX_LIMIT >> 20)
    _check_contents(stream)


def _check_contents(stream: BinaryIO) -> None:
    """Unpacks piece by piece: what an archive says of its sizes need not be true (a wrong size is a damaged file), and
    what a sheet spans is seen in its cells alone. Bounded memory.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                is_sheet = entry.filename.startswith("xl/worksheets/")
                rows, columns, tail = 0, {b"A"}, b""
                with archive.open(entry) as inside:
                    while chunk := inside.read(CHUNK):
                        if not is_sheet:
                            continue
                        found = _AT.findall(tail + chunk)
                        columns.update(letters for letters, _ in found)
                        rows = max(rows, max((int(number) for _, number in found), default=0))
                        tail = chunk[-32:]
                if rows * max(map(_column_number, columns)) > CELL_LIMIT:
                    raise FileRefused("too_wide_xlsx")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise FileRefused("damaged_xlsx") from error


def _column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27, XFD → 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def encoding_of(stream: BinaryIO) -> Encoding:
    """BOM, else UTF-8 where the whole file is valid UTF-8, else GB 18030. Reads the file once, by the megabyte.

    Raises FileRefused `empty`, `binary` (zero bytes inside), or `encoding` for UTF-8 with a broken byte.
    """
    stream.seek(0)
    head = stream.read(4)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefused("binary")
    for bom, codec in _BOMS:
        if head.startswith(bom):
            if codec == "utf-8":
                stream.seek(len(bom))
                if not _is_utf8(stream, sure=True):
                    raise FileRefused("binary")
            return Encoding(codec, bom)
    stream.seek(0)
    return Encoding("utf-8" if _is_utf8(stream) else "gb18030")


def _is_utf8(stream: BinaryIO, *, sure: bool = False) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, beyond_ascii, line = True, 0, 1
    while True:
        chunk = stream.read(CHUNK)
        if b"\0" in chunk:
            raise FileRefused("binary")
        if valid:
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                text = error.object[: error.start].decode("utf-8")
                valid = False
            if beyond_ascii < _SURELY_UTF8:
                beyond_ascii += len(text) - len(text.encode("ascii", "ignore"))
            line += text.count("\n")
            if not valid and (sure or beyond_ascii >= _SURELY_UTF8):
                raise FileRefused("encoding", line=line, encoding="UTF-8")
        if not chunk:
            return valid
