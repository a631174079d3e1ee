"""Figures for Prometheus that live in the database and the broker, read when they are asked for."""

from collections.abc import Iterator

import redis
from celery import current_app
from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily

from accounts.models import Job
from config.operations.health import SECONDS
from exchange.models import Delivery, InboundFile
from monitoring.models import BurdenWarning


class Figures:
    """Work by state, age of the oldest delivery that has not gone, length of the queue. No region, no person."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, words, model in (
            ("tuodi_deliveries", "Deliveries by state", Delivery),
            ("tuodi_jobs", "Background jobs by state", Job),
            ("tuodi_files", "Inbound files by state", InboundFile),
            ("tuodi_warnings", "Warnings by state", BurdenWarning),
        ):
            family = GaugeMetricFamily(name, words, labels=["state"])
            for row in model.objects.order_by().values("state").annotate(count=Count("pk")):
                family.add_metric([row["state"]], row["count"])
            yield family
        yield GaugeMetricFamily(
            "tuodi_delivery_oldest_unsent_seconds", "Age of the oldest delivery that has not gone", value=_oldest()
        )
        yield GaugeMetricFamily("tuodi_queue_length", "Tasks that no worker has taken", value=_queue())


def _oldest() -> float:
    waiting = Delivery.objects.filter(state__in=[Delivery.State.WAITING, Delivery.State.SENDING])
    first = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    return (timezone.now() - first).total_seconds() if first else 0.0


def _queue() -> float:
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    with redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
    ) as server:
        return float(server.llen(f"{prefix}{current_app.conf.task_default_queue}"))
