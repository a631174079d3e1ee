from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BeneficiariesApp(AppConfig):
    name = "beneficiaries"
    verbose_name = _("人员档案")

    def ready(self) -> None:
        from accounts import subjects
        from beneficiaries.comparisons.kind import LIST
        from beneficiaries.enrolment import ready as enrolment_ready
        from beneficiaries.merging import spells  # noqa: F401 - here it says how spells move
        from beneficiaries.naming import named_households, named_persons
        from beneficiaries.roster import due
        from beneficiaries.roster.kind import ROSTER
        from beneficiaries.selectors import people_by_category
        from exchange import arriving, kinds
        from policies import gate

        kinds.register(ROSTER)
        kinds.register(LIST)
        arriving.register(due.asked)
        gate.register_category_counts(people_by_category)
        subjects.register("person", named_persons)
        subjects.register("household", named_households)
        for name, label in (
            ("persons", _("人员名单")),
            ("diseases", _("病种登记名单")),
            ("comparisons", _("比对结果名单")),
            ("enrolment", _("参保名单")),
        ):
            subjects.register_list(name, label)
        enrolment_ready()
