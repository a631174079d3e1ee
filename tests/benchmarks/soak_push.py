"""Pushing while things die: `kill -9` of workers, broker, database, receiver or SFTP server in the midst of it.

    python tests/benchmarks/soak_push.py 200        (rounds; seed: TUODI_SOAK_SEED)

A round raises, refreshes and withdraws warnings, closes the list, and kills one of the five (now and then two) while
that very one has work: database and broker in the scan, the push or the sending, the others while their list is under
way. After every round and at the end it is held against what lies with the partners (`soak_books`); the first
difference ends the run with exit code 1. What runs and how it dies: `soak_house`.
"""

import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.benchmarks.soak_house import VICTIMS, House, lines, serve

# Where each of them has work.
PLACES = {
    "worker": ("sending",),
    "receiver": ("civil_affairs",),
    "sftp": ("rural_revitalization",),
    "broker": ("push", "sending"),
    "database": ("scan", "push", "sending"),
}
CALM = 60.0  # seconds in which everything must be settled once all is up


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
    """The bureau that pushes. Django's parts are imported once the servers are there."""

    def __init__(self, house: House) -> None:
        import django

        django.setup()
        from django.core.management import call_command

        self.house, self.people, self.gone, self.resent, self.pushes = house, 0, 0, 0, 0
        self.phase = ""
        self.midst: Counter[str] = Counter()
        self.quiet: list[float] = []
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
        self.house.receive(settings_of(Department.CIVIL_AFFAIRS, channel="webhook", url=url, batch_size=2))
        server = self.house.sftp
        url = f"sftp://{server.user}@127.0.0.1:{server.port}{server.folder}"
        server.accept(settings_of(Department.RURAL_REVITALIZATION, channel="sftp", url=url, host_key=server.host_key))

    # --- a round
    def round(self, dice: random.Random) -> None:
        """New, refreshed and withdrawn warnings are pushed while one of the five is killed."""
        if dice.random() < 0.6:
            self.settle()  # else one failure comes upon the other
        victims = dice.sample(VICTIMS, 2 if dice.random() < 0.1 else 1)
        threads = [
            threading.Thread(target=self.strike, args=(victim, random.Random(dice.random()))) for victim in victims
        ]
        for thread in threads:
            thread.start()
        try:
            self.push(dice)
        finally:
            for thread in threads:
                thread.join()  # nothing is raised again behind our back
        self.house.raise_all()
        self.give_receipts()

    def strike(self, victim: str, dice: random.Random) -> None:
        """Waits until the victim has work, lets a moment pass, kills it if it still has, raises it again."""
        from django.db import connection

        where = dice.choice(PLACES[victim])
        end = time.monotonic() + 30
        try:
            while time.monotonic() < end:
                if self.under_way(where):
                    time.sleep(dice.uniform(0, 0.15))
                    if self.under_way(where):
                        break
                time.sleep(0.003)
            else:
                return  # it never had work: no kill, and the report says how many did
        finally:
            connection.close()
        self.house.kill(victim, dice)
        self.midst[f"{victim} in {where}"] += 1
        time.sleep(dice.uniform(0, 0.5))
        self.house.raise_all()

    def under_way(self, where: str) -> bool:
        if where in ("scan", "push"):
            return self.phase == where
        from django.utils import timezone

        from exchange.models import Delivery

        def sending() -> bool:
            held = Delivery.objects.filter(state=Delivery.State.SENDING, next_attempt_at__gt=timezone.now())
            return (held if where == "sending" else held.filter(department=where)).exists()

        return patiently(sending)

    def push(self, dice: random.Random) -> None:
        from monitoring import services
        from tests.monitoring.makers import DAY

        patiently(lambda: self.change(dice))
        self.phase = "scan"
        patiently(lambda: services.scan_region(region=self.region, on=DAY, actor=None))
        self.phase = "push"
        patiently(lambda: services.push_warnings(region=self.region, month=DAY.replace(day=1), actor=None))
        self.phase = ""
        self.pushes += 1

    def change(self, dice: random.Random) -> None:
        """Eight people pass a line, some burdens rise, now and then one falls back under the line."""
        from django.db import transaction

        from beneficiaries.models import Person, id_key
        from monitoring.models import BurdenWarning
        from monitoring.selectors import STANDING
        from tests.monitoring.makers import make_warned, make_year, number

        numbers = [number(at % 1000, f"150521{1980 + at // 1000}0101") for at in range(self.people, self.people + 8)]
        with transaction.atomic():
            if not Person.objects.filter(id_key=id_key(numbers[0])).exists():  # else only the answer was lost
                for one in numbers:
                    make_warned(one, 30000 + dice.randrange(9000))
                known = BurdenWarning.objects.select_related("person").filter(state__in=STANDING).order_by("?")
                chosen = list(known[: dice.randrange(4)])
                for at, warning in enumerate(chosen):
                    make_year(warning.person, warning.amount / 100 + 1 if at or dice.random() < 0.5 else 100)
        self.people += len(numbers)

    def give_receipts(self) -> None:
        """The partner by SFTP answers what it found."""
        import json

        for manifest in self.house.sftp.folder.glob("*.manifest.json"):
            receipt = manifest.with_name(manifest.name.replace(".manifest.json", ".receipt"))
            if not receipt.exists():
                receipt.write_text(f"R {json.loads(manifest.read_text())['sha256']}\n")

    def settle(self, seconds: float = CALM) -> None:
        """Everything is up: waits until every list is acknowledged; what was parked is sent again by a person."""
        started = time.monotonic()
        while left := patiently(self.left):
            self.house.raise_all()  # beat ends when it finds the database starting up; its supervisor begins it anew
            self.give_receipts()
            assert time.monotonic() < started + seconds, left[:5]
            time.sleep(0.1)
        self.quiet.append(time.monotonic() - started)

    def left(self) -> list[Any]:
        from exchange import deliveries
        from exchange.models import Delivery

        found = list(Delivery.objects.exclude(state=Delivery.State.ACKNOWLEDGED).defer("body"))
        for parked in (one for one in found if one.state == Delivery.State.PARKED):
            deliveries.resend(actor=None, delivery=parked)
            self.resent += 1
        return [(one.number, one.state, one.next_attempt_at, one.last_error) for one in found]

    def report(self, rounds: int, seconds: float) -> None:
        from exchange.models import Delivery, DeliveryAttempt

        tries = Counter("error" if error else "ok" for error in DeliveryAttempt.objects.values_list("error", flat=True))
        found = lines(self.house.book)
        kills = " · ".join(f"{victim} {self.house.killed[victim]}" for victim in VICTIMS)
        kinds = Counter(Delivery.objects.values_list("kind", flat=True))
        print(
            f"{rounds} rounds in {seconds:.0f} s · kill -9: {kills}\n"
            f"each while it had work: {dict(sorted(self.midst.items()))}\n"
            f"{self.people} warnings, {self.pushes} pushes, deliveries {dict(kinds)}, all acknowledged\n"
            f"calls and drops recorded: {tries['ok']} that went, {tries['error']} that did not; parked and sent again "
            f"by a person {self.resent}\n"
            f"receiver: {sum('id' in line for line in found)} parts applied once each, "
            f"{sum('repeat' in line for line in found)} repeats dropped\n"
            f"settled after a round in {sorted(self.quiet)[len(self.quiet) // 2]:.1f} s (median), "
            f"{max(self.quiet):.1f} s at most\n"
            f"workers started {sum(one.starts for one in self.house.workers)} times, beat {self.house.beat.starts}\n"
            "lost 0 · applied twice 0 · marked sent that was not 0 · books of both departments agree",
            flush=True,
        )


def main(rounds: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tuodi-soak-"))
    folder.chmod(0o711)
    house = House(folder)
    passed = False
    try:
        soak = Soak(house)
        from tests.benchmarks.soak_books import Books

        books = Books(house, soak.region, soak.actor)
        house.raise_all()
        dice = random.Random(int(os.environ.get("TUODI_SOAK_SEED", "7")))
        started = time.monotonic()
        for at in range(1, rounds + 1):
            soak.round(dice)
            patiently(books.check_marks)
            if at % 20 == 0:
                print(f"round {at}, {time.monotonic() - started:.0f} s", flush=True)
        soak.settle(180)
        books.check_all(soak.people)
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
