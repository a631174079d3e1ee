from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClaimsApp(AppConfig):
    name = "claims"
    verbose_name = _("费用结算")

    def ready(self) -> None:
        from beneficiaries import changes, panels
        from claims.imports import KIND
        from claims.later import receiving
        from claims.later import tasks as later_tasks  # noqa: F401 - here Celery finds the task of cases
        from claims.panels import CLAIMS
        from claims.trials import tasks  # noqa: F401 - here Celery finds the task of trials
        from claims.trials.selectors import has_effect
        from exchange import kinds
        from policies import gate

        kinds.register(KIND)
        changes.register(receiving.record)
        gate.register_effect_check(has_effect)
        panels.register(CLAIMS)
