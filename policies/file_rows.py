"""Readers of the command files: categories, persons and claims.

Category and person files are taken whole or not at all: a faulty row would silently change what people receive, so
`FileError` names it and nothing is written. Claim rows are refused one by one.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from .csv_rows import FileError, read_rows
from .engine import ClaimRefused, check_money
from .engine.batch import ClaimArrays
from .engine.codes import CATEGORY_INDEX, LOCATION_INDEX, MANAGEMENT, SERVICE_INDEX
from .engine.money import parse_yuan

CATEGORY_COLUMNS: Final = ("id_number", "category", "valid_from", "valid_to", "approved")
PERSON_COLUMNS: Final = ("id_number", "rural", "exempt")
CLAIM_COLUMNS: Final = (
    "claim_no",
    "id_number",
    "service",
    "settled_on",
    "hospital_level",
    "charge_class",
    "location",
    "referred",
    "major_disease",
    "control_waived",
    "chronic_management",
    "total",
    "in_scope",
    "out_of_catalogue",
    "basic_paid",
    "other_paid",
)
ERROR_COLUMNS: Final = ("row", "field", "value", "reason")
OPEN_END: Final = date.max.toordinal()
YES_NO: Final = {"yes": 1, "no": 0}
# The codes of a claim in the order in which the chain reads them, each with its column.
CODE_COLUMNS: Final[tuple[tuple[str, dict[str, int]], ...]] = (
    ("service", SERVICE_INDEX),
    ("location", LOCATION_INDEX),
    ("hospital_level", {"1": 0, "2": 1, "3": 2}),
    ("charge_class", {"1": 0, "2": 1, "3": 2}),
    ("referred", {"yes": 0, "no": 1, "not_needed": 2}),
    ("major_disease", YES_NO),
    ("control_waived", YES_NO),
)
MONEY_COLUMNS: Final = ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")
MANAGEMENT_OR_NONE: Final = {*MANAGEMENT, ""}
CHRONIC: Final = SERVICE_INDEX["chronic"]
# As `bulk.kernels` has it: 2 says that nothing is written.
MANAGEMENT_CODES: Final = {"per_visit": 0, "annual": 1, "": 2}
WHAT: Final = "费用文件"
REPEATED: Final = "结算编号在本文件中已经出现过，请核对是否重复结算"
# From this size on the compiled reader is loaded and done before the plain one would be.
BULK_BYTES: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A claim row that is not settled: its line (header = 1), the faulty field, its value, the reason."""

    row: int
    field: str
    value: str
    reason: str


def parse_day(text: str) -> date:
    """`2023-05-01`; raises ValueError for anything else."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        raise ValueError(text)
    return date.fromisoformat(text)


@dataclass
class People:
    """Persons of the files by number: the first who is mentioned is 0."""

    numbers: dict[str, int] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    spells: list[list[tuple[int, int, int, int]]] = field(default_factory=list)

    def number(self, id_number: str) -> int:
        key = id_number.upper()
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.ids)
            self.ids.append(id_number)
            self.spells.append([])
        return found

    def spells_of(self, id_number: str) -> list[tuple[int, int, int, int]]:
        """(category index, first day, last day, approved) of a person; empty for someone unknown."""
        found = self.numbers.get(id_number.upper())
        return [] if found is None else self.spells[found]


def read_categories(path: Path) -> People:
    """Category spells per person. Raises FileError at the first faulty row."""
    people = People()
    what = "身份文件"
    for line, cells in read_rows(path, CATEGORY_COLUMNS, what):
        place = f"{what} {path.name} 第{line}行"
        if not cells:
            raise FileError(f"{place}列数与首行不同，请核对逗号和引号")
        id_number, category, first_text, last_text, approved = cells
        if not id_number:
            raise FileError(f"{place} id_number 是空的，请填写身份证号")
        if category not in CATEGORY_INDEX:
            raise FileError(f"{place} category“{category}”不是人员类别代码，可用：{'、'.join(CATEGORY_INDEX)}")
        if approved not in YES_NO:
            raise FileError(f"{place} approved“{approved}”应为 yes 或 no")
        first = _file_day(first_text, place, "valid_from").toordinal()
        last = _file_day(last_text, place, "valid_to").toordinal() if last_text else OPEN_END
        if last < first:
            raise FileError(f"{place} valid_to“{last_text}”早于 valid_from“{first_text}”，请改正日期")
        people.spells[people.number(id_number)].append((CATEGORY_INDEX[category], first, last, YES_NO[approved]))
    return people


def _file_day(text: str, place: str, column: str) -> date:
    try:
        return parse_day(text)
    except ValueError:
        raise FileError(f"{place} {column}“{text}”不是日期，请写成 2023-05-01") from None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person of N.csv."""

    id_number: str
    rural: bool
    exempt: bool


