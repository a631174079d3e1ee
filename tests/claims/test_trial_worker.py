"""A worker that is killed in the middle of a trial leaves no result; the trial run again gives it."""

import pytest
from django.db import connection

from accounts.models import Job, Region
from accounts.services import load_regions
from accounts.vocabulary import Role
from claims.trials.models import TrialPerson, TrialRun
from claims.trials.services import start_trial
from policies.models import PolicyVersion
from policies.services import load_documents
from tests.claims.makers import make_person, make_spell, record
from tests.claims.test_trials import CITY, lowered
from tests.factories import make_regions, make_user
from tests.worker import wait_until

pytestmark = pytest.mark.worker


def test_killed_while_it_reads(workers):
    """The claims are locked from outside, so that the worker dies inside its reading."""
    make_regions()
    load_regions()
    load_documents(actor=None)
    poor = make_person()
    make_spell(poor, "subsistence")
    record(poor, "2023-03-01", 10_000, 4_000)
    given = {
        "actor": make_user(Role.POLICY_OFFICER),
        "version": lowered(PolicyVersion.objects.get(name="tongliao-2023")),
        "baseline": None,
        "region": Region.objects.get(pk=CITY),
        "year": 2023,
    }
    doomed = workers()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE claims_claim IN ACCESS EXCLUSIVE MODE")
        first = start_trial(**given)
        wait_until(lambda: Job.objects.get(pk=first.job_id).state == Job.State.RUNNING, what="not begun")
        doomed.kill()
        cursor.execute("ROLLBACK")
    other.close()
    assert TrialRun.objects.get().finished_at is None
    assert not TrialPerson.objects.exists()

    workers()
    again = start_trial(**given)
    wait_until(lambda: Job.objects.get(pk=again.job_id).state == Job.State.DONE, what="not completed")
    run = TrialRun.objects.get()
    assert (run.pk, run.changed_claims, run.lost) == (first.pk, 1, 1)
    assert TrialPerson.objects.count() == 1
