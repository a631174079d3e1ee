"""A small SFTP server that takes a password, over Paramiko's server side."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko


class _Door(paramiko.ServerInterface):
    def __init__(self, user: str, password: str) -> None:
        self.known = (user, password)

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if (username, password) == self.known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


def _files(root: Path) -> type[paramiko.SFTPServerInterface]:
    class Files(paramiko.SFTPServerInterface):
        def open(self, path, flags, attr):
            handle = os.open(root / path.lstrip("/"), flags, 0o600)
            file = os.fdopen(handle, "wb" if flags & os.O_WRONLY else "rb")
            found = paramiko.SFTPHandle(flags)
            found.filename, found.readfile, found.writefile = str(root / path.lstrip("/")), file, file
            return found

        def stat(self, path):
            return paramiko.SFTPAttributes.from_stat((root / path.lstrip("/")).stat())

        def posix_rename(self, oldpath, newpath):
            (root / oldpath.lstrip("/")).replace(root / newpath.lstrip("/"))
            return paramiko.SFTP_OK

    return Files


@contextmanager
def password_server(root: Path, user: str, password: str) -> Iterator[tuple[int, str]]:
    """Port and pinned key of a server whose one account has this password."""
    key = paramiko.ECDSAKey.generate()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    link, _address = listener.accept()
                except OSError:
                    return
                transport = paramiko.Transport(link)
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _files(root))
                transport.start_server(server=_Door(user, password))

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], f"{key.get_name()} {key.get_base64()}"
