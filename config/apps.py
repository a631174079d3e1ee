from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ConfigApp(AppConfig):
    """Holds the commands that span rooms: services, demo, translations."""

    name = "config"
    label = "config"

    def ready(self) -> None:
        if apps.is_installed("django_celery_beat"):  # not for commands over files
            from config.operations import schedule

            post_migrate.connect(schedule.ensure, sender=self)
