from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssistanceApp(AppConfig):
    name = "assistance"
    verbose_name = _("依申请救助")

    def ready(self) -> None:
        from accounts.papers import owners
        from assistance.eligibility import approvals
        from assistance.models import Application
        from assistance.panels import APPLICATIONS
        from assistance.services import paying
        from assistance.vocabulary import OWNER
        from beneficiaries import panels
        from claims import eligibility
        from claims.fund.listeners import register_payment_listener
        from claims.fund.models import PaymentOrder

        eligibility.register(approvals)
        panels.register(APPLICATIONS)
        owners.register(OWNER, _("救助申请"), may_see=lambda user, pk: user.visible(Application).filter(pk=pk).exists())
        register_payment_listener(
            PaymentOrder.Kind.DECISION,
            lambda order, day: paying.paid(order.reference, day),
            lambda order, day, reason: paying.returned(order.reference, day, reason),
        )
