from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClaimsApp(AppConfig):
    name = "claims"
    verbose_name = _("费用结算")

    def ready(self) -> None:
        from beneficiaries import panels
        from claims.imports import KIND
        from claims.panels import CLAIMS
        from exchange import kinds

        kinds.register(KIND)
        panels.register(CLAIMS)
