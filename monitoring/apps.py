from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MonitoringApp(AppConfig):
    name = "monitoring"
    verbose_name = _("监测预警")

    def ready(self) -> None:
        from beneficiaries import panels
        from exchange import kinds
        from monitoring import merging, schedule
        from monitoring.feedback import FEEDBACK
        from monitoring.panels import FOLLOWUPS, WARNINGS

        kinds.register(FEEDBACK)
        panels.register(WARNINGS)
        merging.register()
        panels.register(FOLLOWUPS)
        post_migrate.connect(schedule.ensure, sender=self)
