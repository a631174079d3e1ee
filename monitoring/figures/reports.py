"""The monthly report by county and township (S0-21, S2-14): who is looked after, what care cost them, what was done."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Left

from accounts.access import in_region
from accounts.models import Level, Region, User
from beneficiaries.enrolment.selectors import POPULATIONS, status_q
from beneficiaries.models import CategorySpell, Person
from claims.models import Claim
from monitoring.models import BurdenWarning, Measure
from monitoring.selectors import STANDING, month_end

# Whom the report is about, in the order of the choice.
GROUPS = ("hardship", "former", "all")


@dataclass
class Row:
    """A place's numbers; money in fen, of the claims settled in the month."""

    code: str
    name: str
    people: int = 0
    insured: int = 0
    patients: int = 0
    claims: int = 0
    total: int = 0
    basic: int = 0
    cii: int = 0
    assistance: int = 0
    burden: int = 0
    warned: int = 0
    standing: int = 0
    helped: int = 0
    measures: int = 0

    def add(self, other: "Row") -> None:
        for one in fields(self):
            if one.name not in ("code", "name"):
                setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def monthly(user: User, region: Region, month: date, group: str = "hardship") -> tuple[list[Row], Row]:
    """Rows by the places below the region, and their sum: five queries, whatever the size."""
    last = month_end(month)
    digits = {Level.COUNTY: 9, Level.TOWNSHIP: 12, Level.VILLAGE: 12}.get(Level(region.level), 6)
    people = people_of(user, region, last, group)
    found: dict[str, Row] = defaultdict(lambda: Row("", ""))
    _take(found, register_of(people, month.year, digits))
    _take(found, costs_of(people, month, last, digits))
    _take(found, warnings_of(people, month, last, digits))
    _take(found, _measures(people, month, last, digits))
    codes = {place: place.ljust(12, "0") for place in found}
    names = dict(Region.objects.filter(code__in=codes.values()).values_list("code", "name"))
    total = Row(region.code, region.name)
    for place, row in found.items():
        row.code, row.name = codes[place], names.get(codes[place], codes[place])
        total.add(row)
    return [found[place] for place in sorted(found)], total


def people_of(user: User, region: Region, day: date, group: str) -> QuerySet[Person]:
    """Whom a report of the region is about: held a category of the group on the day, alive then."""
    held = CategorySpell.objects.on(day).filter(person=OuterRef("pk"), category__in=POPULATIONS[group][1])
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    return in_region(user, Person.objects.all(), "region_id").filter(
        Exists(held), Q(deceased_on=None) | Q(deceased_on__gt=day), region_id__gte=low, region_id__lte=high
    )


def _take(found: dict[str, Row], rows: Iterable[dict[str, object]]) -> None:
    for row in rows:
        place = found[str(row.pop("place"))]
        for name, value in row.items():
            setattr(place, name.removeprefix("s_"), value or 0)


def register_of(people: QuerySet[Person], year: int, digits: int) -> Iterable[dict[str, object]]:
    """people, insured, by the first `digits` of the region."""
    rows = (
        people.annotate(
            e=FilteredRelation("enrolments", condition=Q(enrolments__year=year)), place=Left("region_id", digits)
        )
        .order_by()
        .values("place")
        .annotate(people=Count("id"), missing=Count("id", filter=status_q("uninsured")))
    )
    for row in rows:
        yield {"place": row["place"], "people": row["people"], "insured": row["people"] - row["missing"]}


def costs_of(people: QuerySet[Person], month: date, last: date, digits: int) -> Iterable[dict[str, object]]:
    """What their claims settled in the time came to."""
    now = FilteredRelation("settlements", condition=Q(settlements__superseded_at=None))
    return (
        Claim.objects.filter(person__in=people, settled_on__gte=month, settled_on__lte=last, reversed_at=None)
        .annotate(now=now, place=Left("person__region_id", digits))
        .order_by()
        .values("place")
        .annotate(
            s_patients=Count("person", distinct=True),
            s_claims=Count("id"),
            s_total=Sum("total"),
            s_basic=Sum("basic_paid"),
            s_cii=Sum("now__cii_paid"),
            s_assistance=Sum(F("now__assistance") + F("now__out_of_catalogue_assistance") + F("now__top_up")),
            s_burden=Sum("now__personal_burden"),
        )
    )


def warnings_of(people: QuerySet[Person], month: date, last: date, digits: int) -> Iterable[dict[str, object]]:
    """Warnings raised in the time; of the year's that stand, those for whom a measure is agreed."""
    agreed = Measure.objects.filter(followup__warning=OuterRef("pk")).exclude(outcome=Measure.Outcome.CANCELLED)
    return (
        BurdenWarning.objects.filter(person__in=people, year=month.year, raised_on__lte=last)
        .annotate(place=Left("region_id", digits), has=Exists(agreed))
        .order_by()
        .values("place")
        .annotate(
            warned=Count("id", filter=Q(raised_on__gte=month)),
            standing=Count("id", filter=Q(state__in=STANDING)),
            helped=Count("id", filter=Q(state__in=STANDING, has=True)),
        )
    )


def _measures(people: QuerySet[Person], month: date, last: date, digits: int) -> Iterable[dict[str, object]]:
    ended = Measure.objects.filter(followup__warning__person__in=people, ended_on__gte=month, ended_on__lte=last)
    return (
        ended.annotate(place=Left("followup__region_id", digits))
        .order_by()
        .values("place")
        .annotate(measures=Count("id"))
    )
