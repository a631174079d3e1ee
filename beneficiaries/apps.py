from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BeneficiariesApp(AppConfig):
    name = "beneficiaries"
    verbose_name = _("人员档案")

    def ready(self) -> None:
        from beneficiaries.roster.kind import ROSTER
        from exchange import kinds

        kinds.register(ROSTER)
