"""Rosters as offices send them, month after month, come out row by row as their truth says."""

import codecs
import csv
import json
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.vocabulary import Role
from beneficiaries.models import Person
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
MAY = ("--department=civil_affairs", "--month=2023-05", "--region=150500")
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


def cells() -> list[list[str]]:
    """The roster of civil affairs of May, as cells."""
    with (SMALL / "civil_affairs-2023-05.csv").open(encoding="gb18030", newline="") as file:
        return list(csv.reader(file))


def as_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in cells():
        book.active.append(row)
    book.save(path)


def as_text(path: Path, *, encoding: str = "utf-8", separator: str = ",", newline: str = "\r\n", ragged=False) -> None:
    rows = cells()
    if ragged:  # without the empty cells at their ends, every third with some more of them
        rows = [[*"\t".join(row).rstrip("\t").split("\t"), *[""] * (n % 3 * 4)] for n, row in enumerate(rows)]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator=newline).writerows(rows)


FORMS = {
    "XLSX": as_xlsx,
    "XLSX named CSV": as_xlsx,
    "UTF-16": lambda path: as_text(path, encoding="utf-16"),
    "UTF-16 with tabs": lambda path: as_text(path, encoding="utf-16-le", separator="\t"),
    "semicolons, line feeds": lambda path: as_text(path, encoding="utf-8-sig", separator=";", newline="\n"),
    "ragged": lambda path: as_text(path, encoding="gbk", ragged=True),
}


@pytest.mark.parametrize("form", FORMS)
def test_in_whatever_form_it_comes_a_roster_says_the_same(tongliao, capsys, tmp_path, form):
    path = tmp_path / ("名单.xlsx" if form == "XLSX" else "名单.csv")
    FORMS[form](path)
    if form == "UTF-16 with tabs":
        path.write_bytes(codecs.BOM_UTF16_LE + path.read_bytes())
    expected = json.loads((SMALL / "truth.json").read_text())["civil_affairs-2023-05.csv"]
    report = tmp_path / "report.csv"
    call_command("import_roster", path, *MAY, f"--report={report}")
    assert capsys.readouterr().out == " ".join(f"{key}={expected[key]}" for key in COUNTS) + "\n"
    with report.open(encoding="utf-8", newline="") as file:
        got = [[int(row), outcome, code] for row, outcome, code, _ in list(csv.reader(file))[1:]]
    assert got == expected["by_row"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("空.csv", b"", "空"),
        ("空.xlsx", b"", "空"),
        ("名单.csv", b"%PDF-1.7\n1 0 obj\n", "PDF"),
        ("名单.xlsx", b"%PDF-1.7\n1 0 obj\n", "PDF"),
        ("名单.csv", "姓名,人员类别\r\n曾玉兰,低保对象".encode("gb18030"), "身份证号"),
    ],
)
def test_what_is_no_roster_is_refused_with_the_reason_and_leaves_nothing(tongliao, tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        call_command("import_roster", path, *MAY, "--confirm", f"--report={tmp_path / 'report.csv'}")
    assert not Person.objects.exists() and not InboundFile.objects.filter(state="confirmed").exists()
    assert not (tmp_path / "report.csv").exists()


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
