"""What enrolment has of one person, gathered for the person's page."""

from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, Subquery

from accounts.rows import gathered, rebuilt
from beneficiaries.enrolment.applications import windows
from beneficiaries.enrolment.case_models import CoverageCase, PaymentMismatch
from beneficiaries.enrolment.models import Contribution, Coverage, PersonMark
from beneficiaries.models import Person


def payments() -> ArraySubquery:
    """For an annotation `paid` of persons: the newest payments and refunds, as the timeline shows them."""
    rows = Contribution.objects.filter(person=OuterRef("pk")).order_by("-paid_on", "-id")[:100]
    return gathered(rows, "year", "kind", "amount", "paid_on", "payer", "payer_name")


@dataclass(frozen=True)
class Beside:
    """What a person has beside the years and the money, and the window of the person's place in a year."""

    coverages: list[Coverage]
    marks: list[PersonMark]
    cases: list[CoverageCase]
    mismatches: list[PaymentMismatch]
    window_to: date | None


def beside(person: Person, year: int) -> Beside:
    """One query."""
    mine = Q(person=OuterRef("pk"))
    coverages, marks = Coverage.objects.filter(mine), PersonMark.objects.filter(mine)
    cases = CoverageCase.objects.filter(mine).order_by("-id")[:10]
    mismatches = PaymentMismatch.objects.filter(mine, closed_on=None)
    found = Person.objects.filter(pk=person.pk).values(
        coverages_=gathered(coverages, "insurance", "place", "valid_from", "valid_to", "reason"),
        marks_=gathered(marks, "kind", "detail", "commended", "since", "until"),
        cases_=gathered(cases, "id", "year", "kind", "cause", "outcome", "closed_on"),
        mismatches_=gathered(mismatches, "id", "kind", "expected", "actual"),
        window_=Subquery(windows(person.region_id, year).values("window_to")[:1]),
    )[0]
    return Beside(
        rebuilt(Coverage, found["coverages_"]),
        rebuilt(PersonMark, found["marks_"]),
        rebuilt(CoverageCase, found["cases_"]),
        rebuilt(PaymentMismatch, found["mismatches_"]),
        found["window_"],
    )
