"""A worker that is killed in the middle of a confirmation leaves nothing, and a second run completes it."""

import pytest
from django.db import connection

from accounts.models import Job
from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell, Person
from exchange import services
from exchange.models import InboundFile
from tests.beneficiaries.rosters import line, receive, roster
from tests.factories import make_regions, make_user
from tests.worker import wait_until

pytestmark = pytest.mark.worker
ROWS = 40


def test_killed_while_it_confirms(workers):
    """The register's lock is held from outside, so that the worker dies inside its transaction."""
    make_regions()
    actor = make_user(Role.CASE_WORKER)
    doomed = workers()
    file = receive(roster(*(line(n) for n in range(ROWS))), actor=actor)
    services.start_preparing(file=file, actor=actor, url="/")
    wait_until(lambda: InboundFile.objects.get().state == InboundFile.State.READY, what="not compared")

    file.refresh_from_db()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('roster civil_affairs', 0))")
        job = services.start_confirming(file=file, actor=actor, url="/")
        wait_until(lambda: Job.objects.get(pk=job.pk).state == Job.State.RUNNING, what="not begun")
        doomed.kill()
        cursor.execute("SELECT pg_advisory_unlock_all()")
    other.close()
    assert (Person.objects.count(), CategorySpell.objects.count()) == (0, 0)
    assert InboundFile.objects.get().state == InboundFile.State.READY

    workers()
    again = services.start_confirming(file=InboundFile.objects.get(), actor=actor, url="/")
    wait_until(lambda: Job.objects.get(pk=again.pk).state == Job.State.DONE, what="not completed")
    assert (Person.objects.count(), CategorySpell.objects.count()) == (ROWS, ROWS)
