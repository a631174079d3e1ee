"""One PostgreSQL cluster: create, start, find, stop."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from config.embedded.account import Account
from config.embedded.folder import EmbeddedError
from config.embedded.ports import HOST, PortTaken

USER = DATABASE = "tuodi"
START_SECONDS = 60


def _shared_buffers() -> str:
    """A sixteenth of the machine's memory, at least 128 MB and at most 1 GB: the application stands beside it."""
    megabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return f"{min(1024, max(128, megabytes // 16))}MB"


_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": _shared_buffers(),
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_level": "minimal",
    # After a checkpoint every page is written out whole once more: a large roster should not meet many.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_wal_senders": "0",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    # Statements and details would carry personal data into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# No system gives this number to a process.
_NEVER_A_PROCESS = 2_147_483_646


@dataclass(frozen=True)
class Postmaster:
    """What a running server says about itself."""

    pid: int
    port: int
    ready: bool


@dataclass(frozen=True)
class Cluster:
    """The cluster in `home`; the programs in `programs` are run as `account`."""

    home: Path

    @property
    def path(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def postmaster(self) -> Postmaster | None:
        """The running server of this cluster, or None."""
        lines = self._pid_file()
        if not lines or not _runs_here(int(lines[0]), self.path):
            return None
        # Lines: pid, folder, start time, port, socket folder, address, shared memory, status.
        if len(lines) < 8:
            return Postmaster(int(lines[0]), 0, ready=False)
        return Postmaster(int(lines[0]), int(lines[3]), ready=lines[7].strip() == "ready")

    def create(self, programs: Path, account: Account, *, password: str, durable: bool) -> None:
        """Make the cluster if it is not there. It appears in one step: a start that was cut short leaves none."""
        if self.path.exists():
            return
        partial = self.home / "postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        password_file = self.home / "password"
        password_file.write_text(password)
        password_file.chmod(0o600)
        account.own(password_file)
        settings = _SETTINGS if durable else _SETTINGS | _NOT_DURABLE
        try:
            done = account.run(
                [
                    *(programs / "initdb", "--pgdata", partial, "--username", USER, "--pwfile", password_file),
                    *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
                    # Order and LIKE prefixes of C, which plain indexes serve; letter case of Unicode.
                    *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                    *([] if durable else ["--no-sync"]),
                    *(part for name, value in settings.items() for part in ("--set", f"{name}={value}")),
                ]
            )
        finally:
            password_file.unlink()
        if done.returncode:
            raise EmbeddedError(f"无法建立 PostgreSQL 数据目录 {self.path}:\n{done.stdout.strip()}")
        partial.rename(self.path)

    def start(self, programs: Path, account: Account, *, port: int) -> None:
        """Start the server and wait until it answers; a server that is starting already is waited for.

        Raises PortTaken, or EmbeddedError with the end of the log.
        """
        if self.postmaster():
            self._wait_until_ready()
            return
        said = ""
        for attempt in range(3):
            if attempt:
                # After a crash the server's children need a moment to notice that it is gone.
                time.sleep(attempt)
            self._disown_foreign_process()
            size = self.log.stat().st_size if self.log.exists() else 0
            done = account.run(
                [
                    *(programs / "pg_ctl", "start", "-D", self.path, "-l", self.log),
                    *("-w", "-t", START_SECONDS, "-o", f"-p {port}"),
                ]
            )
            if done.returncode == 0:
                return
            said = read_from(self.log, size) or done.stdout
            if "could not bind" in said:
                raise PortTaken
        raise EmbeddedError(f"PostgreSQL 无法启动,日志 {self.log}:\n{last_lines(said)}")

    def make_database(self, programs: Path, account: Account, *, port: int, password: str) -> None:
        done = account.run(
            [programs / "createdb", "-h", HOST, "-p", port, "-U", USER, "-w", "--maintenance-db=postgres", DATABASE],
            PGPASSWORD=password,
        )
        if done.returncode and "already exists" not in done.stdout:
            raise EmbeddedError(f"无法建立数据库 {DATABASE}:\n{done.stdout.strip()}")

    def stop(self, programs: Path, account: Account) -> bool:
        """Stop the server if it runs; tells whether it did."""
        if not self.postmaster():
            return False
        for mode in ("fast", "immediate"):
            done = account.run([programs / "pg_ctl", "stop", "-D", self.path, "-m", mode, "-w", "-t", START_SECONDS])
            if done.returncode == 0 or not self.postmaster():
                return True
        raise EmbeddedError(f"PostgreSQL 无法停止:\n{done.stdout.strip()}")

    def _pid_file(self) -> list[str]:
        try:
            return (self.path / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            server = self.postmaster()
            if server is None:
                raise EmbeddedError(f"PostgreSQL 在启动中退出,日志 {self.log}:\n{last_lines(read_from(self.log))}")
            if server.ready:
                return
            time.sleep(0.1)
        raise EmbeddedError(f"PostgreSQL {START_SECONDS} 秒内没有就绪,日志:{self.log}")

    def _disown_foreign_process(self) -> None:
        """Mark the pid file of a crash as stale where its number now belongs to another program.

        PostgreSQL would take that program for its server and refuse to start. Only the number is replaced, the
        file stays: with it PostgreSQL still finds children of the crashed server that write to the same files.
        """
        lines = self._pid_file()
        if lines and not _runs_here(int(lines[0]), self.path) and _exists(int(lines[0])):
            (self.path / "postmaster.pid").write_text("\n".join([str(_NEVER_A_PROCESS), *lines[1:]]) + "\n")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _runs_here(pid: int, cluster: Path) -> bool:
    """Whether process `pid` is the server of this cluster, and not a later one with the same number."""
    return os.fsencode(cluster) in command_line(pid)


def command_line(pid: int) -> list[bytes]:
    """The arguments of a process; empty when there is none (or only its remains)."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return []
    said = Account().run(["ps", "-ww", "-o", "command=", "-p", pid]).stdout  # systems without /proc
    return [os.fsencode(part) for part in said.split()]


def read_from(path: Path, offset: int = 0) -> str:
    """The text of a log from `offset` bytes on; empty when there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def last_lines(text: str, count: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
