"""Division codes (GB/T 2260, GB/T 10114): levels, parents, and the reading of a list of regions. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

# Significant digits by level: province, prefecture, county, township, village.
DIGITS = {1: 2, 2: 4, 3: 6, 4: 9, 5: 12}
SHIPPED = Path(__file__).parent / "data" / "regions.csv"
CODE = re.compile(r"[0-9]{12}")
HEADERS = {"code": "code", "代码": "code", "行政区划代码": "code", "区划代码": "code"} | {
    "name": "name",
    "名称": "name",
    "行政区划名称": "name",
    "parent": "parent",
    "上级代码": "parent",
}


def level_of(code: str) -> int:
    """1 (province) to 5 (village): where the code's zeros begin."""
    return next(level for level, digits in DIGITS.items() if not code[digits:].strip("0"))


def prefix_of(code: str) -> str:
    """The significant digits: every region below begins with them."""
    return code[: DIGITS[level_of(code)]]


def ancestors(code: str) -> Iterator[str]:
    """Codes above, nearest first."""
    for level in range(level_of(code) - 1, 0, -1):
        yield code[: DIGITS[level]].ljust(12, "0")


@dataclass(frozen=True)
class Row:
    """One region of a list; `parent` is empty when the code says it."""

    line: int
    code: str
    name: str
    parent: str = ""


@dataclass
class Listed:
    """What a list of regions holds: rows that can be used, and what is wrong with the others (line, reason)."""

    rows: list[Row] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)


def decode(content: bytes) -> str:
    """Text as offices save it: UTF-8 with or without BOM, else GB18030."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def read(text: str) -> Listed:
    """Reads `code,name[,parent]` with a header line (English or Chinese names)."""
    lines = csv.reader(io.StringIO(text))
    header = [HEADERS.get(cell.strip()) for cell in next(lines, [])]
    found = Listed()
    if "code" not in header or "name" not in header:
        found.errors.append((1, _("第一行须是表头：行政区划代码、名称，可加上级代码")))
        return found
    seen: dict[str, int] = {}
    for number, cells in enumerate(lines, 2):
        values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
        if any(values.values()):
            _take(found, seen, Row(number, values.get("code", ""), values.get("name", ""), values.get("parent", "")))
    return found


def _take(found: Listed, seen: dict[str, int], row: Row) -> None:
    wrong = ""
    if not CODE.fullmatch(row.code) or row.code.startswith("00"):
        wrong = _("代码须为12位数字：%(code)s") % {"code": row.code or _("空")}
    elif not row.name or len(row.name) > 60:
        wrong = _("名称须填写，不超过60个字")
    elif row.parent and not CODE.fullmatch(row.parent):
        wrong = _("上级代码须为12位数字：%(code)s") % {"code": row.parent}
    elif row.code in seen:
        wrong = _("代码与第 %(line)s 行重复：%(code)s") % {"line": seen[row.code], "code": row.code}
    if wrong:
        found.errors.append((row.line, wrong))
    else:
        seen[row.code] = row.line
        found.rows.append(row)


def parent_of(row: Row, known: Iterable[str]) -> str | None:
    """Code of the region above: as the row says, else the nearest that is `known`; None for a province or unknown."""
    codes = known if isinstance(known, set | frozenset | dict) else set(known)
    if row.parent:
        return row.parent if row.parent in codes else None
    return next((code for code in ancestors(row.code) if code in codes), None)
