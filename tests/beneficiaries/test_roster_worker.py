"""A worker that is killed in the middle of a confirmation leaves nothing, and a second run completes it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Job
from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell, Person
from exchange import services, tasks
from exchange.models import InboundFile
from tests.beneficiaries.rosters import line, receive, roster
from tests.factories import make_regions, make_user
from tests.worker import wait_until

pytestmark = pytest.mark.worker
ROWS = 40


def test_killed_while_it_confirms(workers, client):
    """The register's lock is held from outside, so that the worker dies inside its transaction. Who uploaded the file
    sees at once that the work stopped, and may try again; the same task delivered later is not done twice."""
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
        client.force_login(actor)
        page, poll = reverse("exchange:file", args=[file.pk]), reverse("accounts:job", args=[job.pk])
        Job.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(seconds=3))
        assert "进行中" in client.get(poll, headers={"HX-Request": "true"}).content.decode()
        doomed.kill()
        wait_until(lambda: "后台进程中途停止" in client.get(page).content.decode(), what="not noticed")
        assert "确认写入登记簿" in client.get(page).content.decode()
        cursor.execute("SELECT pg_advisory_unlock_all()")
    other.close()
    assert (Person.objects.count(), CategorySpell.objects.count()) == (0, 0)
    assert InboundFile.objects.get().state == InboundFile.State.READY

    workers()
    tasks.confirm_inbound(file.pk, job.pk)
    assert InboundFile.objects.get().state == InboundFile.State.READY
    again = services.start_confirming(file=InboundFile.objects.get(), actor=actor, url="/")
    wait_until(lambda: Job.objects.get(pk=again.pk).state == Job.State.DONE, what="not completed")
    assert (Person.objects.count(), CategorySpell.objects.count()) == (ROWS, ROWS)
