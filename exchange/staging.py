"""Rows of a file into the database by COPY, column by column: no Python object per row, no index while it matters."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from accounts.crypto import blind_indexes, encrypt_many
from accounts.jobs import Progress
from accounts.masking import mask_id_number
from exchange import reader
from exchange.models import InboundFile, Outcome, StagedRow

Columns = Mapping[str, Sequence[Any]]
# Values of a batch's rows by column of the staging table.
Fill = Callable[[reader.Batch], Columns]
TABLE = StagedRow._meta.db_table
MANY = 2_000
NULL = r"\N"
# What COPY's text format would take for its own signs.
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_SIGNS = "\\\t\n\r"


def stage_reading(
    file: InboundFile,
    reading: reader.Reading,
    progress: Progress,
    fill: Fill,
    *,
    table: str = TABLE,
    sift: Callable[[reader.Batch], Sequence[int]] | None = None,
    narrow: Callable[[reader.Batch], reader.Batch] = lambda batch: batch,
) -> None:
    """Copies every row of the file into `table`: identity (sealed, with its blind index), name, faults, and `fill`.

    A faulty row gets outcome `error` with code, field and reason. Notes are counted into `file.notes`. `sift` says
    which rows must be read (`Reading.batches`), `narrow` which of those must be copied. `table` has the columns of
    `exchange_stagedrow` named here.
    """
    notes: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    writer: _Writer | None = None
    with connection.cursor() as cursor:
        step = _("读取文件")
        with _Writer(cursor, table) as writer:
            for batch in reading.batches(sift):
                rest = narrow(batch) if len(batch) else batch
                if len(rest):
                    writer.put(_common(file, rest) | fill(rest))
                for found in batch.notes.values():
                    for note in found:
                        notes[note.code, note.field] += 1
                        examples.setdefault((note.code, note.field), _without_number(note))
                progress(step, reading.rows_read, reading.rows_about)
    file.notes += [
        {"code": code, "field": field, "count": count, "text": examples[code, field]}
        for (code, field), count in notes.items()
    ]


def _without_number(note: reader.Problem) -> str:
    """The note's sentence as it may stand in clear."""
    shown = {"label": note.header, "value": note.value, **note.params}
    if note.field == "id_number":
        shown = {key: mask_id_number(str(value)) for key, value in shown.items()}
    return note.message % shown


def _common(file: InboundFile, batch: reader.Batch) -> dict[str, Sequence[Any]]:
    numbers = batch.columns["id_number"]
    found: dict[str, Sequence[Any]] = {
        "file_id": [file.pk] * len(batch),
        "row": batch.lines,
        "id_number": encrypt_many(numbers, "id_number"),
        "id_key": blind_indexes(numbers, "id_number"),
        "name": [name or "" for name in batch.columns["name"]],
    }
    return found | faults(batch)


def faults(batch: reader.Batch) -> dict[str, list[Any]]:
    """Outcome, code, field, reason and what stands in the cell, of the rows at fault; empty for the others."""
    count = len(batch)
    outcome, code, field, reason = [""] * count, [""] * count, [""] * count, [""] * count
    values = ["{}"] * count
    for i, problems in batch.problems.items():
        first = problems[0]
        outcome[i], code[i], field[i] = Outcome.ERROR.value, first.code, first.field
        reason[i] = "".join(dict.fromkeys(problem.reason for problem in problems))[:300]
        shown = mask_id_number(first.value) if first.field == "id_number" else first.value
        values[i] = json.dumps({"header": first.header, "value": shown[:100]}, ensure_ascii=False)
    return {"outcome": outcome, "code": code, "field": field, "reason": reason, "values": values}


class _Writer:
    """Opens COPY with the columns of the first put and keeps to them."""

    def __init__(self, cursor: Any, table: str) -> None:
        self.cursor, self.table = cursor, table
        self.names: list[str] = []
        self.copy: Any = None

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *error: Any) -> None:
        if self.copy is not None:
            self.copy.__exit__(*error)

    def put(self, columns: Columns) -> None:
        if self.copy is None:
            self.names = list(columns)
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(self.table), sql.SQL(", ").join(map(sql.Identifier, self.names))
            )
            self.copy = self.cursor.cursor.copy(statement)
            self._stream = self.copy.__enter__()
        texts = [as_text(columns[name]) for name in self.names]
        self._stream.write("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n")


@contextmanager
def copying(table: str) -> Iterator[Callable[[Columns], None]]:
    """`with copying("some_table") as put: put({"column": [values…]})`: COPY of columns into a table."""
    with connection.cursor() as cursor, _Writer(cursor, table) as writer:
        yield writer.put


def put_rows(table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """COPY of a few rows, given one by one, into a table."""
    if rows:
        with copying(table) as put:
            put(dict(zip(names, zip(*rows, strict=True), strict=True)))


def refresh_statistics(table: str, written: int, *, tenths: int = 1) -> None:
    """After many rows, a tenth of the table or more (`tenths` says how many): what follows in the same transaction is
    planned for them, not for the table as it was.
    """
    if written < MANY:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        if written * 10 >= tenths * cursor.fetchone()[0]:
            # As text: the trail looks at what a recorded act sends, and knows no composed statement.
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")


def as_text(values: Sequence[Any]) -> Sequence[str]:
    """A column in COPY's text format: text, whole numbers, dates, bytes, bool, JSON objects, None."""
    kinds = set(map(type, values))
    if len(kinds) == 1 and values.count(values[0]) == len(values):  # what a file says nothing of, or always the same
        return [_one(values[0])] * len(values)
    if kinds <= {str}:
        return _escaped(values)
    if kinds <= {str, type(None)} and not _has_sign("".join(filter(None, values))):
        return [NULL if value is None else value for value in values]
    if kinds <= {int, bool}:
        return list(map(str, values))
    if kinds <= {int, type(None)}:
        return [NULL if value is None else str(value) for value in values]
    if kinds <= {bytes, type(None)}:
        return [NULL if value is None else rf"\\x{value.hex()}" for value in values]
    if kinds <= {date, type(None)}:
        known = {value: NULL if value is None else value.isoformat() for value in set(values)}
        return [known[value] for value in values]
    return [_one(value) for value in values]


def _has_sign(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


def _escaped(values: Sequence[str]) -> Sequence[str]:
    if not _has_sign("".join(values)):
        return values
    return [value.translate(_ESCAPES) for value in values]


def _one(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    return str(value)
