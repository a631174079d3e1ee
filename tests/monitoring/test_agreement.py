"""The scan in the database and `manage.py warnings` say the same of cases that nobody has seen before."""

import csv
import random
import re
from datetime import date, timedelta

import pytest
from django.core.management import call_command

from accounts.models import Region
from monitoring import services
from monitoring.models import BurdenWarning
from policies.models import PolicyVersion
from tests.monitoring import makers
from tests.monitoring.conftest import PLACES
from tests.monitoring.makers import fen, load_case, make_places, read
from tests.policies.making import DOCUMENTS

MONEY = ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")
YEARS = {"tongliao": 2024, "jining": 2024, "guangxi": 2024, "shannan": 2023}


def vary(policy: str, dice: random.Random, folder) -> date:
    """The golden case with other amounts, days, categories and homes, in `folder`; the day of the scan."""
    day = date(YEARS[policy], 1, 1) + timedelta(days=dice.randrange(120, 366))
    claims = read(policy, "claims")
    for row in claims:
        if not re.fullmatch(r"20[0-9-]{8}", row["settled_on"]):
            continue
        factor = dice.choice((20, 50, 100, 130, 300))
        for name in MONEY:
            row[name] = _times(row[name], factor)
        row["settled_on"] = (date(YEARS[policy], 1, 1) + timedelta(days=dice.randrange(365))).isoformat()
    categories = read(policy, "categories")
    for row in categories:
        by = timedelta(days=dice.randrange(-300, 300))
        for name in ("valid_from", "valid_to"):
            row[name] = (date.fromisoformat(row[name]) + by).isoformat() if row[name] else ""
    persons = read(policy, "persons")
    for row in persons:
        row["rural"] = dice.choice(("yes", "no"))
    for name, rows in (("claims", claims), ("categories", categories), ("persons", persons)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return day


def _times(text: str, factor: int) -> str:
    """What is no amount stays as it is: both sides refuse it."""
    if not re.fullmatch(r"[0-9]+\.[0-9]{2}", text):
        return text
    amount = fen(text) * factor // 100
    return f"{amount // 100}.{amount % 100:02d}"


@pytest.mark.parametrize("policy", YEARS)
def test_the_scan_and_the_command_agree_on_random_cases(law, policy, tmp_path, monkeypatch):
    folder = tmp_path / policy
    folder.mkdir()
    day = vary(policy, random.Random(f"{policy} 7"), folder)
    monkeypatch.setattr(makers, "CASES", tmp_path)
    files = {name: folder / f"{name}.csv" for name in ("claims", "categories", "persons")}
    facts = {"policy": policy, "parameters": DOCUMENTS / "parameters.csv", "claims": files["claims"]}
    facts["categories"] = files["categories"]
    call_command("settle", **facts, output=folder / "settle.csv")
    call_command("warnings", **facts, persons=files["persons"], on=day.isoformat(), output=folder / "warnings.csv")
    version = PolicyVersion.objects.filter(policy=policy, validity__contains=day).get()
    county = PLACES[policy][:4] + "21000000" if policy != "guangxi" else "450121000000"
    make_places(county)
    load_case(policy, version, county)
    services.scan_region(region=Region.objects.get(pk=PLACES[policy]), on=day, actor=None)
    expected = {
        (row["id_number"], row["kind"], fen(row["measure"]), fen(row["line"]), row["approaching"] == "yes")
        for row in read(policy, "warnings")
    }
    found = {
        (one.person.id_number, one.kind, one.amount, one.line, one.state == BurdenWarning.State.APPROACHING)
        for one in BurdenWarning.objects.select_related("person")
    }
    assert found == expected
    assert len(expected) > 5
