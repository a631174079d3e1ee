"""A strict view of a TOML table: every key is read exactly once, every error names file, key and remedy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from .codes import CATEGORIES, LOCATIONS, SERVICES
from .errors import DocumentError
from .figures import NOTHING, Figure, Need, parse_figure, parse_ratio

T = TypeVar("T")
CATEGORY_OF_LABEL = {c.label: c.code for c in CATEGORIES}
SERVICE_OF_LABEL = {label: code for code, label in SERVICES.items()}
LOCATION_OF_LABEL = {label: code for code, label in LOCATIONS.items()}


@dataclass
class Context:
    """What one document has declared and cited so far."""

    name: str
    clauses: dict[str, Any] = field(default_factory=dict)
    needs: dict[str, Need] = field(default_factory=dict)
    cited: dict[str, str] = field(default_factory=dict)
    # A list: errors are gathered row by row (`problems.problems_of`); None: the first one ends the parse.
    problems: list[DocumentError] | None = None

    def attempt(self, parse: Callable[[], T]) -> T | None:
        """What `parse` gives; None when it fails and errors are gathered."""
        if self.problems is None:
            return parse()
        try:
            return parse()
        except DocumentError as error:
            self.problems.append(error)
            return None


class Node:
    """One table at `path`; call `done()` when all known keys were read."""

    def __init__(self, context: Context, path: str, table: object) -> None:
        self.context, self.path = context, path
        if not isinstance(table, dict):
            raise DocumentError(context.name, path, "应为一组条目（方括号小节），请核对写法")
        self._table: Mapping[str, Any] = table
        self._read: set[str] = set()

    def fail(self, key: str, problem: str) -> DocumentError:
        place = f"{self.path}.{key}" if key and self.path else key or self.path
        return DocumentError(self.context.name, place, problem)

    def has(self, key: str) -> bool:
        return key in self._table

    def _take(self, key: str, kind: type[T], wanted: str) -> T:
        self._read.add(key)
        if key not in self._table:
            raise self.fail(key, f"缺少这一项，请补充{wanted}")
        value = self._table[key]
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise self.fail(key, f"应为{wanted}，现在是“{value}”")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and not self.has(key):
            return default
        value: str = self._take(key, str, "加引号的文字").strip()
        if not value:
            raise self.fail(key, "是空的，请填写")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        return self._take(key, bool, "true（是）或 false（否）") if self.has(key) else default

    def year(self, key: str, default: int) -> int:
        if not self.has(key):
            return default
        value: int = self._take(key, int, "四位数年份")
        if not 1900 <= value <= 2999:
            raise self.fail(key, f"“{value}”不是年份，请写成 2023 这样的四位数")
        return value

    def day(self, key: str) -> date | None:
        if not self.has(key):
            return None
        value: date = self._take(key, date, "日期，不加引号写成 2023-01-01")
        if isinstance(value, datetime):
            raise self.fail(key, f"应为不带时间的日期，现在是“{value}”")
        return value

    def need_day(self, key: str) -> date:
        found = self.day(key)
        if found is None:
            raise self.fail(key, "缺少这一项，请补充日期，不加引号写成 2023-01-01")
        return found

    def choice(self, key: str, choices: Mapping[str, T], default: str | None = None) -> T:
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(key, f"“{value}”不在可选范围内，请写成：{'、'.join(c for c in choices if c)}")
        return choices[value]

    def texts(self, key: str) -> tuple[str, ...]:
        values: list[Any] = self._take(key, list, "方括号内用逗号隔开的一组文字")
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise self.fail(key, f"“{value}”应为加引号的文字")
        if not values:
            raise self.fail(key, "是空的，请至少写一个，或者删去这一项")
        repeated = sorted({v for v in values if values.count(v) > 1})
        if repeated:
            raise self.fail(key, f"“{'、'.join(repeated)}”重复，请只保留一个")
        return tuple(values)

    def codes(self, key: str, labels: Mapping[str, str], what: str) -> tuple[str, ...]:
        found = []
        for label in self.texts(key):
            if label not in labels:
                raise self.fail(key, f"没有名为“{label}”的{what}，可用：{'、'.join(labels)}")
            found.append(labels[label])
        return tuple(found)

    def who(self, key: str = "who", optional: bool = False) -> tuple[str, ...]:
        return () if optional and not self.has(key) else self.codes(key, CATEGORY_OF_LABEL, "人员类别")

    def services(self) -> tuple[str, ...]:
        return self.codes("services", SERVICE_OF_LABEL, "服务") if self.has("services") else tuple(SERVICES)

    def locations(self) -> tuple[str, ...]:
        return self.codes("locations", LOCATION_OF_LABEL, "就医地点") if self.has("locations") else tuple(LOCATIONS)

    def clauses(self, key: str = "clauses") -> tuple[str, ...]:
        ids = self.texts(key)
        for clause in ids:
            if clause not in self.context.clauses:
                raise self.fail(key, f"引用的条款 {clause} 没有列出，请在 clauses 中补充这一条款或者改正编号")
            self.context.cited.setdefault(clause, self.path)
        return ids

    def figure(self, key: str, allowed: str, default: Figure | None = None) -> Figure:
        if default is not None and not self.has(key):
            return default
        return self._parse(key, lambda text: parse_figure(text, self.context.needs, allowed))

    def money(self, key: str, default: Figure | None = None) -> Figure:
        return self.figure(key, "元", default)

    def limit(self, key: str, default: Figure | None = NOTHING) -> Figure:
        return self.figure(key, "元不", default)

    def ratio(self, key: str) -> int:
        return self._parse(key, parse_ratio)

    def counted(self, key: str, unit: str) -> int:
        """`5个工作日` → 5."""

        def parse(text: str) -> int:
            number = text.removesuffix(unit)
            if number == text or not number.isdecimal() or not number.isascii() or int(number) == 0:
                raise ValueError(f"“{text}”应带单位写成“5{unit}”")
            return int(number)

        return self._parse(key, parse)

    def _parse(self, key: str, parse: Callable[[str], T]) -> T:
        text = self.text(key)
        try:
            return parse(text)
        except ValueError as error:
            raise self.fail(key, str(error)) from None

    def table(self, key: str) -> "Node | None":
        if not self.has(key):
            return None
        self._read.add(key)
        return Node(self.context, f"{self.path}.{key}".strip("."), self._table[key])

    def need_table(self, key: str) -> "Node":
        found = self.table(key)
        if found is None:
            raise self.fail(key, f"缺少 [{key}] 小节，请补充")
        return found

    def tables(self, key: str) -> list["Node"]:
        if not self.has(key):
            return []
        rows: list[Any] = self._take(key, list, f"若干个 [[{key}]] 小节")
        base = f"{self.path}.{key}".strip(".")
        return [Node(self.context, f"{base}[{i}]", row) for i, row in enumerate(rows, 1)]

    def rows(self, key: str, parse: Callable[["Node"], T]) -> tuple[T, ...]:
        """The parsed rows of `[[key]]`; while errors are gathered, those that have none."""
        found = (self.context.attempt(partial(parse, node)) for node in self.tables(key))
        return tuple(row for row in found if row is not None)

    def done(self) -> None:
        unknown = [key for key in self._table if key not in self._read]
        if unknown:
            known = "、".join(sorted(self._read))
            raise self.fail(unknown[0], f"不认识这一项，请核对拼写或者删去；此处可用：{known}")
