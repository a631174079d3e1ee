"""How fast partner files are read, beside the plainest thing that could read them, measured in the same run.

    python -m pytest -s tests/benchmarks/bench_reader.py        (persons: TUODI_BENCH_PERSONS, default 200,000)

Bounds are ratios: they hold on a slow machine as on a quick one.
"""

import csv
import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from exchange.reader import CLAIMS, CONTRIBUTIONS, ROSTER, Context, DuplicateFinder, Schema, read
from tests.partner_files import check_digit, write_all

PERSONS = int(os.environ.get("TUODI_BENCH_PERSONS", "200000"))
TODAY = dt.date(2023, 6, 30)
ROUNDS = 3
MEMORY_MB = 300


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    write_all(folder, persons=PERSONS, per_person=1)
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    write_all(folder, persons=PERSONS, dirt=0, per_person=0)
    return folder


def seconds(work: Callable[[], int]) -> tuple[float, int]:
    """The best of some rounds: what else runs on the machine only ever adds."""
    best, result = float("inf"), 0
    for _ in range(ROUNDS):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def plain(path: Path, encoding: str, separator: str) -> int:
    with path.open(encoding=encoding, newline="") as file:
        return sum(1 for _ in csv.reader(file, delimiter=separator))


def batches(path: Path, schema: Schema, context: Context) -> int:
    return sum(len(batch) for batch in read(path, schema, context).batches())


def rows(path: Path, schema: Schema, context: Context) -> int:
    return sum(1 for _ in read(path, schema, context))


def with_duplicates(path: Path, schema: Schema, context: Context) -> int:
    finder = DuplicateFinder()
    for batch in read(path, schema, context).batches():
        finder.add(batch)
    return len(finder.find())


CASES = [
    ("civil_affairs-2023-05.csv", ROSTER, "civil_affairs", "gb18030", ","),
    ("rural_revitalization-2023-05.csv", ROSTER, "rural_revitalization", "utf-8-sig", "\t"),
    ("tax-2023.csv", CONTRIBUTIONS, None, "utf-8-sig", ","),
    ("claims-2023-05.csv", CLAIMS, None, "utf-8", ","),
]


@pytest.mark.parametrize("dirt", ["clean", "dirty"])
@pytest.mark.parametrize(("name", "schema", "department", "encoding", "separator"), CASES)
def test_csv(request, dirt, name, schema, department, encoding, separator) -> None:
    path = request.getfixturevalue("clean" if dirt == "clean" else "files") / name
    context = Context(department=department, region="150500", today=TODAY)
    plain_time, lines = seconds(lambda: plain(path, encoding, separator))
    if lines < 1000:
        pytest.skip("no rows of this kind among the clean files")
    columns_time, count = seconds(lambda: batches(path, schema, context))
    rows_time, _ = seconds(lambda: rows(path, schema, context))
    print(
        f"\n{dirt:6} {name:34} {count:>8} rows: csv.reader {lines / plain_time:>9,.0f}/s, "
        f"batches {count / columns_time:>9,.0f}/s ({columns_time / plain_time:.1f} x the time), "
        f"rows {count / rows_time:>9,.0f}/s"
    )
    if schema is ROSTER:
        duplicates_time, found = seconds(lambda: with_duplicates(path, schema, context))
        print(f"       with duplicates found ({found}): {count / duplicates_time:>9,.0f}/s")
    assert columns_time < 8 * plain_time


def test_xlsx(clean, tmp_path) -> None:
    path = tmp_path / "roster.xlsx"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    with (clean / "rural_revitalization-2023-05.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file, delimiter="\t"):
            sheet.append(row)
    book.save(path)
    context = Context(department="rural_revitalization", today=TODAY)
    ours, count = seconds(lambda: batches(path, ROSTER, context))

    def calamine() -> int:
        return sum(1 for _ in CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows())

    def peer() -> int:
        book = openpyxl.load_workbook(path, read_only=True)
        count = sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
        book.close()
        return count

    plain_time, _ = seconds(calamine)
    start = time.process_time()
    peer()
    peer_time = time.process_time() - start
    print(
        f"\nXLSX {count} rows: batches {count / ours:,.0f}/s, calamine alone {count / plain_time:,.0f}/s, "
        f"openpyxl {count / peer_time:,.0f}/s"
    )
    assert ours < peer_time


def peak(path: Path, schema: str) -> tuple[int, int]:
    """Megabytes that reading the file with its duplicates takes, interpreter and packages included; and the rows."""
    program = (
        "import re, sys; from pathlib import Path; from exchange import reader as r\n"
        f"reading = r.read(sys.argv[1], r.{schema})\n"
        "finder = r.DuplicateFinder()\n"
        "for batch in reading.batches(): finder.add(batch)\n"
        "finder.find(); print(re.search('VmHWM:.*?([0-9]+)', Path('/proc/self/status').read_text())[1])\n"
        "print(reading.rows_read)"
    )
    command = [sys.executable, "-c", program, str(path)]
    used, count = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(used) >> 10, int(count)


@pytest.mark.parametrize(
    ("name", "schema"), [("civil_affairs-2023-05.csv", "ROSTER"), ("claims-2023-05.csv", "CLAIMS")]
)
def test_memory_does_not_grow_with_the_file(files, name, schema) -> None:
    used, count = peak(files / name, schema)
    print(f"\n{name}: {used} MB at most for {count:,} rows")
    assert used <= MEMORY_MB


def test_a_hundred_megabytes(tmp_path) -> None:
    path, count = tmp_path / "large.csv", 900_000
    with path.open("w", encoding="utf-8") as file:
        print("身份证号,姓名,人员类别,行政区划代码,户编号,与户主关系,认定日期,退出原因,联系电话", file=file)
        for n in range(count):
            first = f"150521{1950 + n // 100_000}0101{n % 1000:03d}"
            day = f"{n // 1000 % 10 + 1:02d}"
            number = f"{first[:10]}{n // 10_000 % 10 + 1:02d}{day}{first[14:]}"
            print(number + check_digit(number), "测试甲乙", "低保对象", "150521100201", f"150521{n // 3:06d}", "户主",
                  "2022-03-01", "与上月相同，未作变动", f"139{n:08d}", sep=",", file=file)  # fmt: skip
    size = path.stat().st_size >> 20
    used, rows = peak(path, "ROSTER")
    print(f"\n{size} MB of roster: {used} MB at most for {rows:,} rows")
    assert (rows, size >= 100) == (count, True)
    assert used <= MEMORY_MB
