"""Child processes of the demo: each with its own log and its own process group, all stopped together."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.folder import PROJECT
from config.embedded.postgres import last_lines, read_from

GRACE_SECONDS = 20
_PR_SET_PDEATHSIG = 1


class ChildFailed(Exception):
    """A process ended that should not have; the message has the end of its log."""


@dataclass(frozen=True)
class Child:
    label: str
    log: Path
    log_start: int
    process: subprocess.Popen[bytes]

    def failure(self) -> ChildFailed:
        said = last_lines(read_from(self.log, self.log_start), 25)
        return ChildFailed(f"{self.label}意外结束(退出码 {self.process.returncode}),日志 {self.log}:\n{said}")


@dataclass
class Children:
    """What was started, and whether the user has asked to stop (`stopping`)."""

    logs: Path
    environment: Mapping[str, str]
    stopping: threading.Event = field(default_factory=threading.Event)
    running: list[Child] = field(default_factory=list)
    in_haste: bool = False

    def listen(self) -> None:
        """Take Ctrl-C, termination and a closed terminal as the wish to stop; a second one as haste."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked)

    def _asked(self, *_: object) -> None:
        self.in_haste = self.stopping.is_set()
        self.stopping.set()

    def start(self, label: str, name: str, arguments: Sequence[str], *, handles: Sequence[int] = ()) -> Child:
        """Start `python <arguments>` in the project; its output goes to `<name>.log`."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            start = output.tell()
            process = subprocess.Popen(  # noqa: S603 - our own command lines, no shell
                [sys.executable, *arguments],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=handles,
                # Ctrl-C in the terminal reaches the runner alone, which stops the others in order.
                start_new_session=True,
                preexec_fn=_end_with_parent(),
            )
            child = Child(label, log, start, process)
        self.running.append(child)
        return child

    def finish(self, child: Child) -> bool:
        """Wait for the end of a child that does one job; False when the user asked to stop. Raises ChildFailed."""
        while child.process.poll() is None:
            if self.stopping.wait(0.05):
                return False
        self.running.remove(child)
        if child.process.returncode:
            raise child.failure()
        return True

    def watch(self, until: Callable[[], bool] = lambda: False, *, pause: float = 0.5) -> None:
        """Return when `until` is true or the user asked to stop. Raises ChildFailed when a child ends."""
        while not self.stopping.is_set() and not until():
            for child in self.running:
                if child.process.poll() is not None:
                    raise child.failure()
            self.stopping.wait(pause)

    def stop(self) -> None:
        """Ask every child to end, the last started first, and kill what has not after the grace time."""
        for child in reversed(self.running):
            # The process alone: told by its parent, a worker finishes its task; its own children would drop it.
            if child.process.poll() is None:
                child.process.terminate()
        end = time.monotonic() + GRACE_SECONDS
        while any(child.process.poll() is None for child in self.running):
            if time.monotonic() > end or self.in_haste:
                break
            time.sleep(0.05)
        for child in self.running:
            _kill_group(child.process.pid)
            child.process.wait()
        self.running.clear()


def _kill_group(leader: int) -> None:
    """Kill what is left of a child's group; nothing is, after a clean end."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _end_with_parent() -> Callable[[], object] | None:
    """For a runner that is killed hard: on Linux the kernel then asks its children to end."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
