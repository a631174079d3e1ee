"""Rows of whole numbers between NumPy and PostgreSQL in its binary form: no object is made per row."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from django.db import connection
from psycopg import Cursor

Array = Any
HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TAIL: Final = b"\xff\xff"


def fetched(query: str, params: Sequence[Any], fields: Sequence[tuple[str, str]], **arrays: int) -> Array:
    """The rows of a query as a structured array of int64: whole numbers, never null, of the widths i2, i4, i8.

    `arrays`: further columns, arrays of bigint of this fixed length. All rows come as one, an array per column: a
    message per row would cost more than the row.
    """
    names = [*(name for name, _kind in fields), *arrays]
    quoted = ", ".join(f'"{name}"' for name in names)
    gathered = ", ".join(f'array_agg("{name}")' for name in names)
    connection.ensure_connection()
    with Cursor(connection.connection) as cursor:
        cursor.execute(f"SELECT {gathered} FROM ({query}) AS q ({quoted})", params, prepare=False, binary=True)  # type: ignore[arg-type]  # noqa: S608
        result = cursor.pgresult
        assert result is not None  # noqa: S101 - a select has one
        found = [result.get_value(0, at) for at in range(len(names))]
    wire = np.dtype(
        [(name, np.int64) for name, _kind in fields] + [(name, np.int64, size) for name, size in arrays.items()]
    )
    if found[0] is None:
        return np.empty(0, wire)
    kinds = [kind for _name, kind in fields] + ["i8"] * len(arrays)
    values = [_elements(raw, kind) for raw, kind in zip(found, kinds, strict=True)]
    rows = np.empty(len(values[0]), wire)
    for name, value in zip(names, values, strict=True):
        rows[name] = value.reshape(rows[name].shape)
    return rows


def _elements(raw: bytes | None, kind: str) -> Array:
    """The values of an array as PostgreSQL sends it: dimensions (each with its lower bound), then size and value."""
    raw = raw or b""
    start = 12 + 8 * int.from_bytes(raw[:4], "big")
    return np.frombuffer(raw, np.dtype([("#", ">i4"), ("value", f">{kind}")]), offset=start)["value"]


def copy_numbers(table: str, columns: Mapping[str, Array]) -> None:
    """Appends rows of bigints, one array per column."""
    names = list(columns)
    count = len(columns[names[0]])
    wire = np.dtype([("#", ">i2"), ("cells", [("size", ">i4"), ("value", ">i8")], (len(names),))])
    rows = np.empty(count, wire)
    rows["#"] = len(names)
    rows["cells"]["size"] = 8
    for at, name in enumerate(names):
        rows["cells"]["value"][:, at] = columns[name]
    with (
        connection.cursor() as cursor,
        cursor.cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(HEAD + rows.tobytes() + TAIL)
