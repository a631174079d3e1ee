"""A month's roster against a register of the same size, beside the plain way, measured in the same run.

    python -m pytest -n 0 -s tests/benchmarks/bench_roster.py        (rows: TUODI_BENCH_ROWS, default 200,000)

The plain way reads the file with `csv`, copies it as text into a fresh table, makes one full join and writes the delta:
no checks, no encryption, no audit, no undo. Bounds are ratios; three times the plain way is the aim, not yet reached.
"""

import csv
import os
import resource
import time
from datetime import date
from pathlib import Path

import pytest
from django.db import connection

from exchange import services
from tests.factories import make_regions
from tests.partner_files import Roster

ROWS = int(os.environ.get("TUODI_BENCH_ROWS", "200000"))
TIMES_PLAIN = 15.0
MEMORY_MB = 1024
MONTHS = ("2023-05", "2023-06")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    """Civil affairs' rosters of two months; three in ten of the made persons are theirs."""
    folder, known = tmp_path_factory.mktemp("rosters"), {}
    paths = [folder / f"{month}.csv" for month in MONTHS]
    for month, path in zip(MONTHS, paths, strict=True):
        roster = Roster("civil_affairs", month, "bench", 0.02, known)
        roster.write(path, ROWS * 10 // 3, encoding="gb18030", separator=",", title=True)
    return paths


def plain(path: Path, register: str) -> dict[str, float]:
    """Reads, copies, joins and writes the delta; returns seconds by step."""
    start = time.perf_counter()
    steps = {}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE plain_in (number text, name text, category text, region text, since text)")
        with (
            path.open(encoding="gb18030", newline="") as file,
            cursor.cursor.copy("COPY plain_in FROM STDIN") as copy,
        ):
            for cells in csv.reader(file):
                if len(cells) > 7 and cells[2]:
                    copy.write_row((cells[2], cells[1], cells[3], cells[4], cells[7]))
        steps["copy"] = time.perf_counter() - start
        cursor.execute("ANALYZE plain_in")
        cursor.execute(
            f"""INSERT INTO {register} SELECT coalesce(i.number, r.number), i.name, i.category, i.region, i.since, 2
                FROM plain_in i FULL JOIN {register} r ON r.number = i.number
                WHERE (i.name, i.category, i.region, i.since)
                    IS DISTINCT FROM (r.name, r.category, r.region, r.since)"""
        )
        cursor.execute("DROP TABLE plain_in")
    steps["total"] = time.perf_counter() - start
    return steps


class Clock:
    """A progress function that notes when each step began."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.steps: dict[str, float] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        self.steps[f"{step} {done}/{total}" if total else step] = time.perf_counter() - self.start


def ours(path: Path, month: date) -> tuple[float, dict[str, int]]:
    clock = Clock()
    given = {"kind": "roster", "department": "civil_affairs", "region": "150500", "month": month, "name": path.name}
    file = services.receive_file(actor=None, content=path.read_bytes(), **given)
    clock("received", 0, 0)
    file = services.prepare_file(file_id=file.pk, progress=clock)
    clock("prepared", 0, 0)
    file = services.confirm_file(file_id=file.pk, actor=None, progress=clock)
    clock("confirmed", 0, 0)
    for step, seconds in clock.steps.items():
        print(f"    {seconds:8.2f} s  {step}")
    return clock.steps["confirmed"], file.counts


@pytest.mark.django_db(transaction=True)
def test_a_month_beside_the_plain_way(files):
    make_regions()
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMP TABLE plain_register
               (number text, name text, category text, region text, since text, version integer)"""
        )
    plain(files[0], "plain_register")
    first, _ = ours(files[0], date(2023, 5, 1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    took = plain(files[1], "plain_register")
    second, counts = ours(files[1], date(2023, 6, 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{ROWS:,} rows: first roster {first:.1f} s, second {second:.1f} s ({second / took['total']:.2f} × plain)")
    print(f"plain {took['total']:.1f} s (copy {took['copy']:.1f} s); peak {peak} MB; {counts}")
    assert counts["rows"] > ROWS * 0.9
    assert second <= TIMES_PLAIN * took["total"]
    assert peak <= MEMORY_MB
