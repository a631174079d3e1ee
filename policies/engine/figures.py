"""Figures as a policy document writes them: `3000元`, `70%`, `不设`, `全市居民人均可支配收入（上年）× 10%`."""

import re
from dataclasses import dataclass
from typing import Final

from .chain import share
from .money import BASIS, format_ratio, format_yuan, parse_yuan
from .parameters import Parameter, Parameters

NO_LIMIT: Final = "不设"
YEARS: Final = {"当年": 0, "上年": -1}
_MONEY = re.compile(r"([0-9]+(?:\.[0-9]{1,2})?)元")
_RATIO = re.compile(r"([0-9]+(?:\.[0-9]{1,2})?)%")
_NAMED = re.compile(r"(?P<label>.+)（(?P<year>当年|上年)）(?:\s*×\s*(?P<ratio>[0-9.]+%))?")


@dataclass(frozen=True, slots=True)
class Need:
    """A figure that the text leaves to yearly statistics: how the document calls it, and its unit 元, % or 人."""

    key: str
    label: str
    unit: str
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a document before the year is known.

    One of: nothing (`不设`), `fen`, `ratio` in basis points, or a parameter of a year (`year_offset` 0 or -1)
    times `ratio`. `text` is what the document says.
    """

    text: str
    fen: int | None = None
    ratio: int | None = None
    need: Need | None = None
    year_offset: int = 0

    @property
    def is_none(self) -> bool:
        return self.fen is None and self.ratio is None and self.need is None

    def parameter(self, parameters: Parameters, policy: str, year: int) -> Parameter | None:
        """The parameter behind this figure in the settlement year. Raises MissingParameter."""
        if self.need is None:
            return None
        return parameters.get(policy, self.need.key, year + self.year_offset, self.need.label)

    def resolve(self, parameters: Parameters, policy: str, year: int) -> int | None:
        """Fen, or basis points for a ratio, or None where nothing is set. Raises MissingParameter."""
        if self.need is None:
            return self.fen if self.fen is not None else self.ratio
        found = parameters.get(policy, self.need.key, year + self.year_offset, self.need.label)
        value = found.number(self.need)
        if value is None or self.need.unit == "%":
            return value
        return share(value, BASIS if self.ratio is None else self.ratio)

    def working(self, parameters: Parameters, policy: str, year: int) -> str:
        """The figure with its numbers: `全市居民人均可支配收入（2022年）28500.00元 × 10%`."""
        if self.need is None:
            return self.text
        found = parameters.get(policy, self.need.key, year + self.year_offset, self.need.label)
        value = found.number(self.need)
        shown = NO_LIMIT if value is None else show(value, self.need.unit)
        times = "" if self.ratio is None else f" × {format_ratio(self.ratio)}"
        return f"{self.need.label}（{found.year}年）{shown}{times}"


NOTHING: Final = Figure(NO_LIMIT)


def show(value: int, unit: str) -> str:
    """A value with its unit: fen as yuan, basis points as per cent, people as they are."""
    if unit == "%":
        return format_ratio(value)
    return f"{value}人" if unit == "人" else f"{format_yuan(value)}元"


def parse_ratio(text: str) -> int:
    """`70%` → 7000. Raises ValueError with the remedy; more than 100 % is refused."""
    match = _RATIO.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}”不是比例，请带单位写成“70%”")
    basis = parse_yuan(match[1])
    if basis > BASIS:
        raise ValueError(f"比例“{text}”超过100%，请改为不超过100%的数")
    return basis


def parse_figure(text: str, needs: dict[str, Need], allowed: str) -> Figure:
    """Parse a figure; `allowed` says which forms may stand here, of 元 (money), % (ratio) and 不 (nothing).

    Raises ValueError with a Chinese sentence that says what to write.
    """
    if text == NO_LIMIT and "不" in allowed:
        return NOTHING
    if (match := _MONEY.fullmatch(text)) and "元" in allowed:
        return Figure(text, fen=parse_yuan(match[1]))
    if text.endswith("%") and _RATIO.fullmatch(text) and "%" in allowed:
        return Figure(text, ratio=parse_ratio(text))
    if match := _NAMED.fullmatch(text):
        need = needs.get(match["label"].strip())
        if need is None:
            known = "、".join(needs) or "（无）"
            raise ValueError(f"“{match['label']}”没有在 parameters 中登记；已登记的有：{known}")
        if need.unit not in allowed:
            raise ValueError(f"“{need.label}”的单位是“{need.unit}”，不能用在这里")
        ratio = match["ratio"]
        if ratio and need.unit == "%":
            raise ValueError(f"“{need.label}”本身是比例，不能再乘以{ratio}")
        basis = multiple(ratio) if ratio else None
        return Figure(text, ratio=basis, need=need, year_offset=YEARS[match["year"]])
    raise ValueError(f"“{text}”看不懂或者缺少单位，请写成{_forms(allowed)}")


def multiple(text: str) -> int:
    """`150%` → 15000: a multiple of a statistic may be more than 100 %."""
    match = _RATIO.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}”不是倍数，请写成“150%”")
    return parse_yuan(match[1])


def _forms(allowed: str) -> str:
    forms = []
    if "元" in allowed:
        forms += ["“3000元”", "“统计数字名称（上年）× 10%”"]
    if "%" in allowed:
        forms += ["“70%”"]
    if "不" in allowed:
        forms += [f"“{NO_LIMIT}”"]
    return "、".join(forms)
