"""Reads of enrolment: the ledger by place and the persons behind each of its numbers, monasteries, one person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import JSONObject, Left
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access, periods
from accounts.access import in_region
from accounts.models import Level, Region, User
from accounts.once import once
from accounts.vocabulary import Category as C
from accounts.vocabulary import Department
from beneficiaries.enrolment import law
from beneficiaries.enrolment.models import Enrolment, Insurance, PersonMark, RegionYear, covered
from beneficiaries.models import CategorySpell, Person
from policies.engine.document import Target

HARDSHIP = (
    C.EXTREME_POVERTY, C.ORPHAN, C.UNSUPPORTED_CHILD, C.SUBSISTENCE, C.SUBSISTENCE_MARGIN, C.ILLNESS_POVERTY,
    C.RELAPSED_POVERTY, C.UNSTABLE_EXIT, C.MARGINAL_RISK, C.SUDDEN_HARDSHIP, C.OTHER_HARDSHIP,
)  # fmt: skip
MONITORED = (C.UNSTABLE_EXIT, C.MARGINAL_RISK, C.SUDDEN_HARDSHIP)
FORMER = (C.EXITED_POVERTY, C.EXITED_2014_2015)
# Population → label, categories. The targets of the documents are about one of these.
POPULATIONS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "hardship": (_("困难群众"), HARDSHIP),
    "former": (_("监测对象和脱贫人口"), (*MONITORED, *FORMER)),
    "key": (_("重点人群"), (*HARDSHIP, C.SEVERE_DISABILITY, C.SPECIAL_CARE)),
    "exited": (_("脱贫人口"), FORMER),
    "monastic": (_("寺庙僧尼"), (C.MONASTIC,)),
    "all": (_("全部在册人员"), tuple(C)),
}
STATUSES: dict[str, Any] = {
    "resident": _("居民医保已参保"),
    "employee": _("职工医保"),
    "elsewhere": _("外地参保"),
    "unpaid": _("应缴未缴"),
    "unregistered": _("未登记参保"),
    "uninsured": _("未参保"),
}


def population_of(target: Target) -> str:
    """The population that a target's name speaks of; empty for all residents (who are entered figures)."""
    if "监测对象" in target.name or "脱贫人口" in target.name:
        return "former"
    if "重点人群" in target.name:
        return "key"
    return "hardship" if "困难群众" in target.name else ""


def default_year() -> int:
    """The year that a form proposes: this one, or the last that has been worked on."""
    return periods.newest(Enrolment.objects.all(), "year").year


def asked_year(request: HttpRequest, user: User) -> QueryDict:
    """The address with the year that the user's region worked on last where it has none."""
    return periods.asked(request, in_region(user, Enrolment.objects.all(), "region_id"), "year")


def day_of(year: int) -> date:
    """The day on which a year's population is counted: today, or the last day of a past year."""
    return min(timezone.localdate(), date(year, 12, 31))


def status_q(status: str) -> Q:
    """Persons (with the relation `e` of a year) in a status of `STATUSES`."""
    is_covered = covered("e__")
    conditions = {
        "resident": is_covered & Q(e__insurance=Insurance.RESIDENT),
        "employee": Q(e__insurance=Insurance.EMPLOYEE),
        "elsewhere": Q(e__insurance=Insurance.ELSEWHERE),
        "unpaid": Q(e__insurance=Insurance.RESIDENT) & ~is_covered,
        "unregistered": Q(e__id=None) | Q(e__insurance=Insurance.NONE),
    }
    conditions["uninsured"] = conditions["unpaid"] | conditions["unregistered"]
    return conditions[status]


def people(
    user: User, *, region: Region, year: int, population: str = "hardship", department: str = "", status: str = ""
) -> QuerySet[Person]:
    """Living persons of a population in a region with their row of the year as relation `e`."""
    day = day_of(year)
    held = CategorySpell.objects.on(day).filter(person=OuterRef("pk"), category__in=POPULATIONS[population][1])
    held = held.filter(department=department) if department else held
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    found = access.in_region(user, Person.objects.all(), "region_id").filter(
        Exists(held), Q(deceased_on=None) | Q(deceased_on__gt=day), region_id__gte=low, region_id__lte=high
    )
    found = found.annotate(e=FilteredRelation("enrolments", condition=Q(enrolments__year=year)))
    return found.filter(status_q(status)) if status else found


