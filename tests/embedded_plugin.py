"""Gives a test run its own PostgreSQL and Valkey, in a temporary data folder that goes with it.

Loaded with `-p` so that the environment is set before Django's settings are read. Where DATABASE_URL is set (by
the caller, or by the controller for its xdist workers) it does nothing.
"""

import atexit
import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded

PREFIX = "tuodi-tests-"
# What this process queues is for the worker of this process (tests.worker), not for its neighbour's.
os.environ["REDIS_PREFIX"] = (
    f"tests:{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}:{os.environ.get('PYTEST_XDIST_WORKER', 'main')}:"
)
_held: dict[str, int] = {}  # the run's folder, with the handle of the lock that says it is in use


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start before anything of the run's own is loaded: pytest-django reads the settings inside this hook."""
    # A test speaks plain HTTP to this machine and takes static files from their folders, like a trial.
    os.environ.setdefault("TUODI_EMBEDDED", "1")
    os.environ.setdefault("REQUEST_LOG_LEVEL", "WARNING")  # a line per request buries why a test failed
    if not os.environ.get("DATABASE_URL"):
        _remove_stale()
        try:
            _start()
        except embedded.EmbeddedError as error:
            raise pytest.UsageError(str(error)) from error
    return (yield)


@pytest.hookimpl(tryfirst=True)  # xdist has an answer of its own
def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: part of the time each waits for a server, a worker or a browser."""
    return (os.cpu_count() or 1) + 1


def pytest_unconfigure() -> None:
    _stop()


def _start() -> None:
    atexit.register(_stop)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        # Ended from outside, a run still stops what it started: as on Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)  # run by root, the servers' own account must get through
    _held[str(folder)] = os.open(_owner_lock(folder), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(_held[str(folder)], fcntl.LOCK_EX)
    services = embedded.start(folder, durable=False)
    os.environ |= {
        "TUODI_DATA": str(folder),
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        **services.secrets,
    }


def _stop() -> None:
    while _held:
        name, handle = _held.popitem()
        _remove(Path(name))
        os.close(handle)


def _remove_stale() -> None:
    """Remove what earlier runs left behind that were killed: nobody holds their locks."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/"):
        if folder.stat().st_uid != os.geteuid():
            continue
        with _owner_lock(folder).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _remove(folder)


def _remove(folder: Path) -> None:
    embedded.remove(folder)
    shutil.rmtree(folder, ignore_errors=True)
    _owner_lock(folder).unlink(missing_ok=True)


def _owner_lock(folder: Path) -> Path:
    return folder.with_suffix(".owner")
