"""The Celery application: workers import it as `config`."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tuodi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="outbound_tasks")
app.autodiscover_tasks(["config.operations"])


@setup_logging.connect
def keep_django_logging(**_kwargs: object) -> None:
    """Celery would replace the root logger, and with it the rule that logs carry no personal data."""
