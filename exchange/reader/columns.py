"""Whole columns of text to values: what is plainly right goes through at the speed of C, the rest cell by cell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from . import clock, dates, identity, money, names, phones, regions, vocabulary
from .errors import FieldError, Noted
from .text import PLACEHOLDERS, SCIENTIFIC, clean, compact, is_blank, is_placeholder


class Cells(NamedTuple):
    """A column read: a value per cell (None where blank or faulty), faults and notes by position."""

    values: list[Any]
    faults: Sequence[tuple[int, FieldError]] = ()
    notes: Sequence[tuple[int, Noted]] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What the reader must know besides the file."""

    department: str | None = None
    """Code of the department that sends a roster: other departments' categories are faults."""
    categories: frozenset[str] | None = None
    """Categories that this file may hold; by default those that the department certifies."""
    region: str | None = None
    """Division code (6, 9 or 12 digits) within which every row's region must lie."""
    regions: regions.RegionIndex | None = None
    """Known codes and names; without it codes are taken as written and names are unknown."""
    today: dt.date = field(default_factory=clock.today)

    def allowed_categories(self) -> frozenset[str] | None:
        """Categories that a row may name; None when all may."""
        if self.categories is not None or self.department is None:
            return self.categories
        return vocabulary.categories_of(self.department)


NAME_LENGTH = 80
REFERENCE_LENGTH = 40
MOBILE = frozenset(f"1{second}" for second in "3456789")

ColumnReader = Callable[[Sequence[str]], Cells]
Maker = Callable[[Context], ColumnReader]


_ODD = frozenset({FieldError, Noted})


class _Memo(dict[str, Any]):
    """Values by cell text, worked out once; bounded, so that a column of unique cells costs no memory."""

    LIMIT = 20_000

    def __init__(self, one: Callable[[str], Any]) -> None:
        super().__init__()
        self.one = one
        self.flagged = False

    def __missing__(self, raw: str) -> Any:
        try:
            value = self.one(raw)
        except FieldError as error:
            value = error
        if isinstance(value, (FieldError, Noted)):
            self.flagged = True
        if len(self) >= self.LIMIT:
            self.clear()
        self[raw] = value
        return value


def _sort_out(values: list[Any], places: Sequence[int] | None = None) -> Cells:
    """Take FieldErrors and Noted values out of a column."""
    faults, notes = [], []
    for i in range(len(values)) if places is None else places:
        value = values[i]
        if value.__class__ is FieldError:
            faults.append((i, value))
            values[i] = None
        elif value.__class__ is Noted:
            notes.append((i, value))
            values[i] = value.value
    return Cells(values, faults, notes)


def _memoised(one: Callable[[str], Any]) -> ColumnReader:
    """For columns with few distinct cells: dates, codes, labels."""
    memo = _Memo(one)
    lookup = memo.__getitem__

    def read(raws: Sequence[str]) -> Cells:
        values = list(map(lookup, raws))
        if memo.flagged and not _ODD.isdisjoint(map(type, values)):
            return _sort_out(values)
        return Cells(values)

    return read


def _each(values: list[Any], places: Sequence[int], one: Callable[[str], Any]) -> Cells:
    """Work out the named places one by one, in place."""
    for i in places:
        try:
            values[i] = one(values[i])
        except FieldError as error:
            values[i] = error
    return _sort_out(values, places)


def id_number(context: Context) -> ColumnReader:
    """Identity number in normal form; notes `id_converted`, `id_district`."""
    today = context.today

    def one(raw: str) -> Any:
        if is_blank(raw):
            return None
        found = identity.parse(raw, today=today)
        if found.converted:
            return Noted(found.number, "id_converted", {"number": found.number})
        return found.number if found.province_known else Noted(found.number, "id_district")

    def read(raws: Sequence[str]) -> Cells:
        values = list(raws)
        places = identity.unclear(values, today=today)
        if not places:
            return Cells(values)
        # Most of them are good numbers in small letters, full-width digits, with spaces or an apostrophe.
        tidied = [compact(values[i]).upper() for i in places]
        still = identity.unclear(tidied, today=today)
        for i, text in zip(places, tidied, strict=True):
            values[i] = text
        return _each(values, [places[j] for j in still], one)

    return read


def person_name(_: Context) -> ColumnReader:
    """Name in normal form; note `name_private`."""

    def one(raw: str) -> Any:
        name = names.normalise(raw)
        if len(name) > NAME_LENGTH:
            return Noted(name[:NAME_LENGTH], "cut", {"limit": NAME_LENGTH})
        return Noted(name, "name_private") if names.has_private(name) else name or None

    def read(raws: Sequence[str]) -> Cells:
        values = list(raws)
        places = names.unclear(values, longest=NAME_LENGTH)
        return _each(values, places, one) if places else Cells(values)

    return read


