"""What can be wrong with a file, a row or a cell; the Chinese sentence comes from `messages`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .messages import REFUSALS, message_of


class FileRefused(Exception):
    """The whole file cannot be read; nothing of it may be used.

    `code` names the cause (a key of `messages.REFUSALS`), `params` its details; `str()` is the Chinese sentence that
    says what is wrong and what to do. May also be raised while the rows are being read (a broken byte near the end).
    """

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        self.message = REFUSALS[code]
        super().__init__(self.message % params)


class FieldError(ValueError):
    """One cell cannot be understood. `code` is a key of `messages.PROBLEMS`; `str()` is the Chinese reason."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)

    def __str__(self) -> str:
        return message_of(self.code) % {"label": "", "value": "", **self.params}


class Noted(NamedTuple):
    """A cell that was understood, with something the officer should know."""

    value: Any
    code: str
    params: Mapping[str, Any] = {}


class Problem(NamedTuple):
    """One fault (or note) of one row."""

    line: int
    """Line of the row as a spreadsheet counts, title and blank lines included."""
    code: str
    field: str
    """Code of the field, e.g. `id_number`; empty when the fault is of the row as a whole."""
    header: str
    """The column's heading in this file (the field's label when the file lacks the column)."""
    value: str
    """The cell as it stands in the file."""
    params: Mapping[str, Any] = {}

    @property
    def message(self) -> str:
        """The Chinese template, for translation; fill it with `params`."""
        return message_of(self.code)

    @property
    def reason(self) -> str:
        """The Chinese sentence: what is wrong and what to do."""
        return self.message % {"label": self.header, "value": self.value, **self.params}
