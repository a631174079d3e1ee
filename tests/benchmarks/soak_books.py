"""What the partners of `soak_push` hold, and what must be true of it after every round and at the end."""

import csv
import hashlib
import io
import json
from typing import Any

from exchange.models import Delivery
from monitoring.books.services import reconcile
from monitoring.lists.selectors import to_withdraw
from monitoring.models import BurdenWarning, DeliveredWarning, FollowUp
from monitoring.selectors import STANDING, to_tell
from tests.benchmarks.soak_house import House, applied
from tests.monitoring.makers import DAY

DEPARTMENTS = ("civil_affairs", "rural_revitalization")
State = Delivery.State
Rows = list[dict[str, str]]


class Books:
    """The receiver's file and the SFTP folder, read as the partners would."""

    def __init__(self, house: House, region: Any, actor: Any) -> None:
        self.house, self.region, self.actor = house, region, actor
        self.checked: set[Any] = set()

    # --- what lies there
    def by_call(self) -> dict[str, Rows]:
        """Rows by id of the part."""
        found = {}
        for one in applied(self.house.book):
            content = one["payload"]
            found[one["id"]] = content["data"][content["type"].partition(".")[0]]
        return found

    def by_file(self, delivery: Delivery) -> Rows | None:
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

    def held(self, delivery: Delivery, calls: dict[str, Rows]) -> Rows:
        """The whole list as the partner has it."""
        if delivery.partner.channel == "sftp":
            return self.by_file(delivery) or []
        return [row for part in range(1, delivery.parts + 1) for row in calls[f"{delivery.pk}:{part}"]]

    # --- what must hold
    def check_marks(self) -> None:
        """Nothing is marked sent or acknowledged, whole or in part, that does not lie with the partner."""
        rows = list(Delivery.objects.exclude(pk__in=self.checked).select_related("partner").defer("body"))
        calls = self.by_call()
        for row in rows:
            ended = row.state in (State.SENT, State.ACKNOWLEDGED)
            if row.partner.channel == "sftp":
                assert not ended or self.by_file(row) is not None, f"{row.number} is marked {row.state}"
            else:
                for part in range(1, row.parts_done + 1):
                    assert f"{row.pk}:{part}" in calls, f"{row.number} part {part} is marked acknowledged"
                assert not ended or row.parts_done == row.parts, row.number
            if row.state == State.ACKNOWLEDGED:
                self.checked.add(row.pk)

    def check_all(self, people: int) -> None:
        """Every warning and withdrawal arrived, each id was applied once, both books agree."""
        self.check_marks()
        ids = [one["id"] for one in applied(self.house.book)]
        assert len(ids) == len(set(ids)), "an id was applied twice"
        calls = self.by_call()
        known = set()
        for delivery in Delivery.objects.select_related("partner").all():
            told = DeliveredWarning.objects.filter(delivery=delivery).values_list("warning__number", "amount")
            if delivery.partner.channel != "sftp":
                known.update(f"{delivery.pk}:{part}" for part in range(1, delivery.parts + 1))
            rows = self.held(delivery, calls)
            there = [(row["warning_no"], round(float(row["amount"]) * 100)) for row in rows]
            assert sorted(there) == sorted(told), f"{delivery.number}: {len(there)} there, {len(told)} told"
        assert set(calls) == known, "the receiver holds what was never sent"
        assert BurdenWarning.objects.filter(raised_on__isnull=False).count() == people == FollowUp.objects.count()
        for department in DEPARTMENTS:
            assert not to_tell(department, self.region, DAY).exists(), f"{department} was not told of everyone"
            assert not to_withdraw(department, self.region, DAY).exists(), f"{department} was not told of a withdrawal"
            found = self.reconciled(department, calls)
            assert found.agrees, (found.missing, found.unknown, found.different, found.withdrawn)
            assert found.held == BurdenWarning.objects.filter(state__in=STANDING).count()

    def reconciled(self, department: str, calls: dict[str, Rows]) -> Any:
        """The month's books from what the partner holds: lists in their order, what is withdrawn goes."""
        people: dict[str, str] = {}
        for delivery in Delivery.objects.filter(department=department).select_related("partner").order_by("created_at"):
            for row in self.held(delivery, calls):
                if delivery.kind == Delivery.Kind.WITHDRAWALS:
                    people.pop(row["warning_no"], None)
                else:
                    people[row["warning_no"]] = row["id_number"]
        text = "预警编号,身份证号\n" + "".join(f"{no},{who}\n" for no, who in people.items())
        return reconcile(
            actor=self.actor, region=self.region, department=department, month=DAY, name="对账.csv",
            content=text.encode(),
        )  # fmt: skip
