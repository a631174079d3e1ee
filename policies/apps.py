from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PoliciesApp(AppConfig):
    name = "policies"
    verbose_name = _("政策")
