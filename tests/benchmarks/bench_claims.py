"""A file of claims imported and settled into an empty year, beside COPY of the same rows in the same run.

    python -m pytest -n 0 -s tests/benchmarks/bench_claims.py        (claims: TUODI_BENCH_CLAIMS, default 100,000)

Twice: first as a worker that has just started, of people whom nobody knew, who are registered with it; then with the
people known and the engine loaded, which is the year's ordinary month. Then all those years settled again from zero,
compared with what was paid, confirmed and booked (later truth); and one claim entered by hand.

The plain limit is COPY of the finished rows of `claims_claim` into a fresh table with the same indexes and checks: no
reading, no comparison, no settlement.
"""

import os
import statistics
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection

from accounts.services import load_regions
from claims.later import services as later
from claims.models import Claim, LaterFact, Resettlement, Settlement
from exchange import services
from policies.services import load_documents
from tests.claims.makers import make_person, make_spell, record
from tests.factories import make_regions
from tests.partner_files import write_claims

CLAIMS = int(os.environ.get("TUODI_BENCH_CLAIMS", "100000"))
TIMES_COPY = 6.0
TIMES_COPY_AND_PERSONS = 12.0  # the worker starts, and registers the people with the indexes by which they are found
AGAIN_SECONDS = 60.0  # for 200,000 claims
ONE_CLAIM_MS = 25.0  # in the database
ONE_CLAIM_QUERIES = 12


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """May 2023; three claims to a person on average."""
    path = tmp_path_factory.mktemp("claims") / "claims.csv"
    write_claims(path, "2023-05", "bench", max(1, CLAIMS * 55 // 100), 3)
    return path


class Clock:
    """A progress function that notes when each step was last heard of."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.steps: dict[str, float] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        self.steps[step] = time.perf_counter() - self.start


def ours(path: Path, clock: Clock) -> int:
    given = {"kind": "claims", "department": "medical_security", "region": "150500", "mode": "changes"}
    content = path.read_bytes()
    file = services.receive_file(actor=None, content=content, name=path.name, month=date(2023, 5, 1), **given)
    clock("received", 0, 0)
    services.prepare_file(file_id=file.pk, progress=clock)
    clock("prepared", 0, 0)
    file = services.confirm_file(file_id=file.pk, actor=None, progress=clock)
    clock("confirmed", 0, 0)
    assert file.counts["error"] == file.counts["doubtful"] == 0
    return file.counts["written"]["settled"]


def copy_of_the_same_rows() -> float:
    """Seconds of COPY into a fresh table with the same indexes and checks (median of three)."""
    with connection.cursor() as cursor:
        with cursor.copy("COPY claims_claim TO STDOUT") as out:
            rows = [bytes(block) for block in out]
        took = []
        for _ in range(3):
            cursor.execute("CREATE TABLE plain_claim (LIKE claims_claim INCLUDING ALL)")
            start = time.perf_counter()
            with cursor.copy("COPY plain_claim FROM STDIN") as copy:
                for start_row in range(0, len(rows), 1000):
                    copy.write(b"".join(rows[start_row : start_row + 1000]))
            took.append(time.perf_counter() - start)
            cursor.execute("DROP TABLE plain_claim")
    return statistics.median(took)


def settled_again() -> float:
    """Seconds of a case over every person-year after a fact that touches one in ten: reversed claims."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO claims_laterfact (person_id, year, region_id, since, cause, reference, note, recorded_at,"
            " claim_id) SELECT DISTINCT ON (person_id) person_id, 2023, region_id, settled_on, CASE WHEN id % 10 = 0"
            " THEN 'reversal' ELSE 'policy' END, '', '', now(), CASE WHEN id % 10 = 0 THEN id END FROM claims_claim"
            " ORDER BY person_id, settled_on"
        )
    case = Resettlement.objects.create(region_id="150500000000", cause="policy")
    case.years = LaterFact.objects.update(case=case)
    case.save()
    start = time.perf_counter()
    case = later.perform(case_id=case.pk, actor=None)
    assert case.state == "prepared"
    Resettlement.objects.filter(pk=case.pk).update(state="confirming")
    case = later.perform(case_id=case.pk, actor=None)
    took = time.perf_counter() - start
    assert case.state == "confirmed"
    assert case.recovery > 0
    return took


def empty_year() -> None:
    """As before the file, but that its people are known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE claims_claim, claims_settlement, claims_personyear, claims_stagedclaim, exchange_stagedrow"
            " CASCADE"
        )
        cursor.execute("UPDATE exchange_inboundfile SET state = 'undone'")
        cursor.execute("VACUUM ANALYZE beneficiaries_person")


def one_by_hand(person) -> tuple[float, float, int]:
    """Milliseconds of entering a claim: whole, and in statements; and how many statements (medians of 31)."""
    whole, inside, asked = [], [], []
    for n in range(31):
        spent = []

        def timed(execute, *given, spent=spent):
            start = time.perf_counter()
            try:
                return execute(*given)
            finally:
                spent.append(time.perf_counter() - start)

        with connection.execute_wrapper(timed):
            start = time.perf_counter()
            record(person, (date(2023, 6, 1) + timedelta(days=n)).isoformat(), 900 + n, 100)
            whole.append((time.perf_counter() - start) * 1000)
        inside.append(sum(spent) * 1000)
        asked.append(len(spent) + 1)  # the settlement goes by COPY, which is no statement here
    return statistics.median(whole), statistics.median(inside), int(statistics.median(asked))


@pytest.mark.django_db(transaction=True)
def test_an_empty_year_beside_copy_and_one_claim_by_hand(file):
    make_regions()
    load_regions()
    load_documents(actor=None)
    seconds = {}
    for who in ("unknown", "known"):
        empty_year()
        clock = Clock()
        settled = ours(file, clock)
        seconds[who] = clock.steps["confirmed"]
        for step, at in clock.steps.items():
            print(f"    {at:8.2f} s  {step}")
        assert settled == Claim.objects.count() == Settlement.objects.count()
    plain = copy_of_the_same_rows()
    for who, took in seconds.items():
        print(f"{settled:,} claims of {who} people: {took:.2f} s, COPY {plain:.2f} s: {took / plain:.1f} × COPY")

    again = settled_again() / settled * 200_000
    print(f"settled again, prepared and booked: 200,000 claims in {again:.0f} s")

    person = make_person()
    make_spell(person, "subsistence")
    whole, inside, asked = one_by_hand(person)
    print(f"one claim by hand: {whole:.1f} ms, {inside:.1f} ms of it in {asked} statements")
    assert seconds["known"] <= TIMES_COPY * plain
    assert seconds["unknown"] <= TIMES_COPY_AND_PERSONS * plain
    assert again <= AGAIN_SECONDS
    assert inside <= ONE_CLAIM_MS
    assert asked <= ONE_CLAIM_QUERIES
