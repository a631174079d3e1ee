"""Who may answer on what: the departments that were told, and what each of them has said."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.access import Act
from accounts.models import User
from accounts.vocabulary import CERTIFIES, Department
from exchange.models import Delivery
from monitoring.feedback import Told
from monitoring.models import BurdenWarning, DeliveredWarning, Feedback, ListedPerson


@dataclass(frozen=True)
class Place:
    """A department that was told, in the region of its list."""

    department: str
    region: str

    @property
    def label(self) -> str:
        return str(Department(self.department).label)


def may_answer(user: User, told: Told) -> list[Place]:
    """For whom the user may answer: the own department if it was told, the bureau for each that was; one query."""
    if not user.may(Act.FEEDBACK_UPLOAD):
        return []
    where = {"warnings__warning": told} if isinstance(told, BurdenWarning) else {"people": told}
    found = Delivery.objects.filter(**where, region_id__startswith=user.region_prefix, department__in=CERTIFIES)
    if user.department != Department.MEDICAL_SECURITY:
        found = found.filter(department=user.department)
    places = found.order_by("department", "region_id").values_list("department", "region_id").distinct()
    return [Place(*one) for one in places]


def unanswered(user: User) -> QuerySet[BurdenWarning]:
    """Warnings that stand, of which the user's department was told and that it has not answered."""
    told = DeliveredWarning.objects.filter(
        warning=OuterRef("pk"), delivery__department=user.department, delivery__region_id__startswith=user.region_prefix
    )
    said = Feedback.objects.filter(warning=OuterRef("pk"), department=user.department, superseded_at=None)
    states = (BurdenWarning.State.PUSHED, BurdenWarning.State.ANSWERED)
    return user.visible(BurdenWarning).filter(Exists(told), ~Exists(said), state__in=states)


def listed_of(delivery: Delivery) -> QuerySet[ListedPerson]:
    """The numbered rows of a list with the answers in force; two queries."""
    now = Prefetch("feedback", Feedback.objects.filter(superseded_at=None), to_attr="answers")
    return (
        ListedPerson.objects.filter(delivery=delivery)
        .exclude(number="")
        .select_related("person__region")
        .prefetch_related(now)
        .annotate(answered=Exists(Feedback.objects.filter(listed=OuterRef("pk"), superseded_at=None)))
    )
