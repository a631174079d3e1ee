from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClaimsApp(AppConfig):
    name = "claims"
    verbose_name = _("费用结算")

    def ready(self) -> None:
        from beneficiaries import changes, panels
        from claims.fund.differences.services import gather
        from claims.fund.services import book_case
        from claims.imports import KIND
        from claims.later import receiving
        from claims.later import services as later_services
        from claims.later import tasks as later_tasks  # noqa: F401 - here Celery finds the task of cases
        from claims.panels import CLAIMS
        from claims.trials import tasks  # noqa: F401 - here Celery finds the task of trials
        from claims.trials.selectors import has_effect
        from exchange import kinds
        from policies import drafting, gate

        kinds.register(KIND)
        changes.register(receiving.record)
        later_services.register_listener(book_case)
        later_services.register_listener(gather)
        gate.register_effect_check(has_effect)
        drafting.register_listener(later_services.version_published)
        panels.register(CLAIMS)
        _register_papers_and_reports()


def _register_papers_and_reports() -> None:
    from django.urls import reverse

    from accounts.access import Act
    from accounts.papers import owners
    from accounts.reports import Report, register
    from claims.contradictions import schedule, shipped
    from claims.contradictions import tasks as contradiction_tasks  # noqa: F401 - here Celery finds the nightly task
    from claims.entry.models import ClaimEntry
    from claims.fund import schedule as fund_schedule
    from claims.fund import tasks as fund_tasks  # noqa: F401 - here Celery finds the nightly booking

    shipped.register_shipped()
    post_migrate.connect(schedule.ensure, dispatch_uid="claims.contradictions.schedule")
    post_migrate.connect(fund_schedule.ensure, dispatch_uid="claims.fund.schedule")
    owners.register(
        "claim_entry",
        _("录入费用"),
        may_see=lambda user, pk: user.visible(ClaimEntry).filter(pk=pk).exists(),
        url=lambda pk: reverse("claims:entry", args=[pk]),
    )
    register(
        Report(
            "fund",
            _("医疗救助基金"),
            Act.FUND_READ,
            ("S1-08",),
            "fund:overview",
            _("基金"),
            _("来源、筹资测算与缺口、预算执行、支出、全年预计"),
        )
    )
    register(
        Report(
            "protection",
            _("过度保障与保障不足"),
            Act.CLAIM_READ,
            ("S0-14",),
            "claims:protection",
            _("费用与审核"),
            _("支付超过费用、个人负担为零、零缴费、政策之外的救助，以及应享未享"),
        )
    )
    register(
        Report(
            "differences",
            _("复核差异"),
            Act.CLAIM_READ,
            ("S0-08", "S4-10", "S2-15"),
            "claims:differences",
            _("费用与审核"),
            _("平台支付与本系统结算的差异、可能原因和答复"),
        )
    )
    register(
        Report(
            "institutions",
            _("定点机构报表"),
            Act.CLAIM_READ,
            ("S1-21", "S1-24", "S3-16", "S4-08", "S4-13"),
            "claims:institution_report",
            _("费用与审核"),
            _("各机构目录外占比与允许占比、标记费用、机构承担额、县域住院报销比例"),
        )
    )
