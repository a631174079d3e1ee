"""A month's roster against a register of the same size, beside the plain way and a peer, measured in the same run.

    python -m pytest -n 0 -s tests/benchmarks/bench_roster.py        (rows: TUODI_BENCH_ROWS, default 200,000)

The plain way reads the file with `csv`, copies its columns into a table, makes one full join with a register of the
same columns and writes the delta: no checks, no encryption, no duplicates, no preview, no audit, no undo. The peer is
django-import-export with a resource for the same persons. Bounds are ratios; that to the plain way is of the time that
the processors worked for it, here and in the database, so that what else the machine does counts little.
"""

import csv
import os
import resource
import time
from datetime import date
from pathlib import Path

import pytest
import tablib
from django.db import connection
from import_export import fields, resources, widgets

from accounts.models import Region
from beneficiaries.models import Person, id_key, phone_key, tail_key
from exchange import reader, services
from tests.factories import make_regions
from tests.partner_files import Roster

ROWS = int(os.environ.get("TUODI_BENCH_ROWS", "200000"))
TIMES_PLAIN = 3.0
TIMES_PEER = 50
PEER_ROWS = 3000
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


COLUMNS = "number, name, category, region, household, relation, since, phone"
MAKE = "number text, name text, category text, region text, household text, relation text, since date, phone text"


def processor() -> float:
    """Seconds that this process and the database's process of this connection have worked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text(encoding="ascii", errors="replace")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def plain(path: Path) -> dict[str, float]:
    """Reads, copies, joins and writes the delta into `plain_register`; returns seconds by step."""
    start = time.perf_counter()
    steps, days = {}, {}
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE plain_in ({MAKE})")
        with (
            path.open(encoding="gb18030", newline="") as file,
            cursor.cursor.copy("COPY plain_in FROM STDIN") as copy,
        ):
            for cells in csv.reader(file):
                if (len(cells) > 8 and cells[7] in days) or _is_day(cells, days):
                    copy.write_row((*(cells[i] for i in (2, 1, 3, 4, 5, 6)), days[cells[7]], cells[8]))
        steps["copy"] = time.perf_counter() - start
        cursor.execute("ANALYZE plain_in")
        mine, theirs = (", ".join(f"{t}.{name}" for name in COLUMNS.split(", ")[1:]) for t in "ir")
        cursor.execute(
            f"""INSERT INTO plain_register ({COLUMNS}, gone)
                SELECT DISTINCT ON (1) coalesce(i.number, r.number), {mine}, i.number IS NULL
                FROM plain_in i FULL JOIN plain_register r ON r.number = i.number
                WHERE ({mine}) IS DISTINCT FROM ({theirs})
                ON CONFLICT (number) DO UPDATE SET (name, category, region, household, relation, since, phone, gone)
                    = (excluded.name, excluded.category, excluded.region, excluded.household, excluded.relation,
                       excluded.since, excluded.phone, excluded.gone)"""
        )
        steps["delta"] = cursor.rowcount
        cursor.execute("DROP TABLE plain_in")
    steps["total"] = time.perf_counter() - start
    return steps


def _is_day(cells: list[str], days: dict[str, date]) -> bool:
    """Notes the date of a cell that is spelled so for the first time; False for a line without one."""
    try:
        day = reader.dates.parse(cells[7]) if len(cells) > 8 else None
    except reader.FieldError:
        return False
    if day:
        days[cells[7]] = day
    return day is not None


class Peer(resources.ModelResource):
    """The same persons as a resource of django-import-export, found by the blind index and only changed ones saved."""

    region = fields.Field("region", "行政区划代码", widgets.ForeignKeyWidget(Region, "code"))
    name = fields.Field("name", "姓名")
    relation = fields.Field("relation", "与户主关系")
    id_key = fields.Field("id_key", "id_key")

    class Meta:
        model = Person
        fields = ("id_key", "name", "region", "relation")
        import_id_fields = ("id_key",)
        skip_unchanged = True
        use_transactions = True

    def before_import_row(self, row, **kwargs):
        row["id_key"] = str(id_key(reader.identity.normalise(row["身份证号"])))

    def before_save_instance(self, instance, row, **kwargs):
        instance.id_number, instance.phone = row["身份证号"], row["联系电话"]
        instance.tail_key, instance.phone_key = tail_key(row["身份证号"]), phone_key(row["联系电话"])


def peer_rows_a_second(path: Path) -> float:
    """The first good rows of the file through the peer."""
    found = tablib.Dataset(headers=["身份证号", "姓名", "行政区划代码", "与户主关系", "联系电话", "id_key"])
    for row in reader.read(path, reader.ROSTER, reader.Context(department="civil_affairs")):
        if not row.problems and len(found) < PEER_ROWS:
            found.append([*(row.values[name] for name in ("id_number", "name", "region", "relation", "phone")), ""])
    start = time.perf_counter()
    result = Peer().import_data(found, raise_errors=True)
    assert result.totals["new"] + result.totals["update"] + result.totals["skip"] == len(found)
    return len(found) / (time.perf_counter() - start)


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
def test_a_month_beside_the_plain_way_and_a_peer(files):
    make_regions()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE plain_register ({MAKE}, gone boolean, PRIMARY KEY (number))")
    try:
        plain(files[0])
        first, _ = ours(files[0], date(2023, 5, 1))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        worked = [processor()]
        took = plain(files[1])
        worked.append(processor())
        second, counts = ours(files[1], date(2023, 6, 1))
        worked.append(processor())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE plain_register")
    peer = peer_rows_a_second(files[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    changes = sum(counts[name] for name in ("new", "changed", "exited"))
    speed = counts["rows"] / second
    times = (worked[2] - worked[1]) / (worked[1] - worked[0])
    print(
        f"\n{ROWS:,} rows, {changes * 100 / counts['rows']:.1f} % changes: first roster {first:.1f} s, second "
        f"{second:.1f} s = {second / took['total']:.2f} × plain ({took['total']:.1f} s, copy {took['copy']:.1f} s, "
        f"delta {took['delta']:,} rows), {times:.2f} × its work; {speed:,.0f} rows/s = {speed / peer:.0f} × "
        f"django-import-export ({peer:,.0f} rows/s); peak {peak} MB; {counts}"
    )
    assert counts["rows"] > ROWS * 0.9
    assert times <= TIMES_PLAIN
    assert speed >= TIMES_PEER * peer
    assert peak <= MEMORY_MB
