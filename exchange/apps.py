from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeApp(AppConfig):
    name = "exchange"
    verbose_name = _("数据交换")

    def ready(self) -> None:
        from accounts import rotation, subjects
        from exchange import vault
        from exchange.naming import named_files

        rotation.also(vault.reseal)
        subjects.register("inbound", named_files)
        subjects.register_list("inquiries", _("待部门核实名单"))
