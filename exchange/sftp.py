"""One SFTP drop at a partner: the list as CSV, its check file and a manifest, each under another name until whole.

Pure of the database. The host key is pinned: a server that shows another one gets nothing. Files keep their names at
every attempt, so that a repeat replaces the same file; the manifest comes last and says that all is there.
"""

import base64
import hashlib
import io
import json
import posixpath
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote

import httpx
import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.utils.translation import gettext as _

from exchange.webhooks import AddressRefused, Answer, addresses

PREFIX = "sshkey_"
PORT = 22
RECEIPT_BYTES = 4096


@dataclass(frozen=True)
class Login:
    """Where and as whom: `sftp://user@host:port/folder`, the pinned host key, our keys (newest first) or a password."""

    url: str
    host_key: str
    keys: Sequence[str] = ()
    password: str = ""


class Refused(Exception):
    """The drop cannot be made; the message is for the partner's administrator. `again`: later it may be."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


def new_key() -> str:
    """A private key of ours, as it is kept: a prefix and 32 bytes in base64."""
    raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return PREFIX + base64.b64encode(raw).decode()


def is_key(text: str) -> bool:
    return text.startswith(PREFIX)


def public_line(key: str) -> str:
    """The line for the partner's `authorized_keys`."""
    found = _private(key)
    return f"{found.get_name()} {found.get_base64()} tuodi"


def _private(key: str) -> paramiko.PKey:
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.removeprefix(PREFIX)))
    text = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return paramiko.Ed25519Key.from_private_key(io.StringIO(text))


