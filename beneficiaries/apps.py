from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BeneficiariesApp(AppConfig):
    name = "beneficiaries"
    verbose_name = _("人员档案")

    def ready(self) -> None:
        from beneficiaries.comparisons.kind import LIST
        from beneficiaries.enrolment import ready as enrolment_ready
        from beneficiaries.merging import spells  # noqa: F401 - here it says how spells move
        from beneficiaries.roster import due
        from beneficiaries.roster.kind import ROSTER
        from beneficiaries.selectors import people_by_category
        from exchange import arriving, kinds
        from policies import gate

        kinds.register(ROSTER)
        kinds.register(LIST)
        arriving.register(due.asked)
        gate.register_category_counts(people_by_category)
        enrolment_ready()
