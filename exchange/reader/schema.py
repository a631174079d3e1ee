"""How a kind of file is declared: its columns, their words, and what must hold within a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .columns import Context, Maker
from .text import BLANKS

if TYPE_CHECKING:
    from .batch import Batch

_MARKS = re.compile(r"[*:\"'“”]|\(必填\)|\(选填\)|\(必填项\)|\(非必填\)")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^】]*】")


def heading(text: str) -> str:
    """A heading as it is compared: half width, lower case, without spaces, stars, colons and 必填 marks."""
    return _MARKS.sub("", BLANKS.sub("", unicodedata.normalize("NFKC", text)).lower())


def without_brackets(text: str) -> str:
    """The heading without what stands in brackets (`金额(元)`)."""
    return _BRACKETED.sub("", text)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file."""

    name: str
    """Code: the key in `Row.values`, and a heading that is understood."""
    label: str
    """Chinese heading; also what messages call the column."""
    make: Maker
    """Gives the reader of the column for a context (see `columns`)."""
    required: bool = False
    """The file must have the column and every row a value in it."""
    default: Any = None
    """Value where the column or the cell is absent."""
    synonyms: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    """Headings that count only where none of the others is there."""
    apart: bool = False
    """Few files have it: the batches of the others know nothing of it, neither value nor digest."""
    few: bool = False
    """Few different cells: to read it costs little, however many rows there are."""

    def headings(self) -> Iterable[str]:
        """The headings that are understood, in their compared form."""
        return {heading(word) for word in (self.name, self.label, *self.synonyms)}


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of file."""

    name: str
    label: str
    columns: tuple[Column, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    """Groups of columns of which the file must have at least one."""
    checks: tuple[Callable[[Batch, Context], None], ...] = ()
    """What must hold between the cells of a row; may fill in derived values and add problems."""
    unique: str | None = None
    """Column whose value may stand in one row only: later rows get the problem `repeated`."""

    def column(self, name: str) -> Column:
        """The column of that code. KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
