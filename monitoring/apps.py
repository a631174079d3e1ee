from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MonitoringApp(AppConfig):
    name = "monitoring"
    verbose_name = _("监测预警")

    def ready(self) -> None:
        from accounts import reports
        from accounts.access import Act
        from beneficiaries import panels
        from exchange import kinds
        from monitoring import applying, merging, schedule
        from monitoring.feedback import FEEDBACK
        from monitoring.panels import FOLLOWUPS, WARNINGS

        kinds.register(FEEDBACK)
        panels.register(WARNINGS)
        merging.register()
        applying.register()
        panels.register(FOLLOWUPS)
        for report in (
            reports.Report(
                "monthly",
                _("监测月报"),
                Act.OBLIGATION_READ,
                ("S0-21", "S2-14"),
                "monitoring:monthly",
                _("监测"),
                _("参保、就医、待遇、预警和帮扶，按旗县和乡镇"),
            ),
            reports.Report(
                "yearly",
                _("年度绩效指标"),
                Act.OBLIGATION_READ,
                ("S1-26",),
                "monitoring:yearly",
                _("监测"),
                _("各旗县一年的参保、待遇、预警、申请和基金，供绩效评价"),
            ),
            reports.Report(
                "compare",
                _("地区对比"),
                Act.OBLIGATION_READ,
                ("S1-26",),
                "monitoring:compare",
                _("监测"),
                _("四项指标和十二个月走势，各地区并列"),
            ),
            reports.Report(
                "obligations",
                _("期限"),
                Act.OBLIGATION_READ,
                ("S1-04", "S3-05", "S4-11"),
                "monitoring:obligations",
                _("监测"),
                _("政策要求的事项由谁、何时前完成"),
            ),
            reports.Report(
                "findings",
                _("问题整改"),
                Act.FINDING_READ,
                ("S2-13",),
                "monitoring:findings",
                _("监测"),
                _("各旗县未销号的问题"),
            ),
            reports.Report(
                "followups",
                _("帮扶跟踪"),
                Act.MEASURE_READ,
                ("S2-09", "S2-11"),
                "monitoring:followups",
                _("监测"),
                _("谁在被帮扶，措施是否落实"),
            ),
        ):
            reports.register(report)
        post_migrate.connect(schedule.ensure, sender=self)
