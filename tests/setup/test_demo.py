"""The demo's runner: its children with small programs, then the real thing from start to Ctrl-C."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from config import embedded
from config.demo import processes
from config.demo.processes import ChildFailed, Children
from config.demo.run import LOGINS, login_table
from config.embedded.folder import PROJECT
from config.embedded.postgres import command_line

SETTINGS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "INDEX_KEY", "TUODI_DATA")
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
POLITE = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit('bye')); "
    "print('up', flush=True); time.sleep(60)"
)
WITH_CHILD = (
    "import subprocess, sys; child = subprocess.Popen(['/bin/sleep', '60']); print(child.pid, flush=True); child.wait()"
)


@pytest.fixture
def children(tmp_path):
    started = Children(tmp_path, dict(os.environ))
    yield started
    started.in_haste = True
    started.stop()


def start(children, program):
    """Start a program and wait for its first word; gives the child and the word."""
    child = children.start("程序", "program", ["-c", program])
    while not (word := child.log.read_text()[child.log_start :].strip()):
        assert child.process.poll() is None
        time.sleep(0.01)
    return child, word


def test_a_child_that_ends_unexpectedly_is_reported_with_the_end_of_its_log(children):
    children.start("任务进程", "worker", ["-c", "print('before'); raise SystemExit('no broker')"])
    with pytest.raises(ChildFailed) as caught:
        children.watch()
    for part in ("任务进程", "退出码 1", str(children.logs / "worker.log"), "before", "no broker"):
        assert part in str(caught.value)


def test_a_failure_shows_what_this_run_said_and_not_an_earlier_one(children):
    (children.logs / "worker.log").write_text("yesterday\n")
    with pytest.raises(ChildFailed) as caught:
        children.finish(children.start("任务进程", "worker", ["-c", "raise SystemExit('today')"]))
    assert "today" in str(caught.value)
    assert "yesterday" not in str(caught.value)


def test_a_finished_job_is_no_failure(children):
    assert children.finish(children.start("数据准备", "prepare", ["-c", "pass"])) is True
    assert children.running == []


def test_a_wish_to_stop_ends_the_wait(children):
    children.start("程序", "program", ["-c", POLITE])
    threading.Timer(0.2, children.stopping.set).start()
    began = time.monotonic()
    children.watch(pause=10)
    assert time.monotonic() - began < 5


def test_children_are_asked_to_end_and_are_waited_for(children):
    child, _ = start(children, POLITE)
    children.stop()
    assert child.process.returncode == 1
    assert child.log.read_text().endswith("bye\n")


def test_a_child_that_does_not_end_is_killed_after_the_grace_time(children, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.3)
    child, _ = start(children, STUBBORN)
    children.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_what_a_child_started_ends_with_it(children):
    _, grandchild = start(children, WITH_CHILD)
    children.stop()
    assert ended(int(grandchild))


def ended(pid, *, seconds=10):
    end = time.monotonic() + seconds
    while any(command_line(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(command_line(pid))


def test_logins_stand_in_columns_whatever_the_script(tmp_path):
    logins = [
        {"role": "clerk", "label": "乡镇经办", "username": "clerk", "password": "a", "organisation": "开鲁镇"},
        {"role": "auditor", "label": "监管", "username": "auditor", "password": "abcd", "organisation": "通辽市"},
    ]
    (tmp_path / LOGINS).write_text(json.dumps(logins), encoding="utf-8")
    assert login_table(tmp_path).splitlines() == [
        "角色      用户名   密码  单位",
        "乡镇经办  clerk    a     开鲁镇",
        "监管      auditor  abcd  通辽市",
    ]


class Demo:
    """A demo that runs in a data folder of its own, started and stopped as from a terminal."""

    def __init__(self, folder):
        self.folder = folder
        self.output = folder.with_suffix(".output")
        self.process = None

    def start(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.demo.run", *arguments],
                cwd=PROJECT,
                env=environment | {"TUODI_DATA": str(self.folder), "TUODI_PG_FAST": "1", "TUODI_DEMO_PERSONS": "24"},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def said(self):
        return self.output.read_text(encoding="utf-8")

    def address(self):
        """Wait until the demo says where it answers."""
        while not (found := re.search(r"^地址  (\S+)$", self.said(), re.MULTILINE)):
            assert self.process.poll() is None, self.said()
            time.sleep(0.1)
        return found[1]

    def end(self, number=signal.SIGINT):
        """Signal the whole group as a terminal does; gives the exit code."""
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=60)

    def processes(self, count):
        """The numbers of the processes that it started, once there are so many."""

        def below(pid):
            path = Path(f"/proc/{pid}/task/{pid}/children")
            return [one for child in path.read_text().split() for one in (int(child), *below(int(child)))]

        end = time.monotonic() + 30
        while len(found := below(self.process.pid)) < count:
            assert time.monotonic() < end, found
            time.sleep(0.1)
        return found


@pytest.fixture
def demo():
    folder = Path(tempfile.mkdtemp(prefix="tuodi-setup-"))
    folder.chmod(0o711)
    demo = Demo(folder)
    yield demo
    if demo.process and demo.process.poll() is None:
        demo.end(signal.SIGTERM)
    embedded.remove(folder)
    demo.output.unlink(missing_ok=True)


def page(address):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=10) as answer:
        return answer.status, answer.read().decode()


@pytest.mark.worker
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the demo's processes below /proc")
def test_the_demo_from_start_to_end(demo):
    address = demo.start().address()
    status, text = page(address)
    assert status == 200
    assert "password" in text
    private = demo.folder / LOGINS
    assert private.stat().st_mode & 0o777 == 0o600
    for login in json.loads(private.read_text(encoding="utf-8")):
        assert re.search(rf"{login['label']} .*{login['username']} .*{login['password']}", demo.said()), login

    second = Demo(demo.folder)
    second.output = demo.folder.with_suffix(".second")
    assert second.start().process.wait(timeout=30) == 1
    assert "已在运行" in second.said()
    second.output.unlink()

    started = demo.processes(7)  # web and its two, worker and its two, beat
    assert demo.end() == 0
    assert "已停止" in demo.said()
    assert [pid for pid in started if any(command_line(pid))] == []
    assert not embedded.status(demo.folder).running

    # Once more, with the data kept and the first address taken; a dead worker then ends everything.
    known = json.loads(private.read_text(encoding="utf-8"))
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with socket.create_server(("127.0.0.1", port)):
        assert demo.start().address() != address
    assert json.loads(private.read_text(encoding="utf-8")) == known
    started = demo.processes(7)
    worker = next(pid for pid in started if b"worker" in command_line(pid))
    os.kill(worker, signal.SIGKILL)
    assert demo.process.wait(timeout=60) == 1
    assert "任务进程意外结束" in demo.said()
    assert [pid for pid in started if any(command_line(pid))] == []
    assert not embedded.status(demo.folder).running
