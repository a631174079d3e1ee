"""A partner's SFTP server: the real OpenSSH, with its own host key, one account (ours) and a list of accepted keys."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host
PidFile {home}/pid
AuthorizedKeysFile {home}/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
"""


class SftpServer:
    """`folder` is where lists are dropped; `user` the account; `host_key` as it is pinned."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder, self.user = home, home / "drop", getpass.getuser()
        self.folder.mkdir(parents=True)
        (home / "authorized").touch()
        self.new_host_key()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.process: subprocess.Popen | None = None

    def new_host_key(self) -> None:
        for old in (self.home / "host", self.home / "host.pub"):
            old.unlink(missing_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.home / "host")]
        subprocess.run(command, check=True)
        self.host_key = " ".join((self.home / "host.pub").read_text().split()[:2])

    def accept(self, line: str) -> None:
        with (self.home / "authorized").open("a") as file:
            file.write(line + "\n")

    def forget(self) -> None:
        (self.home / "authorized").write_text("")

    def start(self) -> "SftpServer":
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        (self.home / "config").write_text(CONFIG.format(port=self.port, home=self.home))
        command = [SSHD, "-D", "-e", "-f", str(self.home / "config")]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log)
        for _ in range(100):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise AssertionError((self.home / "log").read_text())

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def available() -> bool:
    return Path(SSHD).exists() and shutil.which("ssh-keygen") is not None


@pytest.fixture
def sftp_server(tmp_path):
    """A running server; without OpenSSH the test is skipped, unless TUODI_REQUIRE_SSHD says that it must not be."""
    if not available():
        if os.environ.get("TUODI_REQUIRE_SSHD"):
            pytest.fail("OpenSSH's sshd is not installed")
        pytest.skip("OpenSSH's sshd is not installed: SFTP is not tested")
    server = SftpServer(tmp_path / "sftp").start()
    yield server
    server.kill()
