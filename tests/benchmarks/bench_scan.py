"""The monthly scan of a prefecture, beside the plain select over the accumulators that finds the same people, and
beside the sums over the claims that it need not make.

    python -m pytest -n 0 -s tests/benchmarks/bench_scan.py     (persons: TUODI_BENCH_PERSONS, default 1,000,000)

Everyone has ten claims and a year's account with their sum, three in ten a category. Bounds are ratios of one run.
"""

import os
import time
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Region
from monitoring import services
from monitoring.lines import lines_on
from monitoring.models import BurdenWarning
from policies.services import load_documents
from tests.factories import CITY, COUNTIES, make_regions
from tests.monitoring.makers import DAY

PERSONS = int(os.environ.get("TUODI_BENCH_PERSONS", "1000000"))
CLAIMS_EACH = 10
TIMES_PLAIN, TIMES_SUMS = 2.0, 0.3
TABLES = ("beneficiaries_person", "beneficiaries_categoryspell", "claims_personyear", "claims_claim")

# Synthetic rows: the columns that a scan reads are real, identity numbers are not there at all.
MAKE = (
    """INSERT INTO beneficiaries_person (id, id_number, id_key, tail_key, name, initials, sex, region_id, rural,
                                          relation, created_at)
       SELECT i, '\\x00', gen_random_uuid(), gen_random_uuid(), '某某', '', '', c.code, true, '', now()
       FROM generate_series(1, %(persons)s) i JOIN county c ON c.at = i %% %(counties)s""",
    """CREATE TEMP TABLE cost ON COMMIT DROP AS SELECT i AS person, (power(random(), 6) * 300000)::bigint AS each
       FROM generate_series(1, %(persons)s) i""",
    """INSERT INTO claims_claim (claim_no, person_id, region_id, service, settled_on, institution, insurance,
                                  hospital_level, charge_class, location, referred, major_disease, control_waived,
                                  chronic_management, total, in_scope, out_of_catalogue, basic_paid, other_paid, note,
                                  created_at)
       SELECT 'B' || p.person || '-' || n, p.person, c.code, 'inpatient',
              date '2023-01-01' + (p.person + n * 13) %% 140,
              'H1', '390', 2, 1, 'city', 'not_needed', false, false, '', p.each, p.each, 0, 0, 0, '', now()
       FROM cost p JOIN county c ON c.at = p.person %% %(counties)s CROSS JOIN generate_series(1, %(each)s) n""",
    """INSERT INTO claims_personyear (person_id, year, region_id, state, claims, total, in_scope, basic_paid, cii_paid,
                                       assistance, out_of_catalogue_assistance, top_up, in_scope_burden,
                                       personal_burden, measure, last_settled_on, last_claim_no)
       SELECT p.person, 2023, c.code, '{}', %(each)s, 0, 0, 0, 0, 0, 0, 0, 0, 0, p.each * %(each)s, '2023-05-20', ''
       FROM cost p JOIN county c ON c.at = p.person %% %(counties)s""",
    """INSERT INTO beneficiaries_categoryspell (person_id, category, department, region_id, valid_from, exit_reason,
                                                household, relation, known_from)
       SELECT i, (ARRAY['subsistence', 'subsistence_margin', 'marginal_risk'])[1 + i / 10 %% 3], 'civil_affairs',
              c.code, '2022-01-01', '', '', '', now()
       FROM generate_series(1, %(persons)s) i JOIN county c ON c.at = i %% %(counties)s WHERE i %% 10 < 3""",
)
# What a scan without accumulators would begin with, in its cheapest form: no settlements joined, no categories.
SUMS = """
SELECT c.person_id, sum(c.in_scope - c.basic_paid) FROM claims_claim c
WHERE c.settled_on BETWEEN '2023-01-01' AND %s AND c.region_id BETWEEN '150500000000' AND '150599999999'
GROUP BY c.person_id HAVING sum(c.in_scope - c.basic_paid) >= %s
"""
# The people alone: no kinds, no order, no state, nothing written.
PLAIN = """
SELECT y.person_id, y.measure FROM claims_personyear y
WHERE y.year = 2023 AND y.region_id BETWEEN '150500000000' AND '150599999999' AND y.measure >= %s AND EXISTS (
    SELECT FROM beneficiaries_categoryspell s
    WHERE s.person_id = y.person_id AND s.category = ANY(%s) AND s.known_to IS NULL
        AND s.valid_from <= %s AND (s.valid_to IS NULL OR s.valid_to >= %s))
"""


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def fill() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE county (at integer, code text) ON COMMIT DROP")
        cursor.executemany("INSERT INTO county VALUES (%s, %s)", list(enumerate(COUNTIES)))
        # No triggers and no checks of keys while ten million rows are made.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in MAKE:
            cursor.execute(statement, {"persons": PERSONS, "counties": len(COUNTIES), "each": CLAIMS_EACH})
        cursor.execute("SET LOCAL session_replication_role = origin")
        for table in TABLES:
            cursor.execute(f"ANALYZE {table}")


@pytest.mark.django_db
def test_scan_beside_a_plain_select():
    make_regions()
    load_documents(actor=None)
    seconds, _ = timed(fill)
    table = lines_on(CITY, DAY).table
    who = sorted({code for line in table.lines for code in line.categories})
    parameters = [min(line.near_from for line in table.lines), who, DAY, DAY]

    def select() -> list:
        with connection.cursor() as cursor:
            cursor.execute(PLAIN, parameters)
            return cursor.fetchall()

    def scan() -> dict:
        return services.scan_region(region=Region.objects.get(code=CITY), on=DAY, actor=None).counts

    def sums() -> list:
        with connection.cursor() as cursor:
            cursor.execute(SUMS, [DAY, parameters[0]])
            return cursor.fetchall()

    select()
    plain, people = min((timed(select) for _ in range(3)), key=lambda pair: pair[0])
    first, counts = timed(scan)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE monitoring_burdenwarning")
    again, same = min((timed(scan) for _ in range(3)), key=lambda pair: pair[0])
    grouped, spenders = min((timed(sums) for _ in range(2)), key=lambda pair: pair[0])
    print(
        f"\n{PERSONS:,} persons made in {seconds:.1f} s; {len(people):,} near or over"
        f"\nplain select {plain:.3f} s · first scan {first:.3f} s ({counts['raised']:,} raised, with audit trail)"
        f"\nscan of the same facts {again:.3f} s = {again / plain:.2f} × the select"
        f"\nsums over {PERSONS * CLAIMS_EACH:,} claims {grouped:.3f} s; the scan is {again / grouped:.3f} of it"
    )
    assert {person for person, _ in people} == set(BurdenWarning.objects.values_list("person_id", flat=True))
    assert same["unchanged"] == counts["raised"] and same["raised"] == 0
    assert {person for person, _ in people} <= {person for person, _ in spenders}
    fixed = 0.0 if PERSONS >= 1_000_000 else 0.5  # seconds that do not grow with persons
    assert again <= TIMES_PLAIN * plain + fixed
    assert again <= TIMES_SUMS * grouped + fixed