def read_persons(path: Path) -> list[PersonRow]:
    """Persons in the order of the file. Raises FileError at the first faulty or repeated row."""
    what = "人员文件"
    found: list[PersonRow] = []
    seen: dict[str, int] = {}
    for line, cells in read_rows(path, PERSON_COLUMNS, what):
        place = f"{what} {path.name} 第{line}行"
        if not cells:
            raise FileError(f"{place}列数与首行不同，请核对逗号和引号")
        id_number, rural, exempt = cells
        if not id_number:
            raise FileError(f"{place} id_number 是空的，请填写身份证号")
        for column, value in (("rural", rural), ("exempt", exempt)):
            if value not in YES_NO:
                raise FileError(f"{place} {column}“{value}”应为 yes 或 no")
        if id_number.upper() in seen:
            raise FileError(f"{place}与第{seen[id_number.upper()]}行是同一人（{id_number}），请只保留一行")
        seen[id_number.upper()] = line
        found.append(PersonRow(id_number, rural == "yes", exempt == "yes"))
    return found


@dataclass
class ClaimRows:
    """Accepted claim rows in the order of the file, and the refused ones. `lines` are lines of the file."""

    claim_nos: Sequence[str]
    lines: Any
    arrays: ClaimArrays = field(default_factory=ClaimArrays.empty)
    refused: list[Refused] = field(default_factory=list)


def read_claims(path: Path, people: People) -> ClaimRows:
    """Claims as flat arrays; `people` gains whoever it did not know. Faulty rows are refused, the rest goes on.

    A file of some megabytes is read by compiled code, with the same result. Raises FileError.
    """
    if size_of(path) >= BULK_BYTES:
        from .bulk.reading import read_bulk

        rows = read_bulk(path, people)
        if rows is not None:
            return rows
    return read_row_by_row(path, people)


def size_of(path: Path) -> int:
    """Bytes of the file; 0 for one that cannot be looked at, of which opening will say why."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_row_by_row(path: Path, people: People) -> ClaimRows:
    """As `read_claims`."""
    claim_nos: list[str] = []
    lines = array("q")
    found = ClaimRows(claim_nos, lines)
    arrays = found.arrays
    days: dict[str, int] = {}
    seen: set[str] = set()
    for line, cells in read_rows(path, CLAIM_COLUMNS, WHAT):
        try:
            codes, day, money = parse_claim(cells, days)
            if cells[0] in seen:
                raise ClaimRefused("claim_no", cells[0], REPEATED)
        except ClaimRefused as error:
            found.refused.append(Refused(line, error.field, error.value, error.reason))
        else:
            claim_nos.append(cells[0])
            lines.append(line)
            arrays.person.append(people.number(cells[1]))
            arrays.day.append(day)
            arrays.codes.extend(codes)
            arrays.money.extend(money)
        if cells and cells[0]:
            seen.add(cells[0])
    return found


def parse_claim(cells: list[str], days: dict[str, int]) -> tuple[list[int], int, list[int]]:
    """(codes, day ordinal, money) of one row in the order of CLAIM_COLUMNS. Raises ClaimRefused at the first fault.

    `days` remembers dates already parsed.
    """
    if not cells:
        raise ClaimRefused("", "", "列数与首行不同，请核对逗号和引号")
    by_name = dict(zip(CLAIM_COLUMNS, cells, strict=True))
    for name in ("claim_no", "id_number"):
        if not by_name[name]:
            raise ClaimRefused(name, "", "是空的，请填写")
    try:
        codes = [known[by_name[name]] for name, known in CODE_COLUMNS]
        managed = by_name["chronic_management"]
        codes.append(int(managed == "annual"))
        day = days.get(by_name["settled_on"]) or _remember(days, by_name["settled_on"])
        money = [parse_yuan(by_name[name]) for name in MONEY_COLUMNS]
        if managed not in (MANAGEMENT if codes[0] == CHRONIC else MANAGEMENT_OR_NONE):
            raise ValueError(managed)
    except (KeyError, ValueError):
        raise fault_of(by_name) from None
    try:
        check_money(money[0], money[1], money[2], money[3])
    except ClaimRefused as error:  # the errors file repeats what the file says
        raise ClaimRefused(error.field, by_name[error.field], error.reason) from None
    money.append(-1)
    return codes, day, money


def _remember(days: dict[str, int], text: str) -> int:
    day = days[text] = parse_day(text).toordinal()
    return day


def fault_of(by_name: dict[str, str]) -> ClaimRefused:
    """The first faulty field of a row that did not parse, in the order of the columns."""
    known = dict(CODE_COLUMNS)
    chronic = by_name["service"] == "chronic"
    for name in CLAIM_COLUMNS[2:]:
        value = by_name[name]
        if name in known and value not in known[name]:
            return ClaimRefused(name, value, f"代码不认识，可用：{'、'.join(known[name])}")
        if name == "settled_on" and not _is_day(value):
            return ClaimRefused(name, value, "不是日期，请写成 2023-05-01")
        if name == "chronic_management" and (value not in MANAGEMENT if chronic else value not in MANAGEMENT_OR_NONE):
            return ClaimRefused(name, value, f"门诊慢特病的管理方式应为 {'、'.join(MANAGEMENT)}，其他服务留空")
        if name in MONEY_COLUMNS and (reason := _money_fault(value)):
            return ClaimRefused(name, value, reason)
    raise AssertionError(by_name)


def _is_day(text: str) -> bool:
    try:
        parse_day(text)
    except ValueError:
        return False
    return True


def _money_fault(text: str) -> str:
    try:
        parse_yuan(text)
    except ValueError:
        if text.startswith("-"):
            return "金额不能为负数"
        return "不是金额，请写成 1234.50 这样最多两位小数、不带单位和分隔符的数（不超过百亿元）"
    return ""
