"""Enrolment 参保: who is insured per year, what they owe, who pays it, what was paid, and what is left to do."""


def ready() -> None:
    """What the room's AppConfig does for this package: models and tasks are found, kind, panel, reports are known."""
    from django.db.models import Q
    from django.utils.translation import gettext_lazy as _

    from accounts.access import Act
    from accounts.reports import Report, register
    from beneficiaries import changes, dependants, panels
    from beneficiaries.enrolment import case_models, following, merging, tasks  # noqa: F401 - here they are found
    from beneficiaries.enrolment.kind import CONTRIBUTIONS
    from beneficiaries.enrolment.models import Enrolment, PersonMark
    from beneficiaries.enrolment.panels import ENROLMENT
    from exchange import kinds

    changes.register(following.hear)
    dependants.worked_out(Enrolment, following.computed_alone)
    dependants.worked_out(PersonMark, lambda file: Q(source=file))
    kinds.register(CONTRIBUTIONS)
    panels.register(ENROLMENT)
    group = _("参保")
    for key, title, help_text, clauses in (
        (
            "ledger",
            _("参保台账"),
            _("各地参保人数、参保率与目标，未参保人员按认定部门"),
            ("S0-05", "S1-03", "S2-03", "S3-01", "S4-12"),
        ),
        ("cases", _("疑似未参保"), _("逐人核查未参保的原因和结果"), ("S2-03", "S3-19")),
        ("mismatches", _("缴费疑点"), _("多缴、少缴、重复缴、查无此人，退费后重新征缴"), ("S3-07",)),
        ("trace", _("参保责任倒查"), _("未参保人员停在哪一步、哪个部门、迟了多久"), ("S3-08",)),
        ("funding", _("资助资金缺口"), _("各旗县资助资金的需要、到位和缺口"), ("S2-05",)),
        ("applications", _("资助资金申请"), _("核定人数、申请数额、划入财政专户"), ("S1-06",)),
        ("monasteries", _("寺庙僧尼参保"), _("各寺庙僧尼、参保和先进僧尼人数"), ("S0-20",)),
    ):
        register(Report(f"enrolment-{key}", title, Act.ENROLMENT_READ, clauses, f"enrolment:{key}", group, help_text))
