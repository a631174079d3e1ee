"""Deliveries: their table of states, retries, parking, leases; in this process, against a real receiver."""

import hashlib
from datetime import timedelta

import pgtrigger
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.vocabulary import Department, Role
from exchange import deliveries, partners, webhooks
from exchange.models import Delivery, DeliveryAttempt, Partner
from tests.exchange.outbound import make_delivery, make_partner
from tests.factories import make_user

State = Delivery.State
ACTIONS = sorted({what for _, what in deliveries.MOVES})
pytestmark = pytest.mark.usefixtures("tongliao")


def send(delivery):
    """Makes it due and sends it once."""
    Delivery.objects.filter(pk=delivery.pk, next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
    return deliveries.deliver(delivery_id=delivery.pk)


def fresh(delivery):
    return Delivery.objects.defer("body").get(pk=delivery.pk)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("what", ACTIONS)
def test_a_delivery_moves_by_the_table_and_no_other_way(state, what):
    delivery = Delivery(number="n", state=state)
    following = deliveries.MOVES.get((state, what))
    if following:
        deliveries.move(delivery, what)
        assert delivery.state == following
    else:
        with pytest.raises(deliveries.DeliveryError, match=str(state.label)):
            deliveries.move(delivery, what)


def test_every_state_can_be_reached_and_only_the_end_is_final():
    assert {*deliveries.MOVES.values(), State.WAITING} == set(State)
    assert set(State) - {start for start, _ in deliveries.MOVES} == {State.ACKNOWLEDGED}


def test_an_acknowledged_delivery_keeps_receipt_times_and_the_call(receiver):
    delivery = make_delivery(make_partner(receiver), rows=3)
    assert (delivery.number, delivery.state) == ("warnings-150500-civil_affairs-2023-05-1", State.WAITING)
    send(delivery)
    done = fresh(delivery)
    assert (done.state, done.receipt, done.last_error, done.attempts) == (State.ACKNOWLEDGED, "R-1", "", 1)
    assert done.sent_at == done.acknowledged_at is not None
    assert done.next_attempt_at is None
    data = receiver.applied[f"{delivery.pk}:1"]["data"]
    assert (data["delivery"], data["rows"], data["month"]) == (delivery.number, 3, "2023-05")
    assert [row["warning_no"] for row in data["warnings"]] == ["YJ001", "YJ002", "YJ003"]
    assert [(a.part, a.status, a.error) for a in done.tries.all()] == [(1, 200, "")]
    assert send(delivery) is None, "what is acknowledged is not sent again"
    assert len(receiver.calls) == 1


def test_the_hash_is_that_of_the_file_and_the_file_reads_back():
    delivery = make_delivery(make_partner(), rows=2)
    stored = fresh(delivery)
    assert stored.sha256 == hashlib.sha256(deliveries.file_bytes(stored)).hexdigest()
    assert deliveries.file_bytes(stored).startswith(b"\xef\xbb\xbfwarning_no,name\r\n")
    assert deliveries.read_rows(stored)[1] == {"warning_no": "YJ002", "name": "扎西·次仁"}


def test_a_long_list_goes_in_parts_and_goes_on_where_it_stopped(receiver):
    partner = make_partner(receiver, batch_size=4)
    delivery = make_delivery(partner, rows=10)
    receiver.answers.extend([200, 503])
    send(delivery)
    half = fresh(delivery)
    assert (half.state, half.parts_done, half.parts) == (State.WAITING, 1, 3)
    Partner.objects.update(batch_size=100)  # a part stays the same at every attempt
    send(delivery)
    assert fresh(delivery).state == State.ACKNOWLEDGED
    assert [c.id.partition(":")[2] for c in receiver.calls] == ["1", "2", "2", "3"]
    assert [row["warning_no"] for row in receiver.rows] == [f"YJ{i:03}" for i in range(1, 11)]
    assert receiver.calls[1].payload == receiver.calls[2].payload


def test_an_empty_list_is_sent_too(receiver):
    delivery = make_delivery(make_partner(receiver), rows=0)
    send(delivery)
    assert fresh(delivery).state == State.ACKNOWLEDGED
    assert receiver.calls[0].payload["data"]["warnings"] == []


def test_failures_are_retried_with_growing_varied_pauses_then_parked(receiver, settings):
    settings.DELIVERY_PAUSES_SECONDS = [10, 100, 1000]
    delivery = make_delivery(make_partner(receiver))
    receiver.answers.extend([503] * 4)
    pauses = []
    for _ in range(3):
        before = timezone.now()
        send(delivery)
        row = fresh(delivery)
        assert (row.state, "503" in row.last_error) == (State.WAITING, True)
        pauses.append((row.next_attempt_at - before).total_seconds())
    for pause, wanted in zip(pauses, settings.DELIVERY_PAUSES_SECONDS, strict=True):
        assert 0.8 * wanted <= pause <= 1.2 * wanted + 2
    send(delivery)
    parked = fresh(delivery)
    assert (parked.state, parked.attempts, parked.next_attempt_at) == (State.PARKED, 4, None)
    assert "503" in parked.last_error
    assert send(delivery) is None, "parked: it waits for a person"


def test_a_partner_that_says_when_is_not_called_before(receiver, monkeypatch):
    delivery = make_delivery(make_partner(receiver))
    waiting = webhooks.Answer(429, "对方应答 429", again=True, wait=5000)
    monkeypatch.setattr(webhooks, "call", lambda *args, **more: waiting)
    send(delivery)
    assert fresh(delivery).next_attempt_at > timezone.now() + timedelta(seconds=4900)


def test_a_refusal_is_parked_at_once_and_resent_with_all_tries(receiver):
    delivery = make_delivery(make_partner(receiver))
    receiver.answers.append(410)
    send(delivery)
    assert (fresh(delivery).state, fresh(delivery).attempts) == (State.PARKED, 1)
    again = deliveries.resend(actor=None, delivery=delivery)
    assert (again.state, again.attempts) == (State.WAITING, 0)
    send(delivery)
    assert fresh(delivery).state == State.ACKNOWLEDGED
    assert {c.id for c in receiver.calls} == {f"{delivery.pk}:1"}, "the same id each time"
    with pytest.raises(deliveries.DeliveryError):
        deliveries.resend(actor=None, delivery=fresh(delivery))


def test_an_error_of_our_own_ends_where_a_person_sees_it(receiver, settings, caplog):
    settings.DELIVERY_PAUSES_SECONDS = []
    delivery = make_delivery(make_partner(receiver))
    with pgtrigger.ignore("exchange.Delivery:content_is_frozen"):
        Delivery.objects.filter(pk=delivery.pk).update(body=b"\x02k1 not a cipher text of ours at all")
    send(delivery)
    assert fresh(delivery).state == State.PARKED
    assert "系统日志" in fresh(delivery).last_error
    assert delivery.number in caplog.text


def test_a_lease_that_ran_out_is_taken_by_another_and_the_late_answer_changes_nothing(receiver, monkeypatch):
    delivery = make_delivery(make_partner(receiver))
    real = webhooks.call
    seen = []

    def slow(*args, **more):
        seen.append(more["message_id"])
        if len(seen) == 1:
            assert deliveries.deliver(delivery_id=delivery.pk) is None, "held by a lease"
            Delivery.objects.update(next_attempt_at=timezone.now())
            other = deliveries.deliver(delivery_id=delivery.pk)  # another worker, in the middle of our call
            assert other.state == State.ACKNOWLEDGED
            return webhooks.Answer(500, "too late", again=True)
        return real(*args, **more)

    monkeypatch.setattr(webhooks, "call", slow)
    assert send(delivery) is None
    assert fresh(delivery).state == State.ACKNOWLEDGED
    assert seen == [f"{delivery.pk}:1"] * 2
    assert sorted(a.status for a in DeliveryAttempt.objects.all()) == [200, 500]


def test_a_sender_that_dies_every_time_does_not_try_for_ever(receiver, settings):
    settings.DELIVERY_PAUSES_SECONDS = [0.1]
    delivery = make_delivery(make_partner(receiver))
    for _ in range(3):
        Delivery.objects.update(next_attempt_at=timezone.now())
        taken = deliveries._take(delivery.pk)
    assert taken.state == fresh(delivery).state == State.PARKED
    assert "中断" in fresh(delivery).last_error


def test_partners_do_not_wait_for_each_other_and_each_has_one_on_the_way(receivers):
    slow, quick = make_partner(receivers()), make_partner(receivers(), department=Department.RURAL_REVITALIZATION)
    first, second = make_delivery(slow), make_delivery(slow)
    other = make_delivery(quick)
    assert {d.pk for d in deliveries.due(timezone.now())} == {first.pk, other.pk}
    assert deliveries._take(first.pk).state == State.SENDING
    assert {d.pk for d in deliveries.due(timezone.now())} == {other.pk}
    assert deliveries._take(second.pk) is None
    Partner.objects.filter(pk=quick.pk).update(active=False)
    assert not deliveries.due(timezone.now()).exists()
    assert send(other) is None, "an inactive partner is not called"


def test_due_takes_one_query(receiver, django_assert_num_queries):
    make_delivery(make_partner(receiver))
    with django_assert_num_queries(1):
        assert len(deliveries.due(timezone.now())) == 1


def test_the_portal_is_ready_at_once_and_fetching_is_the_receipt():
    delivery = make_delivery(make_partner())
    assert (delivery.state, delivery.next_attempt_at) == (State.SENT, None)
    bureau = make_user(Role.CASE_WORKER)
    assert deliveries.acknowledge_fetch(actor=bureau, delivery=delivery).state == State.SENT
    liaison = make_user(Role.LIAISON)
    done = deliveries.acknowledge_fetch(actor=liaison, delivery=delivery)
    assert (done.state, done.receipt) == (State.ACKNOWLEDGED, "测试部门联络员 下载")
    assert deliveries.acknowledge_fetch(actor=liaison, delivery=delivery).acknowledged_at == done.acknowledged_at


def test_a_delivery_that_failed_can_go_to_the_portal_instead(receiver):
    partner = make_partner(receiver)
    delivery = make_delivery(partner)
    receiver.answers.append(404)
    send(delivery)
    partners.save_partner(actor=None, organisation=partner.organisation, channel="portal")
    deliveries.resend(actor=None, delivery=delivery)
    send(delivery)
    assert fresh(delivery).state == State.SENT


def test_a_partner_by_signed_calls_needs_an_address_that_may_be_called(settings):
    settings.WEBHOOK_TRIAL = False
    organisation = make_partner().organisation
    for url, said in (("", "https"), ("http://partner.example", "https"), ("https://127.0.0.1/x", "本机")):
        with pytest.raises(ValidationError) as refused:
            partners.save_partner(actor=None, organisation=organisation, channel="webhook", url=url)
        assert said in str(refused.value.message_dict["url"])
    assert Partner.objects.get().channel == "portal"


def test_secrets_rotate_without_a_gap_and_are_never_stored_readable(receiver):
    partner = make_partner(receiver)
    old = receiver.secret
    new = partners.rotate_secret(actor=None, partner=partner).secret
    assert Partner.objects.get().secrets.split() == [new, old]
    for delivery in (make_delivery(partner), make_delivery(partner)):
        send(delivery)
        receiver.secret = new  # the partner changes over between two lists
    assert [c.verified for c in receiver.calls] == [True, True]
    partners.retire_secret(actor=None, partner=partner)
    assert Partner.objects.get().secrets.split() == [new]
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM exchange_partner")
        assert new.encode() not in bytes(cursor.fetchone()[0])


def test_a_test_message_says_what_happened_and_stores_nothing(receiver):
    partner = make_partner(receiver)
    assert partners.send_test(actor=None, partner=partner).error == ""
    assert receiver.calls[0].payload["type"] == "test"
    receiver.down()
    assert "无法连接" in partners.send_test(actor=None, partner=partner).error
    assert DeliveryAttempt.objects.count() == 0
