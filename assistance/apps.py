from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssistanceApp(AppConfig):
    name = "assistance"
    verbose_name = _("依申请救助")