def date(_: Context) -> ColumnReader:
    """`datetime.date`."""
    memo = _memoised(dates.parse)

    def read(raws: Sequence[str]) -> Cells:
        return memo(dates.without_time(raws) or raws)

    return read


def amount(_: Context) -> ColumnReader:
    """Integer fen, not negative."""
    memo = _memoised(money.parse)

    def read(raws: Sequence[str]) -> Cells:
        if raws.count(raws[0]) == len(raws):  # what the platform did not pay is 0.00 in every row
            return memo(raws)
        plain = money.column(raws)
        return memo(raws) if plain is None else Cells(plain)

    return read


def category(context: Context) -> ColumnReader:
    """Category code, one of those that the sender may certify."""
    allowed = context.allowed_categories()

    def one(raw: str) -> str | None:
        return None if is_blank(raw) else vocabulary.category(raw, allowed=allowed)

    return _memoised(one)


def any_category(_: Context) -> ColumnReader:
    """Category code of whatever department."""
    return _memoised(lambda raw: None if is_placeholder(raw) else vocabulary.category(raw))


def region(context: Context) -> ColumnReader:
    """12-digit division code within the context's region; note `region_new`."""

    def one(raw: str) -> Any:
        return regions.resolve(raw, regions=context.regions, region=context.region)

    return _memoised(one)


def choice(choices: vocabulary.Choices, *, to: Callable[[str], Any] = str) -> Maker:
    """One of a list of codes, given by code or word; fault `code_unknown`."""

    def one(raw: str) -> Any:
        code = choices.get(raw)
        if code is not None:
            return to(code)
        if is_placeholder(raw):
            return None
        raise FieldError("code_unknown", value=compact(raw), choices="、".join(choices.codes))

    return lambda _: _memoised(one)


def yes_no(_: Context) -> ColumnReader:
    """bool."""
    return choice(vocabulary.YES_NO, to="yes".__eq__)(_)


_WHOLE = re.compile(r"\d{1,9}(?:\.0+)?", re.ASCII)


def whole_number(low: int, high: int) -> Maker:
    """Integer between two bounds; fault `number`."""

    def one(raw: str) -> int | None:
        if is_placeholder(raw):
            return None
        text = compact(raw).removesuffix("年度").removesuffix("年")
        if not _WHOLE.fullmatch(text) or not low <= int(text.split(".")[0]) <= high:
            raise FieldError("number", value=raw)
        return int(text.split(".")[0])

    return lambda _: _memoised(one)


def phone(_: Context) -> ColumnReader:
    """Digits of a telephone number; what is none becomes None with the note `phone`."""

    def one(raw: str) -> Any:
        if is_placeholder(raw):
            return None
        found = phones.normalise(raw)
        return Noted(None, "phone", {"value": clean(raw)}) if found is None else found

    def read(raws: Sequence[str]) -> Cells:
        values = list(raws)
        joined = "".join(values)
        alike = len(joined) == 11 * len(values) and joined.isdigit() and joined.isascii()
        if alike and set(map(len, values)) == {11} and {raw[:2] for raw in values} <= MOBILE:
            return Cells(values)
        return _each(values, range(len(values)), one)

    return read


def reference(*, strict: bool) -> Maker:
    """A number that is a name (household, claim, institution): text without spaces, never in scientific notation.

    Two numbers that a spreadsheet rounded look the same, so such a cell is a fault where the number identifies the row
    (`strict`), else it is dropped with the note `value_spreadsheet`.
    """

    def one(raw: str) -> Any:
        text = compact(raw)
        if text.lower() in PLACEHOLDERS:
            return None
        if SCIENTIFIC.fullmatch(text) and "." in text:
            if strict:
                raise FieldError("number_spreadsheet", label="")
            return Noted(None, "value_spreadsheet")
        text = text.removesuffix(".0")
        if len(text) > REFERENCE_LENGTH and strict:
            raise FieldError("too_long", limit=REFERENCE_LENGTH)
        return _cut(text, REFERENCE_LENGTH)

    def read(raws: Sequence[str]) -> Cells:
        values = list(raws)
        joined = "".join(values)
        # Placeholders made of letters (null, none) have at most four.
        plain = joined.isascii() and joined.isalnum()
        if plain and min(map(len, values)) > 4 and max(map(len, values)) <= REFERENCE_LENGTH:
            return Cells(values)
        return _each(values, range(len(values)), one)

    return lambda _: read


def words(limit: int) -> Maker:
    """Free text in one line, cut to so many characters with the note `cut`."""

    def one(raw: str) -> Any:
        return None if is_placeholder(raw) else _cut(clean(raw), limit)

    return lambda _: _memoised(one)


def _cut(text: str, limit: int) -> str | Noted:
    return text if len(text) <= limit else Noted(text[:limit], "cut", {"limit": limit})