def people_rows(user: User, **filters: Any) -> QuerySet[Person]:
    """As `people`, with what a list shows: region, present categories, the year's figures. Three queries with both."""
    spells = CategorySpell.objects.on(day_of(filters["year"]))
    names = ("insurance", "tier", "base", "fund", "county_finance", "due", "paid", "other_paid", "refunded")
    return (
        people(user, **filters)
        .select_related("region")
        .prefetch_related(Prefetch("spells", spells, to_attr="held"))
        .annotate(**{f"e_{name}": F(f"e__{name}") for name in names})
    )


# --- the ledger -----------------------------------------------------------------------------------------------------
@dataclass
class LedgerRow:
    """Numbers of a place: persons by status; amounts in fen; rates in basis points (None where nobody lives)."""

    code: str
    name: str
    people: int = 0
    resident: int = 0
    employee: int = 0
    elsewhere: int = 0
    unpaid: int = 0
    unregistered: int = 0
    next_covered: int = 0
    fund: int = 0
    county_finance: int = 0
    due: int = 0
    other_paid: int = 0

    @property
    def uninsured(self) -> int:
        return self.unpaid + self.unregistered

    @property
    def rate(self) -> int | None:
        return rate(self.people - self.uninsured, self.people)

    @property
    def next_rate(self) -> int | None:
        return rate(self.next_covered, self.people)


def rate(part: int | None, whole: int | None) -> int | None:
    """Basis points, rounded down: 99.996 % is no 100 %."""
    return part * 10_000 // whole if whole and part is not None else None


_SUMS = ("fund", "county_finance", "due", "other_paid")
_COUNTS = ("resident", "employee", "elsewhere", "unpaid", "unregistered")


def ledger(user: User, *, region: Region, year: int, population: str) -> tuple[list[LedgerRow], LedgerRow]:
    """Rows by the places below the region, and their sum: two queries (places, numbers of this year and the next)."""
    digits = {Level.COUNTY: 9, Level.TOWNSHIP: 12, Level.VILLAGE: 12}.get(Level(region.level), 6)
    found = people(user, region=region, year=year, population=population).annotate(
        f=FilteredRelation("enrolments", condition=Q(enrolments__year=year + 1)), place=Left("region_id", digits)
    )
    counted = (
        found.order_by()
        .values("place")
        .annotate(
            people=Count("id"),
            next_covered=Count("id", filter=covered("f__")),
            **{name: Count("id", filter=status_q(name)) for name in _COUNTS},
            **{f"sum_{name}": Sum(f"e__{name}") for name in _SUMS},
        )
    )
    numbers = {row["place"]: row for row in counted}
    codes = [place.ljust(12, "0") for place in numbers]
    names = dict(Region.objects.filter(code__in=codes).values_list("code", "name"))
    rows = [_row(place, numbers[place], names) for place in sorted(numbers)]
    total = LedgerRow(region.code, region.name)
    for row in rows:
        for name in ("people", "next_covered", *_COUNTS, *_SUMS):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    return rows, total


def _row(place: str, row: dict[str, Any], names: dict[str, str]) -> LedgerRow:
    code = place.ljust(12, "0")
    values = {name: row[name] for name in ("people", "next_covered", *_COUNTS)}
    return LedgerRow(code, names.get(code, code), **values, **{name: row[f"sum_{name}"] or 0 for name in _SUMS})


@dataclass
class TargetRow:
    """A target of the text beside what is reached: basis points."""

    target: Target
    reached: int | None
    population: str
    both_years: bool = False
    next_reached: int | None = None

    @property
    def met(self) -> bool | None:
        if self.reached is None:
            return None
        return self.reached >= self.target.value and (
            not self.both_years or (self.next_reached or 0) >= self.target.value
        )


def target_rows(user: User, *, region: Region, year: int) -> list[TargetRow]:
    """The targets of the region's document, each with the rate of its population."""
    rows = []
    for target in law.targets(region.code, year):
        population = population_of(target)
        if population:
            _rows, total = ledger(user, region=region, year=year, population=population)
            rows.append(TargetRow(target, total.rate, population, "下一年度" in target.name, total.next_rate))
        else:
            rows.append(TargetRow(target, residents(region, year).rate, ""))
    return rows


