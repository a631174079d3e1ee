"""Whom the other lists name: withdrawn warnings, serious diseases, new monitored people, burden outside the catalogue.

Each reader gives people with their rows; whom a department was told of already (`told`) the service leaves out.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Region
from accounts.vocabulary import Department
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.enrolment.selectors import MONITORED
from beneficiaries.models import CategorySpell, Person
from claims.models import Claim, PersonYear
from exchange.models import Delivery
from monitoring.models import BurdenWarning, DeliveredWarning, Feedback, ListedPerson, inside
from policies.engine.document import Document, SeriousDisease
from policies.engine.money import format_yuan

Kind = Delivery.Kind


@dataclass(frozen=True)
class Asked:
    """The region and month of a list, under a document; `last` is the month's last day."""

    region: Region
    month: date
    last: date
    document: Document


Row = tuple[int, tuple[object, ...]]  # person, values in the order of the list's columns


# --- withdrawals --------------------------------------------------------------------------------------------------
def to_withdraw(department: str, region: Region, last: date) -> QuerySet[BurdenWarning]:
    """Warnings of the year that are withdrawn and that the department still takes for standing."""
    told = DeliveredWarning.objects.filter(
        warning=OuterRef("pk"), delivery__department=department, delivery__region=region
    )
    newest = told.order_by("-id").values("withdrawal")[:1]
    found = untold(BurdenWarning.objects.filter(year=last.year))
    return found.annotate(told_withdrawal=Subquery(newest)).filter(told_withdrawal=False)


def untold(found: QuerySet[BurdenWarning]) -> QuerySet[BurdenWarning]:
    """Those of `found` that are withdrawn and that any department still takes for standing."""
    return found.filter(state=BurdenWarning.State.WITHDRAWN, believed=True)


# --- patients of serious diseases (S3-15) -------------------------------------------------------------------------
def serious(asked: Asked) -> list[Row]:
    """People with a claim of the month that shows a disease of the document's list; by person, three queries."""
    diseases = asked.document.warnings.diseases if asked.document.warnings else ()
    shown = Q(pk__in=[])
    for disease in diseases:
        shown |= Q(service__in=disease.services)
        for code in disease.codes:
            shown |= Q(disease_code__startswith=code)
    claims = (
        Claim.objects.filter(inside(asked.region.prefix), shown, reversed_at=None)
        .filter(settled_on__gte=asked.month, settled_on__lte=asked.last)
        .select_related("person")
        .order_by("person_id", "settled_on", "claim_no")
    )
    by_person: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_person[claim.person_id].append(claim)
    burdens = dict(
        PersonYear.objects.filter(person__in=by_person, year=asked.last.year).values_list("person", "personal_burden")
    )
    held = _categories(list(by_person), asked.last)
    rows = []
    for pk, found in by_person.items():
        person, newest = found[-1].person, found[-1]
        names = dict.fromkeys(name for claim in found for name in _names(claim, diseases))
        rows.append(
            (
                pk,
                (
                    person.id_number,
                    person.name,
                    person.region_id,
                    "、".join(names),
                    newest.disease_code,
                    newest.settled_on,
                    len(found),
                    format_yuan(burdens.get(pk, 0)),
                    "、".join(held.get(pk, ())),
                    person.phone or "",
                ),
            )
        )
    return rows


def _names(claim: Claim, diseases: tuple[SeriousDisease, ...]) -> list[str]:
    by_code = [one.name for one in diseases if one.codes and claim.disease_code.startswith(one.codes)]
    return by_code or [one.name for one in diseases if claim.service in one.services]


def _categories(people: list[int], day: date) -> dict[int, list[str]]:
    rows = (
        CategorySpell.objects.on(day).filter(person__in=people).order_by("category").values_list("person", "category")
    )
    found: dict[int, list[str]] = defaultdict(list)
    for person, category in rows.distinct():
        found[person].append(category)
    return found


# --- new monitored people (S3-15) ---------------------------------------------------------------------------------
def newly_monitored(asked: Asked) -> list[Row]:
    """People who became monitored in the year up to the month's end and were not the day before; two queries."""
    begun = CategorySpell.objects.current().filter(
        inside(asked.region.prefix, "person__region_id"),
        category__in=MONITORED,
        valid_from__gte=date(asked.last.year, 1, 1),
        valid_from__lte=asked.last,
    )
    before = CategorySpell.objects.current().filter(
        Q(valid_to=None) | Q(valid_to__gte=OuterRef("valid_from") - timedelta(days=1)),
        person=OuterRef("person"),
        category__in=MONITORED,
        valid_from__lt=OuterRef("valid_from"),
    )
    spells: dict[int, CategorySpell] = {}
    for spell in begun.filter(~Exists(before)).select_related("person").order_by("valid_from", "id"):
        spells[spell.person_id] = spell
    warned = BurdenWarning.objects.filter(person__in=spells, year=asked.last.year, raised_on__isnull=False)
    numbers = dict(warned.order_by("id").values_list("person", "number"))
    return [
        (
            pk,
            (
                spell.person.id_number,
                spell.person.name,
                spell.person.region_id,
                spell.category,
                spell.valid_from,
                spell.department,
                numbers.get(pk, ""),
                spell.person.phone or "",
            ),
        )
        for pk, spell in sorted(spells.items())
    ]


