"""Tasks of the way out: one finds what is due, one sends one delivery. Both may run twice and at the same time."""

from celery import shared_task
from django.utils import timezone

from exchange import deliveries
from exchange.models import Delivery

# A pause shorter than the beat's is kept by the task itself.
BEAT_SECONDS = 30


@shared_task(name=deliveries.SWEEP)
def sweep_deliveries() -> int:
    """Starts the next delivery of every partner; returns how many."""
    found = [str(row.pk) for row in deliveries.due(timezone.now())]
    for delivery_id in found:
        deliver_one.delay(delivery_id)
    return len(found)


@shared_task(name="exchange.deliver_one")
def deliver_one(delivery_id: str) -> None:
    """Sends one delivery and, when it is through, sees to what else waits."""
    delivery = deliveries.deliver(delivery_id=delivery_id)
    if delivery is None:
        return
    if delivery.state == Delivery.State.WAITING and delivery.next_attempt_at:
        pause = (delivery.next_attempt_at - timezone.now()).total_seconds()
        if pause < BEAT_SECONDS:
            sweep_deliveries.apply_async(countdown=max(pause, 0.01))
    sweep_deliveries.delay()


@shared_task(name="exchange.collect_receipts")
def collect_receipts() -> int:
    """Looks for the receipt files of partners by SFTP; returns how many deliveries they acknowledge."""
    return deliveries.collect_receipts()
