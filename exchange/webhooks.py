"""One signed HTTPS call to a partner (Standard Webhooks), and where such calls may go.

Pure of the database. What an answer means: 2xx is the acknowledgement; 408, 425, 429, 5xx and everything that
happens on the way (no route, timeout, certificate) is tried again; every other answer says that a person must look.
"""

import base64
import ipaddress
import json
import secrets as random
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import httpx
from django.conf import settings
from django.utils.translation import gettext as _
from standardwebhooks import Webhook

TRY_AGAIN = frozenset({408, 425, 429})
RECEIPT_BYTES = 4096  # of an answer no more is read
LONGEST_WAIT = 24 * 3600.0


class AddressRefused(Exception):
    """The address is not one that deliveries may go to; the message says why. `again`: it may be one later."""

    again = False


class AddressUnknown(AddressRefused):
    """The name does not resolve just now."""

    again = True


@dataclass(frozen=True)
class Answer:
    """What a call came to. `error` is empty exactly when the partner acknowledged; `wait` is its Retry-After."""

    status: int | None
    error: str = ""
    again: bool = False
    receipt: str = ""
    wait: float = 0.0
    milliseconds: int = 0


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(random.token_bytes(32)).decode()


def is_secret(text: str) -> bool:
    """Whether `text` is a usable signing secret."""
    try:
        return text.startswith("whsec_") and len(base64.b64decode(text[6:], validate=True)) >= 24
    except ValueError:
        return False


def check_url(url: str) -> httpx.URL:
    """The address, parsed. Raises AddressRefused for anything but https to a named host without user or password."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AddressRefused(_("接收地址无法识别，请检查后重填")) from error
    allowed = ("https", "http") if settings.WEBHOOK_TRIAL else ("https",)
    if parsed.scheme not in allowed:
        raise AddressRefused(_("接收地址须以 https:// 开头"))
    if not parsed.host:
        raise AddressRefused(_("接收地址缺少主机名"))
    if parsed.userinfo:
        raise AddressRefused(_("接收地址不得带用户名和密码"))
    return parsed


def addresses(url: httpx.URL) -> list[str]:
    """IP addresses of the host. Raises AddressRefused when one is this machine's own or a link-local one.

    The call then goes to the very address that was checked, so that a name cannot change in between.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressUnknown(_("主机名 %(host)s 无法解析") % {"host": url.host}) from error
    result = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in result:
        ip = ipaddress.ip_address(text.split("%")[0])
        ip = getattr(ip, "ipv4_mapped", None) or ip
        inner = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified
        if inner and not (ip.is_loopback and settings.WEBHOOK_TRIAL):
            raise AddressRefused(_("接收地址指向本机或保留地址 %(ip)s，不能推送") % {"ip": text})
    return result


