"""A partner's HTTPS receiver, as one would write it with the `standardwebhooks` package: real TLS, real signatures.

It can be told to fail, to be slow, to be down; it drops repeats by `webhook-id`, as partners are told to.
"""

import datetime as dt
import http.server
import ipaddress
import json
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: the authority that signed, the server's chain and its key."""

    authority: Path
    chain: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """An authority of its own and a certificate for localhost and 127.0.0.1."""
    now = dt.datetime.now(dt.UTC)  # noqa: TID251
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

    def builder(subject, public_key, *, is_ca):
        usage = x509.KeyUsage(
            digital_signature=not is_ca,
            key_cert_sign=is_ca,
            crl_sign=is_ca,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        )

    authority = builder(ca_name, ca_key.public_key(), is_ca=True).sign(ca_key, hashes.SHA256())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    leaf = (
        builder(leaf_name, key.public_key(), is_ca=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    files = Certificate(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
    pem = serialization.Encoding.PEM
    files.authority.write_bytes(authority.public_bytes(pem))
    files.chain.write_bytes(leaf.public_bytes(pem) + authority.public_bytes(pem))
    files.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return files


@dataclass
class Call:
    """One request: its id, what it said, whether its signature held, what was answered."""

    id: str
    payload: dict
    verified: bool
    status: int
    path: str


@dataclass
class Receiver:
    """`calls` is everything that arrived, `applied` what a receiver that drops repeats keeps, by id."""

    certificate: Certificate
    secret: str = ""
    calls: list[Call] = field(default_factory=list)
    applied: dict[str, dict] = field(default_factory=dict)
    answers: deque = field(default_factory=deque)  # statuses of the next calls; then 200
    delay: float = 0.0
    gate: threading.Event = field(default_factory=threading.Event)  # cleared: received, not yet answered
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    port: int = 0

    def __post_init__(self):
        self.gate.set()
        self._server = None
        self.up()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/warnings"

    @property
    def rows(self) -> list[dict]:
        """The rows of all applied lists."""
        return [row for payload in self.applied.values() for row in payload["data"]["warnings"]]

    def up(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_POST(self):
                receiver._take(self)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                pass  # a sender that was killed

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.chain, self.certificate.key)
        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        """Nobody listens; `up` takes the same port again."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def wait(self, calls: int = 1, seconds: float = 20.0) -> None:
        """Blocks until so many more calls have arrived."""
        for _ in range(calls):
            assert self.arrived.acquire(timeout=seconds), f"no call in {seconds} s; {len(self.calls)} before"

    def _take(self, request) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        headers = dict(request.headers.items())
        message_id = request.headers.get("webhook-id", "")
        try:
            payload = Webhook(self.secret).verify(body, headers)
            verified = True
        except WebhookVerificationError:
            payload, verified = json.loads(body), False
        status = 401 if not verified else self.answers.popleft() if self.answers else 200
        if status == 200:
            self.applied.setdefault(message_id, payload)
        self.calls.append(Call(message_id, payload, verified, status, request.path))
        self.arrived.release()
        time.sleep(self.delay)
        self.gate.wait(30)
        answer = json.dumps({"receipt": f"R-{len(self.applied)}"}).encode() if status == 200 else b""
        request.send_response(status)
        request.send_header("content-length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Certificate:
    """One authority for the run; `WEBHOOK_CA_FILE` of tests and workers names it."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def receivers(certificate, settings):
    """Makes receivers; they are shut down after the test. The sender of this process trusts them."""
    settings.WEBHOOK_CA_FILE = str(certificate.authority)
    settings.WEBHOOK_TRIAL = True
    made: list[Receiver] = []

    def make() -> Receiver:
        from exchange.webhooks import new_secret

        made.append(Receiver(certificate, secret=new_secret()))
        return made[-1]

    yield make
    for receiver in made:
        receiver.gate.set()
        receiver.down()


@pytest.fixture
def receiver(receivers) -> Receiver:
    return receivers()
