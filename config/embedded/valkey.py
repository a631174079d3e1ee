"""One Valkey server: start, find, stop. It is stopped by its own command, so that what it holds reaches the disk."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

from config.embedded.account import Account
from config.embedded.folder import EmbeddedError
from config.embedded.ports import HOST, PortTaken
from config.embedded.postgres import last_lines, read_from

START_SECONDS = STOP_SECONDS = 30
_ANSWER_SECONDS = 2.0


@dataclass(frozen=True)
class Valkey:
    """The server whose files are in `home` and which asks for `password`."""

    home: Path
    password: str

    @property
    def log(self) -> Path:
        return self.home / "valkey.log"

    def is_ready(self, port: int) -> bool:
        """Whether this server (not another program on the same port) answers, with its data loaded."""
        return self._say(port, "PING")[1:] == ["+PONG"] and self._answers(port)

    def start(self, program: Path, account: Account, *, port: int, durable: bool) -> None:
        """Start the server and wait until it answers. Raises PortTaken, or EmbeddedError with the end of the log."""
        configuration = self._configure(account, port=port, durable=durable)
        size = self.log.stat().st_size if self.log.exists() else 0
        done = account.run([program, configuration])
        end = time.monotonic() + START_SECONDS
        while done.returncode == 0 and time.monotonic() < end:
            if self.is_ready(port):
                return
            said = read_from(self.log, size)
            if "Failed listening" in said or "Could not create server TCP" in said:
                raise PortTaken
            if "Fatal" in said or "Bad file format" in said:
                break
            time.sleep(0.02)
        said = read_from(self.log, size) or done.stdout
        raise EmbeddedError(f"Valkey 无法启动,日志 {self.log}:\n{last_lines(said)}")

    def stop(self, port: int) -> bool:
        """Stop the server if it runs; tells whether it did."""
        if not port or not self._answers(port):
            return False
        self._say(port, "SHUTDOWN")
        end = time.monotonic() + STOP_SECONDS
        # It removes its pid file last.
        while self._answers(port) or (self.home / "valkey" / "server.pid").exists():
            if time.monotonic() > end:
                raise EmbeddedError(f"Valkey 没有停止,日志 {self.log}:\n{last_lines(read_from(self.log))}")
            time.sleep(0.02)
        return True

    def _answers(self, port: int) -> bool:
        # The folder as well as the password: a copy of a data folder has the same password.
        return self._say(port, "CONFIG GET dir", lines=6)[::5] == ["+OK", str(self.home / "valkey")]

    def _configure(self, account: Account, *, port: int, durable: bool) -> Path:
        folder = self.home / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        account.own(folder)
        lines = [
            f"bind {HOST}",
            f"port {port}",
            "daemonize yes",
            f"pidfile {_quoted(folder / 'server.pid')}",
            f"dir {_quoted(folder)}",
            f"logfile {_quoted(self.log)}",
            f"requirepass {self.password}",
            f"appendonly {'yes' if durable else 'no'}",
            'save ""',
            "maxmemory-policy noeviction",
            "databases 4",
        ]
        path = folder / "valkey.conf"
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        account.own(path)
        return path

    def _say(self, port: int, command: str, *, lines: int = 2) -> list[str]:
        """The first lines of the answers to AUTH and to the command; none where nobody listens."""
        try:
            with socket.create_connection((HOST, port), timeout=_ANSWER_SECONDS) as connection:
                connection.sendall(f"AUTH {self.password}\r\n{command}\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline().decode(errors="replace").strip() for _ in range(lines)]
        except OSError:
            return []


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
