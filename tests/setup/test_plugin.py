"""The test run's own services: there for this very test, gone after a run, even one that was killed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config import embedded
from config.embedded.folder import PROJECT
from config.embedded.postgres import Cluster, command_line

SETTINGS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "INDEX_KEY")
OWN_RUN = pytest.mark.skipif(
    not Path(os.environ.get("TUODI_DATA", "")).name.startswith("tuodi-tests-"),
    reason="this run uses the servers of the caller's DATABASE_URL",
)

SLEEPER = """
import os, pytest, time
def test_it():
    print("up", os.environ["TUODI_DATA"], flush=True)
    time.sleep(60)
"""


def _hears_interrupts() -> None:
    """A run that a script has put in the background ignores Ctrl-C, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def run_of_its_own(tmp_path):
    """Starts pytest with the plugin on a test that sleeps, in its own place for temporary folders.

    Gives the process and its data folder.
    """
    temporary = Path(tempfile.mkdtemp(prefix="tuodi-setup-"))
    temporary.chmod(0o711)
    (tmp_path / "test_sleeper.py").write_text(SLEEPER)
    (tmp_path / "pytest.ini").touch()  # without Django's plugin, which takes longer than the services
    environment = {name: value for name, value in os.environ.items() if name not in {*SETTINGS, "TUODI_DATA"}}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
    started: list[subprocess.Popen] = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *("-p", "tests.embedded_plugin", "-p", "no:django", "-sq"), str(tmp_path)],
            cwd=PROJECT,
            env=environment | {"TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_hears_interrupts,
        )
        started.append(process)
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("up "):
                return process, Path(line.split()[1])
        raise AssertionError("".join(said))

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
    for folder in temporary.glob("tuodi-tests-*/"):
        embedded.remove(folder)
    for left in temporary.iterdir():
        left.unlink()
    temporary.rmdir()


@OWN_RUN
def test_this_run_has_services_of_its_own():
    folder = Path(os.environ["TUODI_DATA"])
    assert PROJECT not in folder.parents
    assert embedded.status(folder).running
    known = embedded.endpoints(start=False, data_dir=folder)
    assert {name: os.environ[name] for name in SETTINGS} == {
        "DATABASE_URL": known.database_url,
        "REDIS_URL": known.redis_url,
        **known.secrets,
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_and_deletes_its_services(run_of_its_own, number):
    process, folder = run_of_its_own()
    server = Cluster(embedded.status(folder).home).postmaster()
    process.send_signal(number)
    process.wait(timeout=30)
    assert not folder.exists()
    assert not any(command_line(server.pid))


def test_what_a_killed_run_left_goes_with_the_next_run(run_of_its_own):
    killed, left = run_of_its_own()
    killed.kill()
    killed.wait()
    assert embedded.status(left).running
    _, beside = run_of_its_own()
    assert not left.exists()
    # A run that is alive is left alone by those that start beside it.
    run_of_its_own()
    assert embedded.status(beside).running
