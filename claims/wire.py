"""Rows of whole numbers between NumPy and PostgreSQL by binary COPY: no object is made per row."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from django.db import connection

Array = Any
HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TAIL: Final = b"\xff\xff"


def copied(query: str, params: Sequence[Any], fields: Sequence[tuple[str, str]], extra: Sequence[Any] = ()) -> Array:
    """The rows of a query as a structured array (big-endian): whole numbers of fixed width, never null.

    `extra`: further parts of a row as NumPy fields, for arrays of fixed length.
    """
    parts = [(one, kind) for name, width in fields for one, kind in ((f"#{name}", ">i4"), (name, f">{width}"))]
    wire = np.dtype([("#", ">i2"), *parts, *extra])
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", params) as copy:
        raw = b"".join(copy)
    # Signature (11), flags (4), length of the extension (4); the trailer is two bytes.
    return np.frombuffer(raw, wire, offset=19, count=(len(raw) - 21) // wire.itemsize)


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
