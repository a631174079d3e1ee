"""The beat's entry that looks for contradictions every night; what is switched off stays so."""

from typing import Any

NAME = "费用：查找疑点"


def ensure(apps: Any = None, **_kwargs: Any) -> None:
    """Receiver of `post_migrate`; without `apps` (after a flush) all tables are there."""
    if apps is not None:
        try:
            apps.get_model("django_celery_beat", "PeriodicTask")
        except LookupError:
            return
    from django_celery_beat.models import CrontabSchedule, PeriodicTask

    night, _new = CrontabSchedule.objects.get_or_create(
        minute="0", hour="2", day_of_month="*", month_of_year="*", day_of_week="*", timezone="Asia/Shanghai"
    )
    PeriodicTask.objects.get_or_create(name=NAME, defaults={"task": "claims.find_contradictions", "crontab": night})