@dataclass
class Residents:
    """All residents of a region and how many of them are insured, as entered; the source says where from."""

    residents: int | None = None
    insured: int | None = None
    sources: list[str] = field(default_factory=list)

    @property
    def rate(self) -> int | None:
        return rate(self.insured, self.residents)


def residents(region: Region, year: int) -> Residents:
    """The region's own figures, or the sum of those of the counties below it."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    rows = list(RegionYear.objects.filter(year=year, region_id__gte=low, region_id__lte=high, residents__isnull=False))
    own = [row for row in rows if row.region_id == region.code]
    used = own or [row for row in rows if row.insured is not None]
    if not used:
        return Residents()
    insured = [row.insured for row in used if row.insured is not None]
    return Residents(
        sum(row.residents or 0 for row in used), sum(insured) if insured else None, sorted({row.source for row in used})
    )


@dataclass
class DepartmentRow:
    """Who certifies is responsible (S1-03)."""

    department: str
    label: str
    people: int
    uninsured: int


def by_department(user: User, *, region: Region, year: int, population: str) -> list[DepartmentRow]:
    """Uninsured persons by the department that certifies them: one query."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    day = day_of(year)
    spells = access.in_region(user, CategorySpell.objects.on(day), "person__region_id").filter(
        Q(person__deceased_on=None) | Q(person__deceased_on__gt=day),
        person__region_id__gte=low,
        person__region_id__lte=high,
        category__in=POPULATIONS[population][1],
    )
    counted = (
        spells.annotate(e=FilteredRelation("person__enrolments", condition=Q(person__enrolments__year=year)))
        .order_by()
        .values("department")
        .annotate(people=Count("person", distinct=True), insured=Count("person", distinct=True, filter=covered("e__")))
    )
    return sorted(
        (
            DepartmentRow(
                row["department"],
                str(Department(row["department"]).label),
                row["people"],
                row["people"] - row["insured"],
            )
            for row in counted
        ),
        key=lambda one: -one.uninsured,
    )


# --- monasteries, one person ------------------------------------------------------------------------------------------
def monasteries(user: User, year: int) -> list[dict[str, Any]]:
    """S0-20: by monastery its monks and nuns, how many are insured in the year, how many are commended; at the end
    those whose roster named no monastery: two queries."""
    day = day_of(year)
    living = Q(person__deceased_on=None) | Q(person__deceased_on__gt=day)
    of_year = Q(person__enrolments__year=year)
    counts = {
        "people": Count("person", distinct=True),
        "insured": Count("person", distinct=True, filter=covered("e__")),
    }
    marks = user.visible(PersonMark).filter(kind=PersonMark.Kind.MONASTERY, since__lte=day)
    marks = marks.filter(living, Q(until=None) | Q(until__gte=day))
    found = list(
        marks.annotate(e=FilteredRelation("person__enrolments", condition=of_year))
        .order_by()
        .values("detail")
        .annotate(**counts, commended_count=Count("person", distinct=True, filter=Q(commended=True)))
        .order_by("detail")
    )
    held = access.in_region(user, CategorySpell.objects.on(day), "person__region_id").filter(
        living, category__in=POPULATIONS["monastic"][1]
    )
    rest = held.exclude(person__in=marks.values("person")).annotate(
        e=FilteredRelation("person__enrolments", condition=of_year)
    )
    named = {"detail": str(_("（名单未写明寺庙）")), "commended_count": 0}
    by_category = rest.order_by().values("category").annotate(**counts)
    return found + [named | {name: row[name] for name in counts} for row in by_category]


def insured(today: date) -> Subquery:
    """For an annotation of persons: year, insurance and whether it is `covered`, of the newest year up to the next."""
    rows = Enrolment.objects.filter(person=OuterRef("pk"), year__lte=today.year + 1).order_by("-year")
    told = Case(When(covered(), then=Value(True)), default=Value(False))
    return Subquery(rows.values(found=JSONObject(year="year", insurance="insurance", covered=told))[:1])


def years_of(person: Person) -> Sequence[Enrolment]:
    """The person's years, newest first, with law and delivery; of a page that asks several times one query."""
    rows = person.enrolments.select_related("version", "group", "relayed_in", "region")
    rows = rows.defer("version__body", "relayed_in__body").order_by("-year")
    return once(("enrolments", person.pk), lambda: list(rows))
