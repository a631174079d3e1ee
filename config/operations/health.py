"""Whether the site can do its work: each part asked directly, with limits on time, and said without personal data.

`alive` is for a load balancer (take this process out when it fails); `checks` for whoever is called at night.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import redis
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.models import Min
from django.utils import timezone

from exchange.models import Delivery

SECONDS = 2.0  # longest wait for one part
PULSE_KEY, PULSE_SECONDS = "operations.pulse", 30
BEAT_LATE_SECONDS = 4 * PULSE_SECONDS


@dataclass(frozen=True)
class Check:
    """One part: `ok`, and what is wrong or how it stands, in few words (English codes: programs read it)."""

    name: str
    ok: bool
    detail: str = ""
    seconds: float | None = None


def alive() -> bool:
    """The process answers and reaches its database."""
    return _database().ok


def checks() -> list[Check]:
    """Database, broker, worker, beat (by the age of its last pulse), deliveries (by the oldest that has not gone)."""
    found = [_database(), _broker()]
    reachable = {check.name for check in found if check.ok}
    found.append(_worker() if "broker" in reachable else Check("worker", False, "broker down"))
    found.append(_beat() if "broker" in reachable else Check("beat", False, "broker down"))
    found.append(_deliveries() if "database" in reachable else Check("deliveries", False, "database down"))
    return found


def pulse() -> None:
    """Leaves a sign of life: called by a task that beat sends and a worker runs."""
    cache.set(PULSE_KEY, timezone.now().isoformat(), timeout=24 * 3600)


def _database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return Check("database", cursor.fetchone() == (1,))
    except DatabaseError as error:
        return Check("database", False, type(error).__name__)


def _asked(name: str, ask: Callable[[], str]) -> Check:
    """A part behind Redis; every failure on the way is a failed check, whatever its kind."""
    try:
        detail = ask()
    except Exception as error:
        return Check(name, False, type(error).__name__)
    return Check(name, not detail, detail)


def _broker() -> Check:
    def ask() -> str:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
        ) as server:
            return "" if server.ping() else "no answer"

    return _asked("broker", ask)


def _worker() -> Check:
    def ask() -> str:
        return "" if current_app.control.inspect(timeout=SECONDS, limit=1).ping() else "no worker answers"

    return _asked("worker", ask)


def _beat() -> Check:
    try:
        last = cache.get(PULSE_KEY)
    except Exception as error:
        return Check("beat", False, type(error).__name__)
    if last is None:
        return Check("beat", False, "no pulse yet")
    age = (timezone.now() - datetime.fromisoformat(last)).total_seconds()
    return Check("beat", age <= BEAT_LATE_SECONDS, "" if age <= BEAT_LATE_SECONDS else "late", round(age, 1))


def _deliveries() -> Check:
    unsent = Delivery.objects.filter(state__in=[Delivery.State.WAITING, Delivery.State.SENDING, Delivery.State.PARKED])
    oldest = unsent.aggregate(at=Min("created_at"))["at"]
    if oldest is None:
        return Check("deliveries", True, "", 0.0)
    age = (timezone.now() - oldest).total_seconds()
    late = age > settings.DELIVERY_LATE_SECONDS
    return Check("deliveries", not late, "oldest unsent is late" if late else "", round(age, 1))
