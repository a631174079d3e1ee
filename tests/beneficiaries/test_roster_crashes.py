"""A process that dies while it works on a roster, and two people with the same file at once."""

import os
import signal
import threading

import pytest
from django.db import connection, connections

from accounts.vocabulary import Role
from exchange import services as exchange
from exchange.models import InboundFile
from tests.beneficiaries.rosters import JUNE, line, outcomes, prepare, receive, register, roster, send
from tests.factories import make_regions, make_user

pytestmark = pytest.mark.django_db(transaction=True)
State = InboundFile.State
MAY_ROWS = [line(n) for n in range(1, 21)]
JUNE_ROWS = [*MAY_ROWS[2:], line(1, category="特困人员", valid_from="2023-06-01"), line(30, region="150522100000")]


def dies(work, file: InboundFile, at: int) -> bool:
    """Runs the step in a process of its own that gets SIGKILL at its report number `at`; False when it came to none."""
    connections.close_all()  # the two processes must not share one
    child = os.fork()
    if child == 0:
        reports = []

        def progress(step, done, total):
            reports.append(step)
            if len(reports) > at:
                os.kill(os.getpid(), signal.SIGKILL)

        work(file_id=file.pk, actor=None, progress=progress)
        connection.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_killed_at_every_step_nothing_is_left_and_the_next_run_completes():
    make_regions()
    send(roster(*MAY_ROWS))
    before, file = register(), receive(roster(*JUNE_ROWS), month=JUNE)
    for at in range(4):
        assert dies(exchange.prepare_file, file, at), at
        file.refresh_from_db()
        assert (file.state, file.rows.count(), file.counts) == (State.RECEIVED, 0, {})
    file = exchange.prepare_file(file_id=file.pk)
    compared = outcomes(file)
    at = 0
    while dies(exchange.confirm_file, file, at):
        assert (register(), outcomes(file)) == (before, compared), at
        assert InboundFile.objects.get(pk=file.pk).state == State.READY
        at += 1
    assert at >= 5  # the last of them after everything was written, before it was committed
    assert InboundFile.objects.get(pk=file.pk).state == State.CONFIRMED
    # One newcomer in a household of the own; three spells cut or closed leave their past beside the new ones.
    assert [len(rows) for rows in register().values()] == [21, 8, 24]
    exchange.undo_file(file_id=file.pk, actor=None)
    assert register() == before


def test_two_people_with_the_same_file_at_once_send_one():
    make_regions()
    people = [make_user(Role.CASE_WORKER, username=name) for name in ("first", "second")]
    gate, files, wrong = threading.Barrier(2), [], []

    def work(actor):
        try:
            gate.wait(10)
            file = receive(roster(*MAY_ROWS), actor=actor)
            exchange.prepare_file(file_id=file.pk, actor=actor)
            files.append(exchange.confirm_file(file_id=file.pk, actor=actor))
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[actor]) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert {file.pk for file in files} == {InboundFile.objects.get().pk}
    assert [len(rows) for rows in register().values()] == [20, 7, 20]
    assert InboundFile.objects.get().confirmed_by in people
    assert prepare(roster(*MAY_ROWS)).state == State.CONFIRMED
