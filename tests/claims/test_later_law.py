"""A version published with a past date, and the tasks that settle again: what they find is what a request finds."""

import hashlib
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.jobs import create_job
from accounts.models import Region
from accounts.vocabulary import Role
from claims.errors import NotAllowed
from claims.later import services, tasks
from claims.later.models import Cause, LaterFact, Resettlement, YearEnd
from claims.models import Claim
from policies import drafting, selectors
from policies.models import PolicyVersion
from tests.claims.makers import COUNTY, fen, make_person, make_spell, now, record
from tests.claims.test_trials import RULE
from tests.factories import make_user

pytestmark = pytest.mark.django_db
YANGCHENG = "140522000000"


def published(policy: PolicyVersion, region: str, first: date) -> PolicyVersion:
    """低保对象 and 返贫致贫人口 in hospital get 50 % instead of 70 % (S1-12) in one region, from a day on."""
    body = policy.body.replace(RULE.format(70), RULE.format(50))
    assert body != policy.body
    return PolicyVersion.objects.create(
        policy=policy.policy,
        name=f"{policy.name}-{region[:6]}",
        title=policy.title,
        region_id=region,
        validity=selectors.days(first, None),
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        state=PolicyVersion.State.PUBLISHED,
        published_at=timezone.now(),
    )


def test_a_version_with_a_past_date_makes_the_years_wait_that_it_governs(law):
    people = [make_person(), make_person(), make_person(region="150522000000")]
    for person in people:
        make_spell(person, "subsistence")
    early, hit, elsewhere = (
        record(person, day, 10_000, 4_000)
        for person, day in zip(people, ("2023-03-01", "2023-05-01", "2023-05-02"), strict=True)
    )
    before = {claim.pk: now(claim).assistance for claim in (early, hit, elsewhere)}
    version = published(PolicyVersion.objects.get(name="tongliao-2023"), COUNTY, date(2023, 4, 1))
    worker = make_user(Role.CASE_WORKER, username="prepares")
    far = make_user(Role.CASE_WORKER, username="far", region=YANGCHENG)
    with pytest.raises(NotAllowed):
        services.record_version(actor=far, version=version)
    assert [services.record_version(actor=worker, version=version) for _ in range(2)] == [1, 0]
    (fact,) = LaterFact.objects.all()
    assert (fact.person_id, fact.year, fact.since, fact.cause) == (people[1].pk, 2023, date(2023, 5, 1), "policy")
    case = services.prepare(actor=worker, region=Region.objects.get(pk=COUNTY), cause=Cause.POLICY)
    (line,) = case.lines.all()
    assert (line.new_version_id, line.old_assistance, line.new_assistance) == (version.pk, fen(4_200), fen(3_000))
    services.confirm(actor=make_user(Role.REVIEWER, username="confirms"), case=case)
    assert (now(hit).assistance, now(hit).version_id) == (fen(3_000), version.pk)
    assert {claim.pk: now(claim).assistance for claim in (early, elsewhere)} == {
        claim.pk: before[claim.pk] for claim in (early, elsewhere)
    }
    assert services.record_version(actor=worker, version=version) == 0


def test_publishing_with_a_past_date_is_held_against_settled_years_by_the_worker(
    law, monkeypatch, django_capture_on_commit_callbacks
):
    person = make_person()
    make_spell(person, "subsistence")
    record(person, "2023-05-01", 10_000, 4_000)
    version = published(PolicyVersion.objects.get(name="tongliao-2023"), COUNTY, date(2023, 4, 1))
    asked = []
    monkeypatch.setattr(services.current_app, "send_task", lambda name, args, **_more: asked.append((name, args)))
    assert services.version_published in drafting._listeners
    with django_capture_on_commit_callbacks(execute=True):
        services.version_published(version)
    assert asked == [("claims.version_published", [version.pk])]
    assert [tasks.version_published(version.pk) for _again in range(2)] == [1, 0]
    assert LaterFact.objects.get().cause == Cause.POLICY
    version.validity = selectors.days(timezone.localdate() + timedelta(days=1), None)
    with django_capture_on_commit_callbacks(execute=True):
        services.version_published(version)
    assert len(asked) == 1, "what begins tomorrow governs nothing that was settled"


def test_the_worker_computes_and_books_a_large_case_and_run_again_does_nothing(law, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 0)  # as if the case had too many years for a request
    person = make_person()
    claim = record(person, "2023-05-10", 60_000, 20_000)
    worker, reviewer = (make_user(role, username=role) for role in (Role.CASE_WORKER, Role.REVIEWER))
    services.propose_reversal(actor=worker, claims=[claim], reason="平台退费")
    case = services.prepare(actor=worker, region=Region.objects.get(pk=COUNTY), cause=Cause.REVERSAL)
    assert (case.state, case.job.kind) == (Resettlement.State.COMPUTING, "resettlement")
    tasks.resettle(case.pk, case.job_id)
    case.refresh_from_db()
    assert (case.state, case.claims) == (Resettlement.State.PREPARED, 1)
    case = services.confirm(actor=reviewer, case=case)
    assert case.state == Resettlement.State.CONFIRMING
    for _again in range(2):
        tasks.resettle(case.pk, case.job_id)
    case.refresh_from_db()
    assert case.state == Resettlement.State.CONFIRMED
    assert case.adjustments.count() == len({one.tier for one in case.adjustments.all()}) > 0
    assert Claim.objects.get().reversed_at is not None


def test_s4_06_the_run_at_year_end_on_the_worker_pays_once(law):
    person = make_person(region=YANGCHENG)
    make_spell(person, "subsistence")
    record(person, "2023-05-10", 3_000, 1_000, service="chronic", chronic_management="annual")
    place = Region.objects.get(pk=YANGCHENG)
    for _again in range(2):
        job = create_job(kind="year_end", title="2023", region=place, actor=None)
        tasks.year_end(YANGCHENG, 2023, job.pk)
    (made,) = YearEnd.objects.all()
    assert (made.person_id, made.base) == (person.pk, fen(2_000))
    assert made.paid > 0


def test_one_claim_in_a_request_takes_twelve_queries_at_most(law):
    """A year with claims, spells and a state to go on from; the law itself is read from the database each time."""
    person = make_person()
    make_spell(person, "subsistence")
    for n in range(3):
        record(person, (date(2023, 6, 1) + timedelta(days=n)).isoformat(), 900 + n, 100)
    for day in ("2023-07-30", "2023-05-01"):  # in order, and before all the others
        with CaptureQueriesContext(connection) as queries:
            record(person, day, 1_000, 100)
        asked = [one["sql"] for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        assert len(asked) <= 12 + 3 * (day < "2023-06-01"), "\n".join(asked)