def check_url(url: str) -> httpx.URL:
    """The address, parsed. Raises AddressRefused for anything but `sftp://user@host[:port]/folder`."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AddressRefused(_("接收地址无法识别，请检查后重填")) from error
    if parsed.scheme != "sftp" or not parsed.host:
        raise AddressRefused(_("SFTP 的接收地址须写成 sftp://用户名@主机:端口/文件夹"))
    if not parsed.username or parsed.password:
        raise AddressRefused(_("SFTP 的接收地址须带用户名，不得带密码；密码请填在密码栏"))
    return parsed


def check_host_key(text: str) -> str:
    """`type base64` of a public key; raises ValueError for what is none."""
    kind, _space, rest = text.strip().partition(" ")
    body = rest.split(" ")[0]
    raw = base64.b64decode(body, validate=True)
    if not kind.startswith(("ssh-", "ecdsa-")) or raw[4 : 4 + len(kind)] != kind.encode():
        raise ValueError(text)
    return f"{kind} {body}"


def fingerprint(host_key: str) -> str:
    """`SHA256:…`, as ssh-keygen shows it."""
    raw = base64.b64decode(host_key.split(" ")[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def read_host_key(url: str) -> str:
    """The key that the server shows now, for a person to compare and pin. Raises Refused, AddressRefused."""
    with _transport(check_url(url)) as transport:
        return _shown(transport)


def drop(login: Login, name: str, content: bytes, manifest: dict[str, object]) -> Answer:
    """Puts `name`.csv, `name`.csv.sha256 and `name`.manifest.json. Never raises for what a partner does."""
    started = time.monotonic()
    file = f"{name}.csv"
    digest = hashlib.sha256(content).hexdigest()
    said = json.dumps({**manifest, "file": file, "sha256": digest, "bytes": len(content)}, ensure_ascii=False, indent=1)
    try:
        with _session(login) as (client, folder):
            for one, text in (
                (file, content),
                (f"{file}.sha256", f"{digest}  {file}\n".encode()),
                (f"{name}.manifest.json", said.encode()),
            ):
                _put(client, folder, one, text)
    except Refused as error:
        return Answer(None, str(error), again=error.again, milliseconds=_since(started))
    return Answer(None, milliseconds=_since(started))


def receipts(login: Login, names: Sequence[str]) -> dict[str, str]:
    """What lies there as `name`.receipt, by name (at most 4 KiB of each). Raises Refused."""
    found: dict[str, str] = {}
    with _session(login) as (client, folder):
        try:
            there = set(client.listdir(folder))
            for name in names:
                if f"{name}.receipt" in there:
                    with client.open(posixpath.join(folder, f"{name}.receipt"), "rb") as file:
                        found[name] = file.read(RECEIPT_BYTES).decode("utf-8", "replace").strip()
        except (OSError, paramiko.SSHException) as error:
            raise _broken(error) from error
    return found


def _put(client: paramiko.SFTPClient, folder: str, name: str, content: bytes) -> None:
    part, whole = posixpath.join(folder, f".{name}.part"), posixpath.join(folder, name)
    try:
        with client.open(part, "wb") as file:
            file.set_pipelined(True)
            file.write(content)
        if client.stat(part).st_size != len(content):
            raise Refused(_("对方收到的文件不完整"), again=True)
        client.posix_rename(part, whole)  # replaces what an earlier attempt left
    except (OSError, paramiko.SSHException) as error:
        raise _broken(error) from error


def _broken(error: Exception) -> Refused:
    if isinstance(error, PermissionError):
        return Refused(_("对方的文件夹不允许写入；请与对方核对权限"))
    if isinstance(error, FileNotFoundError):
        return Refused(_("对方没有这个文件夹；请核对接收地址"))
    return Refused(_("连接中断：%(error)s") % {"error": type(error).__name__}, again=True)


@contextmanager
def _session(login: Login) -> Iterator[tuple[paramiko.SFTPClient, str]]:
    """A session with the pinned server, and the folder of the address."""
    try:
        url = check_url(login.url)
    except AddressRefused as error:
        raise Refused(str(error), again=error.again) from error
    if not login.host_key:
        raise Refused(_("还没有核对对方的主机密钥，请先在伙伴设置中填写"))
    with _transport(url) as transport:
        shown = _shown(transport)
        if shown != login.host_key:
            raise Refused(
                _("对方的主机密钥与登记的不符（现为 %(now)s），没有发送；请与对方核实") % {"now": fingerprint(shown)}
            )
        _authenticate(transport, unquote(url.username), login)
        try:
            client = paramiko.SFTPClient.from_transport(transport)
        except (OSError, paramiko.SSHException) as error:
            raise _broken(error) from error
        if client is None:
            raise Refused(_("对方没有开放 SFTP"), again=True)
        client.get_channel().settimeout(settings.WEBHOOK_TIMEOUT_SECONDS)  # type: ignore[union-attr]
        # A path of one folder is below the home of the account, as sftp itself reads it.
        yield client, unquote(url.path) if len(url.path) > 1 else "."


@contextmanager
def _transport(url: httpx.URL) -> Iterator[paramiko.Transport]:
    limit = settings.WEBHOOK_TIMEOUT_SECONDS
    try:
        where = addresses(url)
    except AddressRefused as error:
        raise Refused(str(error), again=error.again) from error
    try:
        link = socket.create_connection((where[0], url.port or PORT), timeout=limit)
        transport = paramiko.Transport(link)
        transport.banner_timeout = transport.auth_timeout = limit
        transport.start_client(timeout=limit)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Refused(_("无法连接对方的 SFTP 服务器"), again=True) from error
    try:
        yield transport
    finally:
        transport.close()


def _shown(transport: paramiko.Transport) -> str:
    key = transport.get_remote_server_key()
    return f"{key.get_name()} {key.get_base64()}"


def _authenticate(transport: paramiko.Transport, user: str, login: Login) -> None:
    """Our keys, newest first (the partner may still hold the older one), then the password."""
    try:
        for key in login.keys:
            try:
                transport.auth_publickey(user, _private(key))
            except paramiko.AuthenticationException:
                continue
            if transport.is_authenticated():
                return
        if login.password:
            transport.auth_password(user, login.password)
            if transport.is_authenticated():
                return
    except paramiko.AuthenticationException:
        pass
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Refused(_("登录时连接中断：%(error)s") % {"error": type(error).__name__}, again=True) from error
    if not login.keys and not login.password:
        raise Refused(_("还没有登录的密钥或密码，请先在伙伴设置中生成或填写"))
    raise Refused(_("对方不接受我们的密钥或密码，请核对后重发"))


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
