from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeApp(AppConfig):
    name = "exchange"
    verbose_name = _("数据交换")

    def ready(self) -> None:
        from accounts import rotation
        from exchange import vault

        rotation.also(vault.reseal)
