"""The list of applications over 200,000 of them: queries and time in the database, measured for one county.

python -m pytest -n 0 -s tests/benchmarks/bench_cases.py        (rows: TUODI_BENCH_CASES, default 200,000)
"""

import os
import statistics
from functools import partial

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import load_regions
from accounts.vocabulary import Role
from accounts.waiting import counted
from assistance.models import Application
from assistance.selectors import lists, waiting
from assistance.views.listing import Applications, Queue
from policies import selectors as law
from policies.services import load_documents
from tests.claims.makers import make_person
from tests.factories import COUNTIES, make_organisation, make_regions, make_user

ROWS = int(os.environ.get("TUODI_BENCH_CASES", "200000"))
P95_MS = 50.0
BOARD_MS = 150.0  # a city's board counts all that is open, 70,000 of these
MAX_QUERIES = 10

FILL = """
INSERT INTO assistance_application (number, person_id, region_id, kind, rule, clauses, version_id, category, applied_on,
    reason, consent, origin, state, since, due_on, clock, revision, round, registrar_id, office_id, enterers, checkers,
    past_reviewers, created_at)
SELECT 'SQ-BENCH-' || n, %(person)s, (%(counties)s::text[])[1 + n %% 8],
    CASE WHEN n %% 3 = 0 THEN 'case' ELSE 'eligibility' END, '依申请救助资格', '{S1-19}', %(version)s,
    'subsistence_margin', %(day)s::date - (n %% 700), '住院费用负担重', true, '',
    (%(states)s::text[])[1 + n / 8 %% 20], now(),
    CASE WHEN n / 8 %% 20 BETWEEN 1 AND 6 THEN %(day)s::date + (n %% 15 - 4) END,
    '{}', 3, 1, %(user)s, %(office)s, ARRAY[%(user)s], '{}', '{}', now()
FROM generate_series(1, %(rows)s) AS n
"""
# Of twenty, one is a draft, six are being worked on, the rest is done: as after some years.
STATES = (
    ["draft", "submitted", "checking", "checking", "reviewing", "panel", "approved"] + ["closed"] * 12 + ["rejected"]
)


@pytest.fixture
def filled(db):
    make_regions()
    load_regions()
    load_documents(actor=None)
    worker = make_user(Role.CASE_WORKER, region="150521000000")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no audit rows for made-up cases
        cursor.execute(
            FILL,
            {
                "person": make_person().pk,
                "counties": list(COUNTIES),
                "version": law.version_on("150521000000", timezone.localdate()).pk,
                "day": timezone.localdate(),
                "states": STATES,
                "user": make_user(Role.CLERK, username="bench", region="150521100000").pk,
                "office": make_organisation(region="150521000000").pk,
                "rows": ROWS,
            },
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE assistance_application")
    return worker


def timed(read, times: int = 40) -> tuple[int, float, float]:
    """Queries of one reading; median and 95th percentile of its time in the database, in milliseconds."""
    read()
    spent = []
    for _ in range(times):
        with CaptureQueriesContext(connection) as seen:
            read()
        spent.append(sum(float(query["time"]) for query in seen) * 1000)
    spent.sort()
    return len(seen), statistics.median(spent), spent[int(len(spent) * 0.95) - 1]


def page_of(view, user, query: str = ""):
    """What the list itself asks for: the rows of the page, the capped count, its filters' choices."""
    request = RequestFactory().get(f"/assistance/{query}")
    request.user = user

    def read():
        page = view(request=request)
        page.setup(request)
        listing = page.listing()
        assert listing.page.rows
        if listing.filters:
            for field in listing.filters.visible_fields():
                str(field)

    return read


def test_lists_of_200_thousand(filled):
    city = make_user(Role.CASE_WORKER, region="150500000000")
    pages = {
        "county list": page_of(Applications, filled),
        "county list, state": page_of(Applications, filled, "?state=checking"),
        "county list, late": page_of(Applications, filled, "?late=on"),
        "county list, by day": page_of(Applications, filled, "?sort=due_on"),
        "county queue": page_of(Queue, filled),
        "city list": page_of(Applications, city),
        "city queue": page_of(Queue, city),
        "county board": lambda: lists.board(filled),
        "city board": lambda: lists.board(city),
    }
    for role in (Role.CASE_WORKER, Role.REVIEWER, Role.CLERK, Role.SUPERVISOR, Role.FUND_OFFICER, Role.PANEL_MEMBER):
        user = filled if role == Role.CASE_WORKER else make_user(role, username=f"b-{role}", region="150521000000")
        pages[f"county workbench, {role}"] = partial(lambda who: counted(who, waiting(who)), user)
        print(f"{role}: {[(str(line.label), line.count) for line in counted(user, waiting(user))]}")
    assert Application.objects.count() == ROWS
    slow = {}
    for name, read in pages.items():
        queries, median, p95 = timed(read)
        print(f"{name:32} {queries} queries, median {median:6.1f} ms, p95 {p95:6.1f} ms")
        if queries > MAX_QUERIES or p95 > (BOARD_MS if name == "city board" else P95_MS):
            slow[name] = (queries, p95)
    assert not slow
