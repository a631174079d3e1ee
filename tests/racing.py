"""Two transactions that meet in a known order: no luck, no pauses."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from django.db import connection, transaction

_WAITS = "SELECT FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid))"
PATIENCE = 30  # seconds


def meet(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """`first` has done its work and not committed yet when `second`, on a connection of its own, comes to wait for it.

    Gives what the two returned, of `second` also the exception with which it ended. Fails when `second` never waits.
    Needs `transaction=True`.
    """
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(second())
        except Exception as error:
            came.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        done = first()
        thread.start()
        _until_someone_waits(thread, came)
    thread.join(PATIENCE)
    assert came, "the second never came to an end"
    return done, came[0]


def _until_someone_waits(thread: threading.Thread, came: list[Any]) -> None:
    end = monotonic() + PATIENCE
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = cursor.fetchone()[0]
        while True:
            cursor.execute(_WAITS, [own])
            if cursor.fetchone() is not None:
                return
            assert thread.is_alive(), f"the second did not wait: {came}"
            assert monotonic() < end, "nobody waits"
            thread.join(0.01)
