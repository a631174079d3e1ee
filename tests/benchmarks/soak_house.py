"""The house of `soak_push`: PostgreSQL, Valkey, two Celery workers and beat, an HTTPS receiver, OpenSSH; each can die.

All are real and the soak's own, on an embedded data folder; what is killed is started again as a supervisor would.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from config import embedded
from config.embedded.folder import read_state
from config.embedded.postgres import Cluster
from tests.receiver import Certificate, Receiver, make_certificate
from tests.sftp_server import SftpServer

ROOT = Path(__file__).resolve().parent.parent.parent
VICTIMS = ("worker", "broker", "database", "receiver", "sftp")
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "TUODI_EMBEDDED": "1",
    "DELIVERY_PAUSES_SECONDS": "0.3,0.5,1,1,2,2,2,2,2,2,2,2",
    "DELIVERY_LEASE_SECONDS": "3",
    "WEBHOOK_TIMEOUT_SECONDS": "5",
    "WEBHOOK_TRIAL": "1",
    "TASK_VISIBILITY_SECONDS": "20",
    "LOG_LEVEL": "WARNING",
}
CELERY = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "config"]
WORKER = [*CELERY, "worker", "--concurrency=1", "--without-gossip", "--without-mingle", "--loglevel=WARNING"]
BEAT = [*CELERY, "beat", "--max-interval=1", "--pidfile=", "--loglevel=WARNING"]


# --- the receiver, a process of its own ---------------------------------------------------------------------------
class Kept(dict):
    """What a receiver that drops repeats applies, by id; on disk before the answer goes out."""

    def __init__(self, path: Path) -> None:
        super().__init__((one["id"], one["payload"]) for one in applied(path))
        self.lock = threading.Lock()
        whole = "".join(json.dumps(line) + "\n" for line in lines(path))
        path.write_text(whole)  # the line at which it was killed is gone: it was never answered
        self.file = path.open("a")

    def setdefault(self, key: str, payload: Any = None) -> Any:
        with self.lock:
            repeat = key in self
            self.file.write(json.dumps({"repeat": key} if repeat else {"id": key, "payload": payload}) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())
            return super().setdefault(key, payload)


def lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines of the receiver's file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().split("\n")[:-1] if line]


def applied(path: Path) -> list[dict[str, Any]]:
    return [line for line in lines(path) if "id" in line]


def serve(port: str, path: str, folder: str, secret: str) -> None:
    """The receiver's process."""
    tls = Path(folder)
    certificate = Certificate(tls / "authority.pem", tls / "chain.pem", tls / "key.pem")
    Receiver(certificate, secret=secret, applied=Kept(Path(path)), port=int(port))
    threading.Event().wait()


# --- processes ----------------------------------------------------------------------------------------------------
class Child:
    """A process that is started again when it is gone; `kill` is SIGKILL to it and its pool."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.command, self.log, self.starts = command, log, 0
        self.process: subprocess.Popen | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        if not self.running:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
            self.starts += 1

    def kill(self) -> None:
        if self.process is not None and self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(one) for one in found.stdout.split()]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class House:
    """Everything that runs, and how each of it dies and comes back."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        services = embedded.start(self.data, durable=True)
        tls = folder / "tls"
        tls.mkdir()
        certificate = make_certificate(tls)
        os.environ |= {
            **ENVIRONMENT,
            **services.secrets,
            "TUODI_DATA": str(self.data),
            "DATABASE_URL": services.database_url,
            "REDIS_URL": services.redis_url,
            "REDIS_PREFIX": "soak:",
            "WEBHOOK_CA_FILE": str(certificate.authority),
        }
        self.port, self.book = free_port(), folder / "receiver.jsonl"
        self.sftp = SftpServer(folder / "sftp").start()
        self.workers = [Child([*WORKER, "-n", f"{at}@%h"], folder / f"worker-{at}.log") for at in "ab"]
        self.beat = Child(BEAT, folder / "beat.log")
        self.receiver: Child | None = None
        self.killed: Counter[str] = Counter()

    def receive(self, secret: str) -> None:
        here = Path(__file__).with_name("soak_push.py")
        what = ["receiver", str(self.port), str(self.book), str(self.folder / "tls"), secret]
        self.receiver = Child([sys.executable, str(here), *what], self.folder / "receiver.log")

    def kill(self, victim: str, dice: random.Random) -> None:
        """SIGKILL. Of the two workers one dies, now and then both."""
        home = read_state(self.data).home_in(self.data)  # type: ignore[union-attr]
        if victim == "database":
            os.kill(Cluster(home).postmaster().pid, signal.SIGKILL)  # type: ignore[union-attr]
        elif victim == "broker":
            os.kill(int((home / "valkey" / "server.pid").read_text()), signal.SIGKILL)
        elif victim == "sftp":
            self._kill_sftp()
        elif victim == "receiver":
            self.receiver.kill()  # type: ignore[union-attr]
        else:
            for one in dice.sample(self.workers, 2 if dice.random() < 0.25 else 1):
                one.kill()
        self.killed[victim] += 1

    def _kill_sftp(self) -> None:
        sessions = children(self.sftp.process.pid)  # type: ignore[union-attr]
        self.sftp.kill()
        for one in [*sessions, *(below for session in sessions for below in children(session))]:
            command = Path(f"/proc/{one}/cmdline")
            if command.exists() and b"sshd" in command.read_bytes():
                os.kill(one, signal.SIGKILL)

    def raise_all(self) -> None:
        """Starts what is dead, as a supervisor does."""
        embedded.start(self.data)
        if self.sftp.process is None or self.sftp.process.poll() is not None:
            self.sftp.start()
        for child in (self.receiver, self.beat, *self.workers):
            if child is not None:
                child.start()

    def close(self) -> None:
        for child in (*self.workers, self.beat, self.receiver):
            if child is not None:
                child.kill()
        self.sftp.kill()
        embedded.remove(self.data)
