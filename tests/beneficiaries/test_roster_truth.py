"""Rosters as offices send them, month after month, come out row by row as their truth says."""

import csv
import json
from pathlib import Path

from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.vocabulary import Role
from exchange.models import InboundFile
from tests import partner_files
from tests.factories import make_user

SMALL = Path(__file__).parent.parent / "data" / "tongliao-small"
SENT = (
    ("civil_affairs", "2023-05"),
    ("rural_revitalization", "2023-05"),
    ("disabled_federation", "2023-05"),
    ("civil_affairs", "2023-06"),
    ("rural_revitalization", "2023-06"),
)
COUNTS = ("rows", "new", "changed", "unchanged", "exited", "doubtful", "error")


def agrees(got: list[list], expected: list[list]) -> bool:
    """Row by row the same; one made number in ten thousand has two faults: a wrong check digit, and an end of 000."""
    if len(got) != len(expected):
        return False
    differing = [one for one, other in zip(got, expected, strict=True) if one != other]
    rows = InboundFile.objects.latest("id").rows
    return all(
        code == "id_spreadsheet"
        and [row, "error", "id_checksum"] in expected
        and rows.get(row=row).values["value"].endswith("000")
        for row, _outcome, code in differing
    )


def check_all(folder: Path, capsys, report: Path, truth: dict) -> None:
    """Imports the five rosters in order; each must print and report exactly its truth."""
    second = make_user(Role.REVIEWER, username=f"second-{InboundFile.objects.count()}")
    for department, month in SENT:
        name = f"{department}-{month}.csv"
        call_command(
            "import_roster",
            folder / name,
            f"--department={department}",
            f"--month={month}",
            "--region=150500",
            "--confirm",
            f"--report={report}",
            f"--second={second.username}",
        )
        expected = truth[name]
        assert capsys.readouterr().out == " ".join(f"{key}={expected[key]}" for key in COUNTS) + "\n", name
        with report.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["row", "outcome", "code", "reason"]
        if isinstance(expected["by_row"], list):
            got = [[int(row), outcome, code] for row, outcome, code, _ in rows]
            assert agrees(got, expected["by_row"]), name
        assert all(reason for _, outcome, _, reason in rows if outcome in ("error", "doubtful"))


def test_small_rosters_month_after_month(tongliao, capsys, tmp_path):
    check_all(SMALL, capsys, tmp_path / "report.csv", json.loads((SMALL / "truth.json").read_text()))


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(2, 10_000).map(str),
    persons=st.integers(30, 500),
    dirt=st.sampled_from([0.0, 0.02, 0.06, 0.15, 0.4, 0.66]),
)
def test_any_size_seed_and_dirt(tongliao, capsys, tmp_path_factory, transactional_state, seed, persons, dirt):
    folder = tmp_path_factory.mktemp("files")
    truth = partner_files.write_all(folder, persons=persons, seed=seed, dirt=dirt, per_person=0)
    with transactional_state():
        check_all(folder, capsys, folder / "report.csv", truth)
