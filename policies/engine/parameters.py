"""Yearly figures that the texts leave to statistics: value, whether published or illustrative, and the source."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import MissingParameter, ParameterError
from .money import to_units

if TYPE_CHECKING:
    from .figures import Need

COLUMNS: Final = ("policy", "key", "year", "value", "status", "source")
STATUSES: Final = {"published": "已公布", "illustrative": "示例，待替换"}
SCALES: Final = {"元": 100, "%": 10_000, "人": 1}
_VALUE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One figure of one policy and year; `value` None means that nothing is set (an empty cap)."""

    policy: str
    key: str
    year: int
    value: Decimal | None
    status: str
    source: str

    @property
    def status_label(self) -> str:
        return STATUSES[self.status]

    def number(self, need: Need) -> int | None:
        """Fen, basis points or people, by the unit of `need`. Raises ParameterError when the value does not fit."""
        place = f"参数 {self.policy} {self.key} {self.year} 年度"
        if self.value is None:
            if need.may_be_empty:
                return None
            raise ParameterError(f"{place}没有数值，请填写（单位：{need.unit}）")
        units = to_units(self.value, SCALES[need.unit])
        if units is None:
            raise ParameterError(f"{place}的值 {self.value} 位数过多：金额最多两位小数，比例最多四位，人数为整数")
        if need.unit == "%" and units > SCALES["%"]:
            raise ParameterError(f"{place}的值 {self.value} 是比例，超过100%，请写成 0.60 这样的小数")
        return units


class Parameters:
    """All figures of a file, found by policy, key and year."""

    def __init__(self, rows: Iterable[Parameter]) -> None:
        self._rows: dict[tuple[str, str, int], Parameter] = {}
        for row in rows:
            place = (row.policy, row.key, row.year)
            if place in self._rows:
                raise ParameterError(f"参数 {row.policy} {row.key} {row.year} 年度重复，请只保留一个")
            self._rows[place] = row

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, policy: str, key: str, year: int, label: str) -> Parameter:
        """The figure; raises MissingParameter, which calls it by `label`."""
        try:
            return self._rows[policy, key, year]
        except KeyError:
            raise MissingParameter(policy, (key, year, label)) from None

    def check(self, known: Mapping[str, Iterable[str]]) -> None:
        """Refuse policies and keys that no document knows (`known`: policy → keys): a slip would else go unseen."""
        for row in self._rows.values():
            if row.policy not in known:
                raise ParameterError(f"参数文件中的政策“{row.policy}”不存在，可用：{'、'.join(sorted(known))}")
            keys = set(known[row.policy])
            if row.key not in keys:
                usable = "、".join(sorted(keys))
                raise ParameterError(f"参数文件中政策 {row.policy} 没有参数“{row.key}”，请核对写法；可用：{usable}")


def load_parameters(path: Path | str) -> Parameters:
    """Parse a parameter file (CSV, UTF-8). Raises ParameterError naming file, line and remedy."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ParameterError(f"参数文件 {path.name} 打不开，请核对路径：{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"参数文件 {path.name} 不是 UTF-8 编码，请另存为 UTF-8") from error
    return parse_parameters(text, path.name)


def parse_parameters(text: str, name: str = "parameters.csv") -> Parameters:
    """Parse the text of a parameter file; see `load_parameters`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Parameter] = []
    header: list[str] | None = None
    seen: dict[tuple[str, str, int], int] = {}
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if header is None:
                header = _header(cells, name)
                continue
            place = f"参数文件 {name} 第{reader.line_num}行"
            if len(cells) != len(header):
                raise ParameterError(f"{place}有{len(cells)}列，应为{len(header)}列，请核对逗号和引号")
            row = _row(dict(zip(header, cells, strict=True)), place)
            key = (row.policy, row.key, row.year)
            if key in seen:
                raise ParameterError(f"{place}与第{seen[key]}行重复：{row.policy} {row.key} {row.year}，请只保留一行")
            seen[key] = reader.line_num
            rows.append(row)
    except csv.Error as error:
        raise ParameterError(f"参数文件 {name} 第{reader.line_num}行引号不成对，请核对后重新保存") from error
    if header is None:
        raise ParameterError(f"参数文件 {name} 是空的，首行应为：{','.join(COLUMNS)}")
    return Parameters(rows)


def _header(cells: list[str], name: str) -> list[str]:
    if sorted(cells) != sorted(COLUMNS):
        raise ParameterError(f"参数文件 {name} 的首行应为：{','.join(COLUMNS)}；现在是：{','.join(cells)}")
    return cells


def _row(cells: Mapping[str, str], place: str) -> Parameter:
    for column in ("policy", "key", "year", "status", "source"):
        if not cells[column]:
            raise ParameterError(f"{place}缺少 {column}，请补充")
    if not re.fullmatch(r"[12][0-9]{3}", cells["year"]):
        raise ParameterError(f"{place}的 year“{cells['year']}”不是年份，请写成 2023 这样的四位数")
    if cells["status"] not in STATUSES:
        raise ParameterError(f"{place}的 status“{cells['status']}”应为 published（已公布）或 illustrative（示例）")
    value = cells["value"]
    if value and not _VALUE.fullmatch(value):
        raise ParameterError(f"{place}的 value“{value}”不是数，请写成 14000.00 这样的数，不带单位和千位分隔符")
    return Parameter(
        policy=cells["policy"],
        key=cells["key"],
        year=int(cells["year"]),
        value=Decimal(value) if value else None,
        status=cells["status"],
        source=cells["source"],
    )
