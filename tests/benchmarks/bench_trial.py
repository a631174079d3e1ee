"""A trial run over stored claims beside PostgreSQL handing the same rows over by binary COPY, in one run.

    python -m pytest -n 0 -s tests/benchmarks/bench_trial.py        (claims: TUODI_BENCH_ROWS, default 200,000)

Ten claims a person, three in ten persons with a category; the draft pays 低保对象 less, so that persons are written.
"""

import os
import resource
import time

import pytest
from django.db import connection

from accounts.models import Region
from accounts.services import load_regions
from claims.trials import figures, reading, services, texts, writing
from claims.trials.models import TrialPerson, TrialRun
from policies.models import PolicyVersion
from policies.services import load_documents
from tests.claims.makers import make_person
from tests.claims.test_trials import CITY, lowered
from tests.factories import make_regions

ROWS = int(os.environ.get("TUODI_BENCH_ROWS", "200000"))
PERSONS = max(1, ROWS // 10)
# Small runs pay for what does not grow: loading the compiled code, the tables, the transaction.
TIMES_COPY = 1.5 if ROWS >= 5_000_000 else 3.0
MEMORY_MB = 512 + ROWS // 6_000

PEOPLE = """
INSERT INTO beneficiaries_person (id_number, id_key, tail_key, name, initials, sex, region_id, rural,
    relation, created_at)
SELECT p.id_number, gen_random_uuid(), gen_random_uuid(), '某' || n, '', '', (ARRAY['150502000000', '150521000000',
       '150522000000', '150523000000', '150524000000', '150525000000', '150526000000'])[1 + n %% 7], true, '', now()
FROM beneficiaries_person p, generate_series(1, %s) n WHERE p.id = %s
"""
SPELLS = """
INSERT INTO beneficiaries_categoryspell (person_id, category, department, region_id, valid_from, exit_reason,
    known_from, household, relation)
SELECT p.id, (ARRAY['subsistence', 'extreme_poverty', 'unstable_exit'])[1 + p.id %% 3], 'civil_affairs', p.region_id,
       DATE '2022-01-01', '', now(), '', ''
FROM beneficiaries_person p WHERE p.id %% 10 < 3
"""
CLAIMS = """
INSERT INTO claims_claim (claim_no, person_id, region_id, service, settled_on, institution, insurance, hospital_level,
    charge_class, location, referred, major_disease, control_waived, chronic_management, total, in_scope,
    out_of_catalogue, basic_paid, other_paid, note, created_at)
SELECT 'B' || p.id || '-' || k, p.id, p.region_id, (ARRAY['inpatient', 'outpatient', 'chronic'])[1 + k %% 3],
       DATE '2023-01-01' + ((p.id * 7 + k * 37) %% 365)::int, 'H1', CASE WHEN p.id %% 50 = 0 THEN '310' ELSE '390' END,
       1 + k %% 3, 1, 'city', 'not_needed', false, false, '', scope + 20000, scope, 20000, scope / 2, 0, '', now()
FROM beneficiaries_person p, generate_series(1, 10) k, LATERAL (SELECT (p.id * 7919 + k * 104729) %% 3000000 AS scope) s
"""


@pytest.fixture
def stored(transactional_db) -> PolicyVersion:
    make_regions()
    load_regions()
    load_documents(actor=None)
    with connection.cursor() as cursor:
        one = make_person().pk
        cursor.execute("SET session_replication_role = replica")  # no audit of what nobody entered
        cursor.execute(PEOPLE, [PERSONS - 1, one])
        cursor.execute(SPELLS, [])
        cursor.execute(CLAIMS, [])
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("ANALYZE")
    return lowered(PolicyVersion.objects.get(name="tongliao-2023"))


def handed_over() -> float:
    """Seconds in which PostgreSQL hands the rows over and they are thrown away."""
    params = reading._params(CITY, "150599999999", 2023)
    start = time.perf_counter()
    query = f"COPY ({reading._SELECT} WHERE {reading._INSIDE}) TO STDOUT (FORMAT BINARY)"
    size = 0
    with connection.cursor() as cursor, cursor.cursor.copy(query, params) as copy:
        for data in copy:
            size += len(data)
    assert size > ROWS * 100
    return time.perf_counter() - start


class Phases:
    """Seconds spent inside functions, by name; slices are settled beside the rest."""

    def __init__(self, monkeypatch) -> None:
        self.seconds: dict[str, float] = {}
        for module, name in (
            (services, "read_claims"),
            (reading, "copied"),
            (reading, "_order"),
            (services, "read_spells"),
            (services, "text_of"),
            (reading.StoredClaims, "columns"),
            (figures, "settled_slice"),
            (figures, "add_slice"),
            (writing, "write"),
        ):
            monkeypatch.setattr(module, name, self._timed(name, getattr(module, name)))

    def _timed(self, name, function):
        def timed(*args, **kwargs):
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - start

        return timed


def test_a_trial_costs_little_more_than_handing_the_rows_over(stored, monkeypatch):
    city = Region.objects.get(pk=CITY)
    handed_over()
    if ROWS >= texts.COMPILE_FROM:
        from policies.engine.compiled import compiled_run

        compiled_run()
    given = {"actor": None, "version": stored, "baseline": None, "region": city, "year": 2023}
    services.run_trial(**given)  # the compiler's cache and PostgreSQL's are warm on both sides
    phases, took, floors = Phases(monkeypatch), [], []
    for _ in range(4):  # by turns, so that a busy machine slows both
        floors.append(handed_over())
        phases.seconds.clear()
        start = time.perf_counter()
        run = services.run_trial(**given)
        took.append(time.perf_counter() - start)
    floor = min(floors)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{run.claims:,} claims, {run.persons:,} persons, {run.lost:,} lose: {min(took):.2f} s")
    for name, seconds in phases.seconds.items():
        print(f"    {seconds:7.2f} s  {name}")
    print(f"binary COPY alone {floor:.2f} s; trial {min(took) / floor:.2f} × that; peak {peak} MB")
    assert run.claims == PERSONS * 10
    assert TrialRun.objects.get().lost == TrialPerson.objects.filter(gain__lt=0).count() > 0
    assert min(took) <= TIMES_COPY * floor
    assert peak <= MEMORY_MB