def sign(body: str, *, message_id: str, moment: datetime, secrets: list[str]) -> dict[str, str]:
    """Headers of a call: one signature per secret, newest first, so that either secret verifies during a rotation."""
    signatures = [Webhook(secret).sign(msg_id=message_id, timestamp=moment, data=body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class Line:
    """A connection that is kept between the calls of one delivery: a handshake for the list, not for every part."""

    def __init__(self) -> None:
        self._client: httpx.Client | None = None

    def client(self) -> httpx.Client:
        """Opened by the first call; the trust and the time limit are those of that moment."""
        if self._client is None:
            trust, limit = _trust(settings.WEBHOOK_CA_FILE), settings.WEBHOOK_TIMEOUT_SECONDS
            self._client = httpx.Client(verify=trust, timeout=limit, trust_env=False)
        return self._client

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._client is not None:
            self._client.close()


def call(
    url: str, body: str, *, message_id: str, moment: datetime, secrets: list[str], line: Line | None = None
) -> Answer:
    """Sends `body` (JSON) once. `moment` is the time of sending in UTC. Never raises for what a partner does."""
    if line is None:
        with Line() as own:
            return call(url, body, message_id=message_id, moment=moment, secrets=secrets, line=own)
    if not secrets:
        return Answer(None, _("还没有签名密钥，请先在伙伴设置中生成"))
    started = time.monotonic()
    try:
        target = check_url(url)
        where = addresses(target)
    except AddressRefused as error:
        return Answer(None, str(error), again=error.again)
    headers = {
        "host": target.netloc.decode("ascii"),
        "content-type": "application/json; charset=utf-8",
        "user-agent": "tuodi/1",
        **sign(body, message_id=message_id, moment=moment, secrets=secrets),
    }
    answer = Answer(None, _("没有可用的地址"), again=True)
    for address in where:
        answer, reached = _post(line, target, address, body, headers)
        if reached:
            break
    taken = int((time.monotonic() - started) * 1000)
    return Answer(answer.status, answer.error, answer.again, answer.receipt, answer.wait, taken)


def _post(line: Line, target: httpx.URL, address: str, body: str, headers: dict[str, str]) -> tuple[Answer, bool]:
    """The answer of one address, and whether it was reached at all (else the next one may be tried)."""
    limit = settings.WEBHOOK_TIMEOUT_SECONDS
    try:
        with line.client().stream(
            "POST",
            target.copy_with(host=address),
            content=body.encode(),
            headers=headers,
            extensions={"sni_hostname": target.host},
        ) as response:
            return _read(response, time.monotonic() + limit), True
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        return Answer(None, _connection_error(error), again=True), False
    except httpx.TimeoutException:
        return Answer(None, _("对方在 %(seconds)g 秒内没有应答") % {"seconds": limit}, again=True), True
    except (httpx.HTTPError, ssl.SSLError) as error:
        return Answer(None, _("连接中断：%(error)s") % {"error": type(error).__name__}, again=True), True


def _connection_error(error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return _("对方的证书不可信：%(detail)s") % {"detail": text.rpartition("CERTIFICATE_VERIFY_FAILED]")[2].strip()}
    return _("无法连接对方的接收地址")


def _read(response: httpx.Response, deadline: float) -> Answer:
    status = response.status_code
    if 200 <= status < 300:
        return Answer(status, receipt=_receipt(response, deadline))
    if 300 <= status < 400:
        return Answer(status, _("对方要求转到别的地址（%(status)d），不会跟随，请改接收地址") % {"status": status})
    again = status in TRY_AGAIN or status >= 500
    reasons = {
        401: _("对方不认可签名（401），请核对双方的密钥"),
        403: _("对方拒绝接收（403），请核对双方的密钥和权限"),
        404: _("接收地址不存在（404），请核对接收地址"),
        410: _("对方已停止接收（410），请与对方联系"),
        413: _("一批太大（413），请在伙伴设置中减少每批条数"),
    }
    text = reasons.get(status) or _("对方应答 %(status)d") % {"status": status}
    return Answer(status, text, again=again, wait=_retry_after(response) if again else 0.0)


def _receipt(response: httpx.Response, deadline: float) -> str:
    """The receipt number of an acknowledgement, where the partner gives one: JSON `receipt` (or `id`)."""
    content = b""
    try:
        for chunk in _until(response.iter_bytes(1024), deadline):
            content += chunk
            if len(content) >= RECEIPT_BYTES:
                break
        found = json.loads(content)
    except (httpx.HTTPError, ValueError):
        return ""  # it answered 2xx: that is the acknowledgement, whatever follows
    text = found.get("receipt") or found.get("id") if isinstance(found, dict) else None
    return str(text)[:200] if isinstance(text, str | int) else ""


def _until(chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        if time.monotonic() > deadline:
            return


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), LONGEST_WAIT) if text.isdecimal() else 0.0


@lru_cache(maxsize=4)
def _trust(ca_file: str) -> ssl.SSLContext:
    """The system's authorities and, where named, those of the closed network."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context
