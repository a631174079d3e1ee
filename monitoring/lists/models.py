"""Who was named to whom in lists other than the warnings'."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from beneficiaries.models import Person
from exchange.models import Delivery


class ListedPerson(models.Model):
    """One person in one list (`delivery.kind`): what was said to whom; appended, never changed.

    `number` names the row where an answer is asked for, the same in the lists of every department; empty elsewhere.
    """

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="people")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    number = models.CharField(max_length=40, blank=True, db_default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["delivery", "person"], name="person_once_a_list")]
        indexes: ClassVar = [models.Index(fields=["number"], condition=~Q(number=""), name="listed_number")]
        triggers: ClassVar = [pgtrigger.Protect(name="said_stays_said", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.delivery_id}:{self.person_id}"
