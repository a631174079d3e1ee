"""The look for viruses before a paper is kept: clamd where the site has one (setting SCANNER_ADDRESS, `host:port`)."""

import socket
import struct

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.papers.content import PaperRefused

CHUNK = 64 * 1024
TIMEOUT = 20.0


def scan(content: bytes) -> str:
    """Which scanner found nothing; "" where the site has none. Raises PaperRefused for a find.

    A scanner that is set up and does not answer refuses too: nothing passes unseen because it is down.
    """
    address = settings.SCANNER_ADDRESS
    if not address:
        return ""
    host, _colon, port = address.rpartition(":")
    try:
        answer = _ask(host, int(port), content)
    except OSError as error:
        raise PaperRefused(_("病毒扫描服务没有应答，文件暂不能接收；请稍后再传，或联系系统管理员。")) from error
    if answer.endswith("OK"):
        return "clamd"
    raise PaperRefused(_("文件没有通过病毒扫描（%(found)s）；请在杀毒后重新扫描原件。") % {"found": answer[:80]})


def _ask(host: str, port: int, content: bytes) -> str:
    """clamd's INSTREAM: chunks with their length before them, an empty one ends."""
    with socket.create_connection((host, port), timeout=TIMEOUT) as line:
        line.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), CHUNK):
            part = content[start : start + CHUNK]
            line.sendall(struct.pack(">I", len(part)) + part)
        line.sendall(struct.pack(">I", 0))
        answer = b""
        while not answer.endswith(b"\0"):
            more = line.recv(4096)
            if not more:
                break
            answer += more
    return answer.rstrip(b"\0\n").decode(errors="replace").strip()
