"""The beat's entry that brings the ledger to the settlements every night; what is switched off stays so."""

from typing import Any

NAME = "基金：费用入账"


def ensure(apps: Any = None, **_kwargs: Any) -> None:
    """Receiver of `post_migrate`; without `apps` (after a flush) all tables are there."""
    if apps is not None:
        try:
            apps.get_model("django_celery_beat", "PeriodicTask")
        except LookupError:
            return
    from django_celery_beat.models import CrontabSchedule, PeriodicTask

    night, _new = CrontabSchedule.objects.get_or_create(
        minute="30", hour="1", day_of_month="*", month_of_year="*", day_of_week="*", timezone="Asia/Shanghai"
    )
    PeriodicTask.objects.get_or_create(name=NAME, defaults={"task": "claims.book_fund", "crontab": night})
