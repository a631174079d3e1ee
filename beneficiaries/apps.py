from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BeneficiariesApp(AppConfig):
    name = "beneficiaries"
    verbose_name = _("人员档案")

    def ready(self) -> None:
        from beneficiaries.enrolment import case_models  # noqa: F401 - here Django finds the models
        from beneficiaries.roster.kind import ROSTER
        from beneficiaries.selectors import people_by_category
        from exchange import kinds
        from policies import gate

        kinds.register(ROSTER)
        gate.register_category_counts(people_by_category)
