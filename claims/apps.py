from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClaimsApp(AppConfig):
    name = "claims"
    verbose_name = _("费用结算")

    def ready(self) -> None:
        from claims.imports import KIND
        from exchange.kinds import register

        register(KIND)
