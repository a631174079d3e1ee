"""A real Celery worker on the test database and the run's broker, in a process of its own.

One serves all tests of a pytest process (`worker`); tests that kill start their own (`workers`). It reads a key
prefix and a queue of this process alone, set in the environment before Django's settings are read
(`tests.embedded_plugin`).
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Quick, but the same code paths: three tries, a lease of two seconds.
QUICK = {
    "DELIVERY_PAUSES_SECONDS": "0.2,0.2",
    "DELIVERY_LEASE_SECONDS": "2",
    "WEBHOOK_TIMEOUT_SECONDS": "5",
    "WEBHOOK_TRIAL": "1",
}
COMMAND = (
    "celery -A config worker --concurrency=2 --without-gossip --without-mingle --without-heartbeat --loglevel=INFO"
).split()


def database_url() -> str:
    """The address of the test database of this process."""
    from django.db import connection

    found = connection.settings_dict
    name, password = quote(found["USER"]), quote(found["PASSWORD"] or "")
    host, port = found["HOST"], found["PORT"]
    return f"postgres://{name}{':' + password if password else ''}@{host}:{port}/{quote(found['NAME'])}"


class Worker:
    """`folder` holds its log and, in `files`, its uploads."""

    def __init__(self, folder: Path, **environment: str):
        self.files = folder / "files"
        self.log = folder / "worker.log"
        self.environment = {**os.environ, "DATABASE_URL": database_url(), "MEDIA_ROOT": str(self.files), **environment}
        self.process: subprocess.Popen | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> "Worker":
        if self.running:
            return self
        self.log.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", *COMMAND],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 60
        while b"ready." not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"worker did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """SIGKILL to the worker and its pool: nothing is finished, nothing is given back."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def stop(self) -> None:
        """Warm shutdown: what runs is finished."""
        if not self.running:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


def wait_until(condition, seconds: float = 20.0, what: str = "") -> None:
    """Polls until `condition()` is true; fails with `what` after the time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what or "condition not reached in time")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def _session_worker(django_db_setup, django_db_blocker, certificate, tmp_path_factory):
    """Started by the first test that needs it."""
    with django_db_blocker.unblock():
        worker = Worker(tmp_path_factory.mktemp("worker"), WEBHOOK_CA_FILE=str(certificate.authority), **QUICK)
    yield worker
    worker.stop()


@pytest.fixture
def worker(transactional_db, _session_worker, settings):
    """The running worker; the test's commits are seen by it, and its uploads too."""
    empty_queue()
    settings.MEDIA_ROOT = _session_worker.files
    return _session_worker.start()


@pytest.fixture
def workers(transactional_db, _session_worker, tmp_path, certificate, settings):
    """Starts workers of the test's own (the shared one rests); what still runs afterwards is stopped."""
    _session_worker.stop()
    empty_queue()
    started: list[Worker] = []

    def start(**environment: str) -> Worker:
        folder = tmp_path / f"worker-{len(started)}"
        folder.mkdir()
        settings.MEDIA_ROOT = folder / "files"
        more = {"WEBHOOK_CA_FILE": str(certificate.authority), **QUICK, **environment}
        started.append(Worker(folder, **more))
        return started[-1].start()

    yield start
    for worker in started:
        worker.stop()


def empty_queue() -> None:
    """Forgets what earlier tests queued: their rows are gone."""
    from config.celery import app

    app.control.purge()
