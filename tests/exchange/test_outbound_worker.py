"""Deliveries with a real worker, broker and HTTPS receiver: at least once with one id, whatever dies in between."""

import pytest
from django.utils import timezone

from accounts.vocabulary import Department
from exchange import deliveries
from exchange.models import Delivery
from tests.exchange.outbound import make_delivery, make_partner
from tests.factories import make_regions
from tests.worker import wait_until

State = Delivery.State
pytestmark = pytest.mark.worker


def reaches(delivery, state, seconds=20.0):
    wait_until(
        lambda: Delivery.objects.get(pk=delivery.pk).state == state,
        seconds,
        f"{Delivery.objects.get(pk=delivery.pk).state} {Delivery.objects.get(pk=delivery.pk).last_error}",
    )
    return Delivery.objects.get(pk=delivery.pk)


def test_what_is_committed_is_sent_by_the_worker_at_once(worker, receiver):
    make_regions()
    delivery = make_delivery(make_partner(receiver), rows=2)
    done = reaches(delivery, State.ACKNOWLEDGED)
    assert done.receipt == "R-1"
    assert list(receiver.applied) == [f"{delivery.pk}:1"]
    assert all(call.verified for call in receiver.calls)


def test_a_failing_partner_is_tried_again_by_the_worker_until_it_answers(worker, receiver):
    make_regions()
    receiver.answers.extend([500, 503])
    delivery = make_delivery(make_partner(receiver))
    done = reaches(delivery, State.ACKNOWLEDGED)
    assert [c.status for c in receiver.calls] == [500, 503, 200]
    assert {c.id for c in receiver.calls} == {f"{delivery.pk}:1"}
    assert (done.attempts, done.last_error) == (3, "")


def test_after_the_last_try_it_is_parked_and_resent_from_there(worker, receiver):
    make_regions()
    receiver.answers.extend([500] * 3)
    delivery = make_delivery(make_partner(receiver))
    parked = reaches(delivery, State.PARKED)
    assert "500" in parked.last_error
    assert len(receiver.calls) == 3
    deliveries.resend(actor=None, delivery=parked)
    reaches(delivery, State.ACKNOWLEDGED)
    assert len(receiver.applied) == 1


def test_a_partner_that_is_down_does_not_hold_another_up(worker, receivers):
    make_regions()
    dead, slow, well = receivers(), receivers(), receivers()
    partners = [
        make_partner(dead, department=Department.TAX),
        make_partner(slow, department=Department.HEALTH),
        make_partner(well, department=Department.CIVIL_AFFAIRS),
    ]
    dead.down()
    slow.gate.clear()  # takes the call and does not answer
    stuck = [make_delivery(partner) for partner in partners[:2] for _ in range(3)]
    well_off = [make_delivery(partners[2]) for _ in range(4)]
    for delivery in well_off:
        reaches(delivery, State.ACKNOWLEDGED)
    assert not any(Delivery.objects.get(pk=d.pk).state == State.ACKNOWLEDGED for d in stuck)
    slow.gate.set()
    dead.up()
    for delivery in stuck:
        if Delivery.objects.get(pk=delivery.pk).state == State.PARKED:
            deliveries.resend(actor=None, delivery=delivery)
        reaches(delivery, State.ACKNOWLEDGED)
    assert len(dead.applied) == len(slow.applied) == 3


def test_a_worker_killed_between_sending_and_recording_sends_the_same_id_again(workers, receiver):
    make_regions()
    first = workers()
    receiver.gate.clear()
    delivery = make_delivery(make_partner(receiver))
    receiver.wait()
    assert Delivery.objects.get(pk=delivery.pk).state == State.SENDING
    first.kill()
    receiver.gate.set()
    assert Delivery.objects.get(pk=delivery.pk).state == State.SENDING, "nobody recorded the answer"
    workers()
    wait_until(lambda: deliveries.due(timezone.now()).exists(), what="the lease did not run out")
    deliveries.kick()
    done = reaches(delivery, State.ACKNOWLEDGED)
    assert [c.id for c in receiver.calls] == [f"{delivery.pk}:1"] * 2
    assert len(receiver.applied) == 1, "the receiver drops the repeat"
    assert done.attempts == 2
    assert [(a.attempt, a.status) for a in done.tries.all()] == [(2, 200)]
