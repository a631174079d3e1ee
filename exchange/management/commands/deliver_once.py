"""manage.py deliver_once: sends what is due now, without a worker."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.audit import acting
from exchange import deliveries


class Command(BaseCommand):
    help = "Sends every delivery that is due, one try each; for an installation or a repair without a worker."

    def handle(self, *args: Any, **options: Any) -> None:
        ended: Counter[str] = Counter()
        with acting(None, "command deliver_once"):
            started = timezone.now()
            tried: set[Any] = set()
            while found := [one.pk for one in deliveries.due(started) if one.pk not in tried]:
                for key in found:
                    tried.add(key)
                    done = deliveries.deliver(delivery_id=key)
                    if done is not None:
                        ended[done.state] += 1
        names = ("acknowledged", "sent", "waiting", "parked")
        self.stdout.write(" ".join(f"{name}={ended[name]}" for name in names))
