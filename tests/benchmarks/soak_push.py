"""Pushing while things die: `kill -9` of worker, broker, database, receiver or SFTP server at random moments.

    python tests/benchmarks/soak_push.py 200        (rounds; seed: TUODI_SOAK_SEED)

A round raises and refreshes warnings, closes the list, and kills one of the five in the midst of it. The servers are
real and the soak's own: PostgreSQL and Valkey of an embedded data folder, a Celery worker and beat, an HTTPS receiver
that keeps what it applies on disk before it answers, OpenSSH. After every round and at the end it is held against
what lies with the partners; the first difference ends the run with exit code 1.
"""

import csv
import hashlib
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from config import embedded  # noqa: E402
from config.embedded.folder import read_state  # noqa: E402
from config.embedded.postgres import Cluster  # noqa: E402
from tests.receiver import Receiver, make_certificate  # noqa: E402
from tests.sftp_server import SftpServer  # noqa: E402

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
WORKER = [*CELERY, "worker", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=WARNING"]
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
    from tests.receiver import Certificate

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
        self.worker, self.beat = Child(WORKER, folder / "worker.log"), Child(BEAT, folder / "beat.log")
        self.receiver: Child | None = None
        self.killed: Counter[str] = Counter()

    def receive(self, secret: str) -> None:
        here = [sys.executable, __file__, "receiver", str(self.port), str(self.book), str(self.folder / "tls"), secret]
        self.receiver = Child(here, self.folder / "receiver.log")

    def kill(self, victim: str) -> None:
        home = read_state(self.data).home_in(self.data)  # type: ignore[union-attr]
        if victim == "database":
            os.kill(Cluster(home).postmaster().pid, signal.SIGKILL)  # type: ignore[union-attr]
        elif victim == "broker":
            os.kill(int((home / "valkey" / "server.pid").read_text()), signal.SIGKILL)
        elif victim == "sftp":
            sessions = children(self.sftp.process.pid)  # type: ignore[union-attr]
            self.sftp.kill()
            for one in [*sessions, *(below for session in sessions for below in children(session))]:
                command = Path(f"/proc/{one}/cmdline")
                if command.exists() and b"sshd" in command.read_bytes():
                    os.kill(one, signal.SIGKILL)
        else:
            {"worker": self.worker, "receiver": self.receiver}[victim].kill()  # type: ignore[union-attr]
        self.killed[victim] += 1

    def raise_all(self) -> None:
        """Starts what is dead, as a supervisor does."""
        embedded.start(self.data)
        if self.sftp.process is None or self.sftp.process.poll() is not None:
            self.sftp.start()
        for child in (self.receiver, self.beat, self.worker):
            if child is not None:
                child.start()

    def close(self) -> None:
        for child in (self.worker, self.beat, self.receiver):
            if child is not None:
                child.kill()
        self.sftp.kill()
        embedded.remove(self.data)


# --- the work -----------------------------------------------------------------------------------------------------
def patiently(work: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The result of `work`, tried again while the database is away."""
    from django.db import InterfaceError, OperationalError, connection

    end = time.monotonic() + seconds
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class Soak:
    """The bureau that pushes, and what is checked. Django's parts are imported once the servers are there."""

    def __init__(self, house: House) -> None:
        import django

        django.setup()
        from django.core.management import call_command

        self.house, self.people, self.resent, self.pushes = house, 0, 0, 0
        self.checked: set[Any] = set()
        call_command("migrate", verbosity=0)
        self._settle_in()

    def _settle_in(self) -> None:
        from django_celery_beat.models import IntervalSchedule, PeriodicTask

        from accounts.vocabulary import Department, Role
        from exchange import deliveries, partners
        from monitoring.schedule import RECEIPTS, SWEEP
        from tests.factories import make_regions, make_user
        from tests.monitoring.conftest import load_law

        self.region = make_regions()
        load_law()
        self.actor = make_user(Role.CASE_WORKER)
        second, _new = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
        PeriodicTask.objects.exclude(name__in=[SWEEP, RECEIPTS]).update(enabled=False)
        PeriodicTask.objects.filter(name__in=[SWEEP, RECEIPTS]).update(interval=second, expire_seconds=None)

        def settings_of(department: str, **how: Any) -> str:
            partner = deliveries.partner_of(department=department, region=self.region)
            partner = partners.save_partner(actor=None, organisation=partner.organisation, **how)
            return partners.rotate_secret(actor=None, partner=partner).secret

        url = f"https://localhost:{self.house.port}/warnings"
        self.house.receive(settings_of(Department.CIVIL_AFFAIRS, channel="webhook", url=url, batch_size=3))
        server = self.house.sftp
        url = f"sftp://{server.user}@127.0.0.1:{server.port}{server.folder}"
        server.accept(settings_of(Department.RURAL_REVITALIZATION, channel="sftp", url=url, host_key=server.host_key))

    def round(self, dice: random.Random) -> None:
        """New and refreshed warnings are pushed while one of the five is killed."""
        victim, after, down = dice.choice(VICTIMS), dice.uniform(0, 0.9), dice.uniform(0, 0.3)

        def strike() -> None:
            time.sleep(after)
            self.house.kill(victim)
            time.sleep(down)
            self.house.raise_all()

        thread = threading.Thread(target=strike)
        thread.start()
        end = time.monotonic() + 1.0
        try:
            self.push(dice)
            time.sleep(max(0.0, end - time.monotonic()))
        finally:
            thread.join()  # nothing is raised again behind our back
        self.give_receipts()
        self.check_marks()

    def push(self, dice: random.Random) -> None:
        from django.db import transaction

        from monitoring import services
        from monitoring.models import BurdenWarning
        from tests.monitoring.makers import DAY, make_warned, make_year, number

        first = self.people
        numbers = [number(at % 1000, f"150521{1980 + at // 1000}0101") for at in range(first, first + 5)]
        again = dice.randrange(3)

        def change() -> None:
            from beneficiaries.models import Person, id_key

            with transaction.atomic():
                if Person.objects.filter(id_key=id_key(numbers[0])).exists():
                    return  # the commit went through although its answer was lost
                for one in numbers:
                    make_warned(one, 30000 + dice.randrange(9000))
                for warning in BurdenWarning.objects.select_related("person").order_by("?")[:again]:
                    make_year(warning.person, warning.amount / 100 + 1)

        patiently(change)
        self.people += len(numbers)
        patiently(lambda: services.scan_region(region=self.region, on=DAY, actor=None))
        patiently(lambda: services.push_warnings(region=self.region, month=DAY.replace(day=1), actor=None))
        self.pushes += 1

    # --- the partners' side
    def held_by_call(self) -> dict[str, list[dict[str, str]]]:
        return {one["id"]: one["payload"]["data"]["warnings"] for one in applied(self.house.book)}

    def held_by_file(self, delivery: Any) -> list[dict[str, str]] | None:
        """Rows of the file that lies there whole, as its check file and manifest say; None where it does not."""
        folder = self.house.sftp.folder
        file, check = folder / f"{delivery.number}.csv", folder / f"{delivery.number}.csv.sha256"
        manifest = folder / f"{delivery.number}.manifest.json"
        if not (file.exists() and check.exists() and manifest.exists()):
            return None
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest != delivery.sha256 or not check.read_text().startswith(digest):
            return None
        if json.loads(manifest.read_text())["id"] != str(delivery.pk):
            return None
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))

    def give_receipts(self) -> None:
        """The partner by SFTP answers what it found."""
        for manifest in self.house.sftp.folder.glob("*.manifest.json"):
            receipt = manifest.with_name(manifest.name.replace(".manifest.json", ".receipt"))
            if not receipt.exists():
                receipt.write_text(f"R {json.loads(manifest.read_text())['sha256']}\n")

    # --- what must hold
    def check_marks(self) -> None:
        """Nothing is marked sent or acknowledged, whole or in part, that does not lie with the partner."""
        from exchange.models import Delivery

        state = Delivery.State
        rows = patiently(
            lambda: list(Delivery.objects.exclude(pk__in=self.checked).select_related("partner").defer("body"))
        )
        held = self.held_by_call()
        for row in rows:
            ended = row.state in (state.SENT, state.ACKNOWLEDGED)
            if row.partner.channel == "sftp":
                assert not ended or self.held_by_file(row) is not None, f"{row.number} is marked {row.state}"
            else:
                for part in range(1, row.parts_done + 1):
                    assert f"{row.pk}:{part}" in held, f"{row.number} part {part} is marked acknowledged"
                assert not ended or row.parts_done == row.parts, row.number
            if row.state == state.ACKNOWLEDGED:
                self.checked.add(row.pk)

    def finish(self, seconds: float = 180.0) -> None:
        """Everything is up: waits until every list is acknowledged; what was parked is sent again by a person."""
        from exchange import deliveries
        from exchange.models import Delivery

        end = time.monotonic() + seconds
        while True:
            self.house.raise_all()
            self.give_receipts()
            left = Delivery.objects.exclude(state=Delivery.State.ACKNOWLEDGED).defer("body")
            for parked in left.filter(state=Delivery.State.PARKED):
                deliveries.resend(actor=None, delivery=parked)
                self.resent += 1
            if not left.exists():
                return
            assert time.monotonic() < end, [(d.number, d.state, d.next_attempt_at, d.last_error) for d in left[:5]]
            time.sleep(0.2)

    def check_all(self) -> None:
        from exchange.models import Delivery
        from monitoring.models import BurdenWarning, DeliveredWarning, FollowUp
        from monitoring.selectors import STANDING, to_tell
        from tests.monitoring.makers import DAY

        self.check_marks()
        ids = [one["id"] for one in applied(self.house.book)]
        assert len(ids) == len(set(ids)), "an id was applied twice"
        held = self.held_by_call()
        known = set()
        for delivery in Delivery.objects.select_related("partner").all():
            told = DeliveredWarning.objects.filter(delivery=delivery).values_list("warning__number", "amount")
            if delivery.partner.channel == "sftp":
                rows = self.held_by_file(delivery) or []
            else:
                parts = [f"{delivery.pk}:{part}" for part in range(1, delivery.parts + 1)]
                known.update(parts)
                rows = [row for part in parts for row in held[part]]
            there = [(row["warning_no"], round(float(row["amount"]) * 100)) for row in rows]
            assert sorted(there) == sorted(told), f"{delivery.number}: {len(there)} there, {len(told)} told"
        assert set(held) == known, "the receiver holds what was never sent"
        standing = BurdenWarning.objects.filter(state__in=STANDING)
        assert standing.count() == self.people == FollowUp.objects.count()
        for department in ("civil_affairs", "rural_revitalization"):
            assert not to_tell(department, self.region, DAY).exists(), f"{department} was not told of everyone"
            assert self.books(department).agrees

    def books(self, department: str) -> Any:
        """The month's books from what the partner holds."""
        from exchange.models import Delivery
        from monitoring.books.services import reconcile
        from tests.monitoring.makers import DAY

        if department == "civil_affairs":
            rows = [row for part in self.held_by_call().values() for row in part]
        else:
            found = Delivery.objects.filter(department=department)
            rows = [row for delivery in found for row in self.held_by_file(delivery) or []]
        people = {row["warning_no"]: row["id_number"] for row in rows}
        text = "预警编号,身份证号\n" + "".join(f"{no},{who}\n" for no, who in people.items())
        return reconcile(
            actor=self.actor, region=self.region, department=department, month=DAY, name="对账.csv",
            content=text.encode(),
        )  # fmt: skip

    def report(self, rounds: int, seconds: float) -> None:
        from exchange.models import Delivery, DeliveryAttempt

        tries = Counter("error" if error else "ok" for error in DeliveryAttempt.objects.values_list("error", flat=True))
        repeats = sum("repeat" in line for line in lines(self.house.book))
        kills = " ".join(f"{victim} {self.house.killed[victim]}" for victim in VICTIMS)
        print(
            f"{rounds} rounds in {seconds:.0f} s · kill -9: {kills}\n"
            f"{self.people} warnings, {self.pushes} pushes, {Delivery.objects.count()} deliveries, all acknowledged\n"
            f"calls and drops recorded: {tries['ok']} that went, {tries['error']} that did not; parked and sent again "
            f"by a person {self.resent}\n"
            f"receiver: {len(self.held_by_call())} parts applied once each, {repeats} repeats dropped\n"
            f"worker started {self.house.worker.starts} times, beat {self.house.beat.starts}\n"
            "lost 0 · applied twice 0 · marked sent that was not 0 · books of both departments agree"
        )


def main(rounds: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tuodi-soak-"))
    folder.chmod(0o711)
    house = House(folder)
    passed = False
    try:
        soak = Soak(house)
        house.raise_all()
        dice = random.Random(int(os.environ.get("TUODI_SOAK_SEED", "7")))
        started = time.monotonic()
        for at in range(1, rounds + 1):
            soak.round(dice)
            if at % 20 == 0:
                print(f"round {at}, {time.monotonic() - started:.0f} s", flush=True)
        soak.finish()
        soak.check_all()
        soak.report(rounds, time.monotonic() - started)
        passed = True
    finally:
        house.close()
        if passed:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs: {folder}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["receiver"]:
        serve(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200)
