"""Rows of a query as whole numbers, read by binary COPY: no object is made per value, and nothing is held twice."""

import select
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from django.db import connection
from psycopg import Copy, pq
from psycopg.errors import error_from_result

# Bytes of rows turned into numbers at once: small enough that the allocator gives the same memory again, for memory
# that was never touched is dear.
BLOCK: Final = 1 << 22
_AHEAD: Final = 4  # blocks received before the first of them is in its place
Array = Any


def copied(query: str, params: dict[str, Any], columns: int, progress: Callable[[int], None] | None = None) -> Array:
    """The rows of a query as int64 (rows, columns); every column is a bigint and never null.

    Rows are turned into numbers beside the reading. Raises psycopg.Error as the query does.
    """
    rows, waiting, head = _Rows(columns), list[Future[int]](), True
    with (
        ThreadPoolExecutor(1) as beside,
        connection.cursor() as cursor,
        cursor.cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", params) as copy,
    ):
        for block in _blocks(copy):
            if head:
                # Signature (11), flags (4), length of the extension (4), the extension.
                del block[: 19 + int.from_bytes(block[15:19], "big")]
                head = False
            waiting.append(beside.submit(rows.add, block))
            if len(waiting) > _AHEAD:
                count = waiting.pop(0).result()
                if progress:
                    progress(count)
        for block in waiting:
            block.result()
    return rows.numbers


class _Rows:
    """The numbers so far, in one array that grows where it lies."""

    def __init__(self, columns: int) -> None:
        cells = ("cells", [("size", ">i4"), ("value", ">i8")], (columns,))
        self.wire = np.dtype([("count", ">i2"), cells])
        self.numbers = np.empty((0, columns), np.int64)

    def add(self, block: bytearray) -> int:
        """Put the rows of a block after the others; how many rows there are now."""
        count, beyond = divmod(len(block), self.wire.itemsize)
        found = np.frombuffer(block, self.wire, count)
        # After the last row comes a count of -1.
        if beyond not in (0, 2) or (found["count"] != self.numbers.shape[1]).any():
            raise ValueError("a row of the copy is not of fixed width")
        start = len(self.numbers)
        self.numbers.resize((start + count, self.numbers.shape[1]), refcheck=False)
        self.numbers[start:] = found["cells"]["value"]
        return start + count


def _blocks(copy: Copy) -> Iterator[bytearray]:
    """What the server sends, in blocks of whole rows.

    `Copy.read` waits for every row anew; here libpq is asked until it has no more of them, and then waited for.
    """
    pgconn = copy.connection.pgconn
    arrived = select.poll()
    arrived.register(pgconn.socket, select.POLLIN)
    block = bytearray()
    size, row = pgconn.get_copy_data(1)
    while size >= 0:
        if size:
            block += row
        else:
            if len(block) >= BLOCK:
                yield block
                block = bytearray()
            arrived.poll()
            pgconn.consume_input()
        size, row = pgconn.get_copy_data(1)
    while (result := pgconn.get_result()) is not None:
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)
    yield block
