"""Papers: told by their content, sealed on disk, scanned, seen by whom their owner allows."""

import base64
import io
import socketserver
import struct
import threading
import uuid

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from accounts.models import ReadRecord
from accounts.papers import owners, selectors, services
from accounts.papers.content import MAX_BYTES, PaperRefused, kind_of
from accounts.papers.models import StoredFile
from accounts.vocabulary import Role
from tests.factories import CITY

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PDF, "application/pdf"), (picture("PNG"), "image/png"), (picture("JPEG"), "image/jpeg")],
)
def test_the_content_says_what_it_is(content, kind):
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "空的"),
        (b"MZ\x90\x00 a program named scan.pdf", "不是PDF"),
        (b"<html><script>", "不是PDF"),
        (PDF[:30], "不完整"),
        (PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>"), "脚本"),
        (picture()[:60], "打不开"),
        (picture("JPEG", (400, 400))[:300], "打不开"),
        (b"GIF89a" + b"\0" * 40, "不是PDF"),
        (PDF + b" " * MAX_BYTES, "20MB"),
    ],
    ids=range(9),  # the papers themselves would be their names
)
def test_what_is_no_whole_paper_is_refused_with_what_to_do(content, why):
    with pytest.raises(PaperRefused, match=why):
        kind_of(content)


@pytest.fixture
def worker_user(users):
    return users[Role.CASE_WORKER]


def keep(user, content=PDF, **more):
    return services.store_paper(actor=user, region=CITY, content=content, name=r"C:\扫描\..\发票.exe", **more)


def test_it_lies_sealed_under_a_name_that_says_nothing(worker_user):
    paper = keep(worker_user, owner_kind="claim", owner_id=7)
    with default_storage.open(paper.file.name, "rb") as raw:
        assert b"%PDF" not in raw.read()
    assert services.content_of(paper) == PDF
    assert (paper.name, paper.label, paper.media_type) == ("发票.pdf", "发票", "application/pdf")
    assert "发票" not in paper.file.name
    assert keep(worker_user, owner_kind="claim", owner_id=7) == paper, "the same paper twice is one"
    assert StoredFile.objects.count() == 1


def test_drafts_become_papers_of_what_came_of_them(users, worker_user):
    key = uuid.uuid4()
    keep(worker_user, draft_key=key)
    keep(worker_user, picture(), draft_key=key)
    assert (
        services.attach_draft(actor=users[Role.REVIEWER], draft_key=key, owner_kind="claim", owner_id=5, region=CITY)
        == 0
    ), "another's draft"
    assert services.attach_draft(actor=worker_user, draft_key=key, owner_kind="claim", owner_id=5, region=CITY) == 2
    assert [one.media_type for one in selectors.papers_of("claim", 5)] == ["application/pdf", "image/png"]


def test_the_uploader_withdraws_with_a_reason_and_nothing_is_erased(users, worker_user):
    paper = keep(worker_user, owner_kind="claim", owner_id=5)
    with pytest.raises(PaperRefused, match="上传人"):
        services.withdraw_paper(actor=users[Role.REVIEWER], paper=paper, reason="看错")
    with pytest.raises(PaperRefused, match="原因"):
        services.withdraw_paper(actor=worker_user, paper=paper)
    services.withdraw_paper(actor=worker_user, paper=paper, reason="传错人")
    assert not selectors.papers_of("claim", 5)
    assert services.content_of(paper) == PDF


def test_the_door_asks_the_owner_and_every_look_is_recorded(client, users, worker_user, monkeypatch):
    monkeypatch.setitem(
        owners._OWNERS, "case", owners.Owner("case", "案", lambda user, pk: user == worker_user and pk == 5)
    )
    paper = keep(worker_user, owner_kind="case", owner_id=5)
    url = reverse("accounts:paper", args=[paper.pk])
    client.force_login(worker_user)
    response = client.get(url)
    assert response.content == PDF
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'self'" in response.headers["Content-Security-Policy"]
    assert client.get(url + "?save=1").headers["Content-Disposition"].startswith("attachment")
    assert ReadRecord.objects.filter(user=worker_user, subject=f"paper:{paper.pk}").count() == 2
    client.force_login(users[Role.REVIEWER])
    assert client.get(url).status_code == 404


def test_a_new_key_seals_papers_again(worker_user, settings):
    paper = keep(worker_user, owner_kind="claim", owner_id=7)
    before = paper.file.name
    settings.FIELD_KEYS = f"new:{base64.b64encode(bytes(32)).decode()},{settings.FIELD_KEYS}"
    assert services.reseal() == 1
    paper.refresh_from_db()
    assert paper.file.name != before
    assert not default_storage.exists(before)
    assert services.content_of(paper) == PDF
    assert services.reseal() == 0


# --- a scanner that speaks clamd's protocol --------------------------------------------------------------------------
class Scanner(socketserver.StreamRequestHandler):
    def handle(self):
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack(">I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0" if b"EICAR" in content else b"stream: OK\0")


@pytest.fixture
def scanner(settings):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Scanner) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        settings.SCANNER_ADDRESS = f"127.0.0.1:{server.server_address[1]}"
        yield
        server.shutdown()


def test_what_the_scanner_finds_is_refused_by_name(scanner, worker_user):
    assert keep(worker_user, owner_kind="claim", owner_id=7).scanned_by == "clamd"
    with pytest.raises(PaperRefused, match="Eicar-Test-Signature"):
        keep(worker_user, PDF.replace(b"%%EOF", b"EICAR %%EOF"), owner_kind="claim", owner_id=7)
    assert StoredFile.objects.count() == 1


def test_a_scanner_that_is_down_lets_nothing_pass(settings, worker_user):
    settings.SCANNER_ADDRESS = "127.0.0.1:1"
    with pytest.raises(PaperRefused, match="没有应答"):
        keep(worker_user)
