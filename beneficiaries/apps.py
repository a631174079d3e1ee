from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BeneficiariesApp(AppConfig):
    name = "beneficiaries"
    verbose_name = _("人员档案")
