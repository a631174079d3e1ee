"""The beat's own entries: the pulse, the nightly tidying. Made after `migrate`; what is switched off stays so."""

from typing import Any

from django.db import transaction

from config.operations.health import PULSE_SECONDS

PULSE, TIDY = "运行：心跳", "运行：清理过期的过程数据"


def ensure(apps: Any = None, **_kwargs: Any) -> None:
    """Receiver of `post_migrate`; without `apps` (after a flush) all tables are there."""
    if apps is not None:
        try:
            apps.get_model("django_celery_beat", "PeriodicTask")
        except LookupError:
            return
    from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

    with transaction.atomic():
        often, _new = IntervalSchedule.objects.get_or_create(every=PULSE_SECONDS, period=IntervalSchedule.SECONDS)
        night, _new = CrontabSchedule.objects.get_or_create(
            minute="30", hour="3", day_of_month="*", month_of_year="*", day_of_week="*", timezone="Asia/Shanghai"
        )
        # A pulse that nobody took in time says nothing: it must not pile up.
        pulse = {"task": "config.pulse", "interval": often, "expire_seconds": PULSE_SECONDS}
        PeriodicTask.objects.get_or_create(name=PULSE, defaults=pulse)
        PeriodicTask.objects.get_or_create(name=TIDY, defaults={"task": "config.tidy", "crontab": night})
