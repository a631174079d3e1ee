"""The beat's entries: deliveries every half minute, the monthly scan.

Made after every `migrate` where they are not there yet; what an administrator changes or switches off stays so.
"""

from typing import Any

from django.db import transaction

SWEEP, RECEIPTS = "送达：发送到期的清单", "送达：收取回执文件"
SCAN, RECHECK, FIGURES = "监测：每月扫描", "监测：每夜复算", "监测：每夜指标"
REMIND = "监测：催办逾期反馈"


def ensure(apps: Any = None, **_kwargs: Any) -> None:
    """Receiver of `post_migrate`; without `apps` (after a flush) all tables are there."""
    if apps is not None:
        try:
            apps.get_model("django_celery_beat", "PeriodicTask")
        except LookupError:
            return
    from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

    with transaction.atomic():
        half_minute, _new = IntervalSchedule.objects.get_or_create(every=30, period=IntervalSchedule.SECONDS)
        first_night, _new = CrontabSchedule.objects.get_or_create(
            minute="0", hour="2", day_of_month="1", month_of_year="*", day_of_week="*", timezone="Asia/Shanghai"
        )
        # A sweep that no worker took in time is worth nothing: the next one sees the same rows.
        sweep = {"task": "exchange.sweep_deliveries", "interval": half_minute, "expire_seconds": 25}
        PeriodicTask.objects.get_or_create(name=SWEEP, defaults=sweep)
        minutes, _new = IntervalSchedule.objects.get_or_create(every=5, period=IntervalSchedule.MINUTES)
        receipts = {"task": "exchange.collect_receipts", "interval": minutes, "expire_seconds": 240}
        PeriodicTask.objects.get_or_create(name=RECEIPTS, defaults=receipts)
        scan = {"task": "monitoring.monthly_scan", "crontab": first_night}
        PeriodicTask.objects.get_or_create(name=SCAN, defaults=scan)
        night, _new = CrontabSchedule.objects.get_or_create(
            minute="0", hour="3", day_of_month="*", month_of_year="*", day_of_week="*", timezone="Asia/Shanghai"
        )
        PeriodicTask.objects.get_or_create(name=RECHECK, defaults={"task": "monitoring.recheck", "crontab": night})
        early, _new = CrontabSchedule.objects.get_or_create(
            minute="30", hour="5", day_of_month="*", month_of_year="*", day_of_week="*", timezone="Asia/Shanghai"
        )
        PeriodicTask.objects.get_or_create(name=FIGURES, defaults={"task": "monitoring.figures", "crontab": early})
        morning, _new = CrontabSchedule.objects.get_or_create(
            minute="0", hour="8", day_of_month="*", month_of_year="*", day_of_week="*", timezone="Asia/Shanghai"
        )
        PeriodicTask.objects.get_or_create(name=REMIND, defaults={"task": "monitoring.remind", "crontab": morning})
