"""The beat's entries: deliveries every half minute, the monthly scan. Made once; what an administrator changes stays."""

from django.db import migrations

SWEEP, SCAN = "送达：发送到期的清单", "监测：每月扫描"


def add(apps, schema_editor):
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    task = apps.get_model("django_celery_beat", "PeriodicTask")
    half_minute, _ = interval.objects.get_or_create(every=30, period="seconds")
    first_night, _ = crontab.objects.get_or_create(
        minute="0",
        hour="2",
        day_of_month="1",
        month_of_year="*",
        day_of_week="*",
        timezone="Asia/Shanghai",
    )
    # A sweep that no worker took in time is worth nothing: the next one sees the same rows.
    task.objects.get_or_create(
        name=SWEEP,
        defaults={"task": "exchange.sweep_deliveries", "interval": half_minute, "expire_seconds": 25},
    )
    task.objects.get_or_create(name=SCAN, defaults={"task": "monitoring.monthly_scan", "crontab": first_night})


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=[SWEEP, SCAN]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0005_longer_notes"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(add, remove)]
