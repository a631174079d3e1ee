"""Pushing a month's warnings to eight receivers: from the click until the last part is acknowledged, warnings a second.

    python -m pytest -n 0 -s tests/benchmarks/bench_push.py     (warnings: TUODI_BENCH_WARNINGS, default 100,000)

Four counties, each telling civil affairs and rural revitalization; every warning goes to both. Real workers, broker,
HTTPS with signatures, parts as large as a partner takes by default. Closing the lists (reading, decrypting, writing the
encrypted file, follow-ups, history) is part of the time; raising the warnings is not.
"""

import os
import time

import pytest
from django.db import connection

from accounts.models import Region
from accounts.vocabulary import Department
from beneficiaries.models import Person, id_key, tail_key
from exchange import deliveries, partners
from exchange.models import Delivery
from monitoring import services
from monitoring.models import BurdenWarning, DeliveredWarning
from tests.factories import make_regions
from tests.monitoring.conftest import load_law
from tests.monitoring.makers import DAY, number
from tests.worker import wait_until

WARNINGS = int(os.environ.get("TUODI_BENCH_WARNINGS", "100000"))
A_SECOND = 2000
COUNTIES = ("150502000000", "150521000000", "150522000000", "150523000000")
DEPARTMENTS = (Department.CIVIL_AFFAIRS, Department.RURAL_REVITALIZATION)
pytestmark = pytest.mark.worker

# Everyone is over a line.
MAKE = (
    """INSERT INTO claims_personyear (person_id, year, region_id, state, claims, total, in_scope, basic_paid, cii_paid,
                                       assistance, out_of_catalogue_assistance, top_up, in_scope_burden,
                                       personal_burden, measure, last_settled_on, last_claim_no)
       SELECT id, 2023, region_id, '{}', 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1100000 + id %% 2000000, %(day)s, ''
       FROM beneficiaries_person""",
    """INSERT INTO beneficiaries_categoryspell (person_id, category, department, region_id, valid_from, exit_reason,
                                                household, relation, known_from)
       SELECT id, 'subsistence_margin', 'civil_affairs', region_id, '2022-01-01', '', '', '', now()
       FROM beneficiaries_person""",
)


def fill() -> None:
    def make(at: int) -> Person:
        one = number(at % 1000, f"1505{at // 60000 % 100:02}{1950 + at // 1000 % 60}0101")
        return Person(
            id_number=one,
            id_key=id_key(one),
            tail_key=tail_key(one),
            name="乌云其其格",
            region_id=COUNTIES[at % len(COUNTIES)],
            rural=True,
            phone="13900000000",
        )

    with connection.cursor() as cursor:
        for table in ("beneficiaries_person", "beneficiaries_categoryspell"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        Person.objects.bulk_create((make(at) for at in range(WARNINGS)), batch_size=5000)
        for statement in MAKE:
            cursor.execute(statement, {"day": DAY})
        for table in ("beneficiaries_person", "beneficiaries_categoryspell"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("ANALYZE")


def test_a_month_to_eight_receivers(workers, receivers):
    make_regions()
    load_law()
    fill()
    ears = []
    for code in COUNTIES:
        region = Region.objects.get(pk=code)
        services.scan_region(region=region, on=DAY, actor=None)
        for department in DEPARTMENTS:
            partner = deliveries.partner_of(department=department, region=region)
            ear = receivers()
            partner = partners.save_partner(
                actor=None, organisation=partner.organisation, channel="webhook", url=ear.url
            )
            ear.secret = partners.rotate_secret(actor=None, partner=partner).secret
            ears.append(ear)
    assert BurdenWarning.objects.filter(state="open").count() == WARNINGS
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE monitoring_burdenwarning")
    workers(DELIVERY_LEASE_SECONDS="60", WEBHOOK_TIMEOUT_SECONDS="30")
    start = time.perf_counter()
    for code in COUNTIES:
        services.start_push(region=Region.objects.get(pk=code), month=DAY.replace(day=1), actor=None, url="")
    wait_until(lambda: Delivery.objects.count() == len(ears), 300, "the lists were not closed")
    closed = time.perf_counter() - start
    wait_until(lambda: Delivery.objects.filter(state="acknowledged").count() == len(ears), 300, "not all went")
    taken = time.perf_counter() - start
    rows = sum(len(payload["data"]["warnings"]) for ear in ears for payload in ear.applied.values())
    calls = sum(len(ear.calls) for ear in ears)
    print(
        f"\n{WARNINGS:,} warnings, each to two of {len(ears)} receivers: {rows:,} rows in {calls} calls"
        f"\nlists closed after {closed:.1f} s, all acknowledged after {taken:.1f} s"
        f"\n{WARNINGS / taken:,.0f} warnings a second, {rows / taken:,.0f} rows a second"
    )
    assert rows == 2 * WARNINGS == DeliveredWarning.objects.count()
    assert all(call.verified for ear in ears for call in ear.calls)
    assert calls == sum(one.parts for one in Delivery.objects.defer("body")), "no part went twice"
    assert WARNINGS / taken >= A_SECOND
