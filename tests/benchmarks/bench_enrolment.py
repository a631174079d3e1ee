"""A county's year of enrolment beside a plain INSERT of the same rows, measured in the same run.

    python -m pytest -n 0 -s tests/benchmarks/bench_enrolment.py     (persons: TUODI_BENCH_PEOPLE, default 100,000)

The plain way writes rows that are already known into a table of the same columns, keys and indexes, without an audit
trail. Ours finds who is concerned, asks the rules, joins, writes with the trail, and sets payments against it. The
bound is a ratio.
"""

import os
import time

import pytest
from django.db import connection

from accounts.services import load_regions
from beneficiaries.enrolment.computing import compute_county
from beneficiaries.enrolment.models import Enrolment
from policies.services import load_documents

PEOPLE = int(os.environ.get("TUODI_BENCH_PEOPLE", "100000"))
TIMES_PLAIN = 12.0
COUNTY = "150521000000"
TOWNSHIP = "150521100000"

PERSONS = """
INSERT INTO beneficiaries_person (id_number, id_key, tail_key, name, pinyin, initials, sex, region_id, rural, relation,
    created_at, birth_date, death_source)
SELECT '\\x00', gen_random_uuid(), gen_random_uuid(), '测试', '', '', 'm', %s, true, '', now(), '1980-01-01', ''
FROM generate_series(1, %s)
"""
SPELLS = """
INSERT INTO beneficiaries_categoryspell (person_id, category, department, region_id, valid_from, known_from,
    exit_reason, household, relation)
SELECT id, (ARRAY['subsistence', 'extreme_poverty', 'marginal_risk', 'severe_disability'])[1 + id % 4],
    'civil_affairs', region_id, '2022-01-01', now(), '', '', '' FROM beneficiaries_person
"""


def plain() -> float:
    """Seconds for the same rows into a table of the same shape."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain_enrolment (LIKE beneficiaries_enrolment INCLUDING ALL)")
        start = time.perf_counter()
        cursor.execute("INSERT INTO plain_enrolment SELECT * FROM beneficiaries_enrolment")
        return time.perf_counter() - start


@pytest.mark.django_db
def test_a_countys_year(tongliao, capsys):
    load_regions()
    load_documents(actor=None)
    with connection.cursor() as cursor:
        cursor.execute(PERSONS, [TOWNSHIP, PEOPLE])
        cursor.execute(SPELLS)
        cursor.execute("ANALYZE beneficiaries_person, beneficiaries_categoryspell")
    start = time.perf_counter()
    assert compute_county(COUNTY, 2023)["written"] == PEOPLE
    first = time.perf_counter() - start
    start = time.perf_counter()
    assert compute_county(COUNTY, 2023)["written"] == 0
    again = time.perf_counter() - start
    beside = plain()
    assert Enrolment.objects.filter(fund__gt=0).count() >= PEOPLE // 2
    with capsys.disabled():
        print(
            f"\n{PEOPLE:,} persons: {first:.2f} s, again without news {again:.2f} s, plain INSERT {beside:.2f} s, "
            f"ratio {first / beside:.1f}"
        )
    assert first <= TIMES_PLAIN * beside
