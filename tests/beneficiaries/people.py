"""Persons entered by hand and certified on paper, for tests."""

from datetime import date

from accounts.models import Region
from beneficiaries import services
from beneficiaries.models import CategorySpell, Person
from beneficiaries.spells import services as spells
from tests.beneficiaries.rosters import number

TOWN = "150521100000"


def made(n: int, name: str = "曾玉兰", **more) -> Person:
    region = Region.objects.get(code=more.pop("region", TOWN))
    return services.register_person(actor=None, id_number=number(n), name=name, region=region, **more)


def certified(person: Person, first: date, last: date | None = None, category: str = "subsistence") -> CategorySpell:
    return spells.certify_by_hand(
        actor=None,
        person=person,
        category=category,
        department="civil_affairs",
        valid_from=first,
        valid_to=last,
        evidence="民救〔2023〕5号",
    )