# --- burden outside the catalogue (S2-16) -------------------------------------------------------------------------
def outside_catalogue(asked: Asked) -> list[Row]:
    """Monitored people with cost outside the catalogue left to them in the year, with the illness that health told."""
    held = CategorySpell.objects.on(asked.last).filter(person=OuterRef("person"), category__in=MONITORED)
    now = FilteredRelation("settlements", condition=Q(settlements__superseded_at=None))
    left = F("out_of_catalogue") - F("now__institution_borne") - F("now__out_of_catalogue_assistance")
    sums = (
        Claim.objects.filter(inside(asked.region.prefix, "person__region_id"), Exists(held), reversed_at=None)
        .filter(settled_on__gte=date(asked.last.year, 1, 1), settled_on__lte=asked.last)
        .annotate(now=now)
        .order_by()
        .values("person")
        .annotate(bills=Count("pk"), cost=Sum("total"), outside=Sum("out_of_catalogue"), left=Sum(left))
        .filter(left__gt=0)
        .order_by("-left", "person")
    )
    found = {row["person"]: row for row in sums}
    people = Person.objects.in_bulk(list(found))
    ill, held_by = _illnesses(list(found)), _categories(list(found), asked.last)
    return [
        (
            pk,
            (
                people[pk].id_number,
                people[pk].name,
                people[pk].region_id,
                "、".join(held_by.get(pk, ())),
                "、".join(ill.get(pk, ())),
                row["bills"],
                format_yuan(row["cost"]),
                format_yuan(row["outside"]),
                format_yuan(row["left"]),
            ),
        )
        for pk, row in found.items()
    ]


def _illnesses(people: list[int]) -> dict[int, list[str]]:
    """What lists of the health department say of them, the newest first."""
    rows = ComparisonRow.objects.filter(person__in=people, department=Department.HEALTH).exclude(status="")
    found: dict[int, list[str]] = defaultdict(list)
    for person, status in rows.order_by("-id").values_list("person", "status"):
        if status not in found[person]:
            found[person].append(status)
    return found


@dataclass(frozen=True)
class Content:
    """A kind of list: its columns, who is on it, and whether a person is told of once a month or once a year.

    `numbered`: what the rows' numbers begin with, where an answer is asked for; the number is their first column.
    """

    columns: tuple[str, ...]
    rows: Callable[[Asked], list[Row]]
    once_a_year: bool = False
    numbered: str = ""

    def number(self, asked: Asked, person: int) -> str:
        """Of a person's row in the lists of a month: `ZB202305-450121-0000012`."""
        return f"{self.numbered}{asked.month:%Y%m}-{asked.region.code[:6]}-{person:07d}" if self.numbered else ""


# By the event of the obligation that asks for it, which is the kind of the delivery.
CONTENTS: dict[str, Content] = {
    Kind.SERIOUS: Content(
        ("warning_no", "id_number", "name", "region", "disease", "disease_code", "settled_on", "claims",
         "personal_burden", "category", "phone"),
        serious,
        numbered="ZB",
    ),
    Kind.MONITORED: Content(
        ("id_number", "name", "region", "category", "valid_from", "certified_by", "warning_no", "phone"),
        newly_monitored,
        once_a_year=True,
    ),
    Kind.OUT_OF_CATALOGUE: Content(
        ("id_number", "name", "region", "category", "illness", "claims", "total", "out_of_catalogue",
         "out_of_catalogue_burden"),
        outside_catalogue,
    ),
}  # fmt: skip


def told(kind: str, department: str, asked: Asked) -> set[int]:
    """People whom the department was named in lists of the kind, of the month or of the year."""
    since = date(asked.month.year, 1, 1) if CONTENTS[kind].once_a_year else asked.month
    rows = ListedPerson.objects.filter(
        delivery__kind=kind,
        delivery__department=department,
        delivery__region=asked.region,
        delivery__month__gte=since,
        delivery__month__lte=asked.month,
    )
    return set(rows.values_list("person", flat=True))


def unanswered(region: Region, department: str, month: date) -> QuerySet[ListedPerson]:
    """Numbered rows of the month's lists that the department has not answered."""
    said = Feedback.objects.filter(listed=OuterRef("pk"), superseded_at=None)
    where = {"delivery__region": region, "delivery__department": department, "delivery__month": month}
    return ListedPerson.objects.filter(~Exists(said), **where).exclude(number="")


def lists_of(user: Any, region: Region, month: date) -> list[Delivery]:
    """The month's other lists that the user may see, by kind and department, with how many rows ask for an answer
    (`asked`) and have one (`answered`): one query."""
    found = user.visible(Delivery).filter(kind__in=list(CONTENTS), region=region, month=month)
    listed = ListedPerson.objects.filter(delivery=OuterRef("pk")).exclude(number="").order_by().values("delivery")
    said = listed.filter(feedback__isnull=False, feedback__superseded_at=None)
    asked = Subquery(listed.annotate(n=Count("pk")).values("n"))
    answered = Subquery(said.annotate(n=Count("pk")).values("n"))
    found = found.annotate(asked=Coalesce(asked, 0), answered=Coalesce(answered, 0))
    return list(found.select_related("partner").defer("body", "partner__secrets").order_by("kind", "created_at"))
