"""Persons, spells and years of enrolment for tests. Amounts in yuan; every number and name is made up."""

from datetime import date

from accounts.vocabulary import CERTIFIES
from beneficiaries.enrolment.computing import compute_county
from beneficiaries.enrolment.models import Contribution, Enrolment
from beneficiaries.models import CategorySpell, Person
from tests.claims.makers import make_person

COUNTY = "150521000000"
TOWNSHIP = "150521100000"


def person(*categories: str, region: str = TOWNSHIP, since: str = "2022-01-01", name: str = "乌云其其格") -> Person:
    one = make_person(region=region, name=name)
    for category in categories:
        spell(one, category, since)
    return one


def spell(one: Person, category: str, since: str = "2022-01-01", until: str | None = None) -> CategorySpell:
    department = next(code for code, certified in CERTIFIES.items() if category in certified)
    return CategorySpell.objects.create(
        person=one,
        category=category,
        department=department,
        region_id=one.region_id,
        valid_from=date.fromisoformat(since),
        valid_to=date.fromisoformat(until) if until else None,
    )


def compute(year: int = 2023, county: str = COUNTY) -> dict[str, int]:
    return compute_county(county, year)


def pay(one: Person, amount: float, *, year: int = 2023, on: str = "2022-11-05", **more: str) -> Contribution:
    """Money as tax reports it; enrolment is computed when a test does so."""
    return Contribution.objects.create(
        person=one,
        region_id=one.region_id,
        id_number=one.id_number,
        id_key=one.id_key,
        name=one.name,
        year=year,
        amount=round(amount * 100),
        paid_on=date.fromisoformat(on),
        **more,
    )


def row(one: Person, year: int = 2023) -> Enrolment:
    return Enrolment.objects.get(person=one, year=year)


def shares(one: Person, year: int = 2023) -> tuple[str, int, int, int]:
    """(category, fund, county finance, due) in yuan."""
    found = row(one, year)
    return found.category, found.fund // 100, found.county_finance // 100, found.due // 100
