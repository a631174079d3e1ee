"""Facts for scans: persons with categories, claims with what the chain left of them, and the year's accumulator."""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

from accounts.models import Level, Region
from accounts.vocabulary import CERTIFIES
from beneficiaries.models import CategorySpell, Person, id_key, tail_key
from claims.models import Claim, PersonYear, Settlement
from monitoring.lines import lines_of
from policies.models import PolicyVersion
from policies.services import figures_now

CASES = Path(__file__).resolve().parent.parent / "policies" / "cases"
COUNTY = "150521000000"
DAY = date(2023, 5, 31)


def fen(text: str) -> int:
    """`12.30` → 1230."""
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def number(at: int, first: str = "15052119800101") -> str:
    """A well-formed identity number: the order number `at` and its check digit."""
    body = f"{first}{at:03}"
    return body + "10X98765432"[sum(int(c) * 2 ** (17 - i) for i, c in enumerate(body)) % 11]


def make_places(code: str) -> Region:
    """The region with what is above it."""
    parent = None
    for digits, level in ((2, Level.PROVINCE), (4, Level.PREFECTURE), (6, Level.COUNTY)):
        place = code[:digits].ljust(12, "0")
        parent, _ = Region.objects.get_or_create(
            code=place, defaults={"name": f"地区{place[:digits]}", "level": level, "parent": parent}
        )
        if place == code:
            break
    return Region.objects.get(code=code)


def make_person(number: str, *, region: str = COUNTY, rural: bool = True, name: str = "乌云其其格") -> Person:
    return Person.objects.create(
        id_number=number,
        id_key=id_key(number),
        tail_key=tail_key(number),
        name=name,
        region_id=region,
        rural=rural,
        phone="13900000000",
    )


def certifier(category: str) -> str:
    return next(department for department, categories in CERTIFIES.items() if category in categories)


def make_spell(person: Person, category: str, valid_from=date(2022, 1, 1), valid_to=None) -> CategorySpell:
    return CategorySpell.objects.create(
        person=person,
        category=category,
        department=certifier(category),
        region_id=person.region_id,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def make_year(person: Person, yuan: int | float, *, last: date = DAY, region: str = "") -> PersonYear:
    """The accumulator alone, as settlements left it."""
    return PersonYear.objects.update_or_create(
        person=person,
        year=last.year,
        defaults={
            "region_id": region or person.region_id,
            "measure": round(yuan * 100),
            "claims": 1,
            "last_settled_on": last,
        },
    )[0]


def make_warned(number: str, yuan: int | float, category: str = "subsistence_margin", **more) -> Person:
    """A person with one category and so much on the year's account."""
    person = make_person(number, **more)
    make_spell(person, category)
    make_year(person, yuan)
    return person


def read(policy: str, name: str) -> list[dict[str, str]]:
    with (CASES / policy / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def load_case(policy: str, version: PolicyVersion, region: str) -> dict[str, Person]:
    """A case of the golden files in the database: claims with their expected amounts, accumulators of each year."""
    measure = lines_of(version, date(2024, 1, 1)).table.measure
    persons = _case_persons(policy, region)
    settled = {row["claim_no"]: row for row in read(policy, "settle")}
    claims, years = [], defaultdict(list)
    for row in read(policy, "claims"):
        if row["claim_no"] not in settled or row["id_number"] not in persons:
            continue
        claim = _case_claim(row, persons[row["id_number"]], region)
        claims.append(claim)
        years[claim.person_id, claim.settled_on.year].append(claim)
    Claim.objects.bulk_create(claims)
    figures = figures_now(version)
    amounts = {}
    settlements = []
    for claim in claims:
        row = settled[claim.claim_no]
        one = Settlement(
            claim=claim,
            version=version,
            figures=figures,
            category=row["category"],
            cii_paid=fen(row["cii_paid"]),
            personal_burden=fen(row["personal_burden"]),
        )
        settlements.append(one)
        amounts[claim.pk] = {
            "personal_burden": one.personal_burden,
            "total_after_insurance": claim.total - claim.basic_paid - one.cii_paid,
            "in_scope_after_insurance": claim.in_scope - claim.basic_paid - one.cii_paid,
        }[measure]
    Settlement.objects.bulk_create(settlements)
    PersonYear.objects.bulk_create(
        PersonYear(
            person_id=person,
            year=year,
            region_id=region,
            claims=len(found),
            measure=sum(amounts[claim.pk] for claim in found),
            last_settled_on=max(claim.settled_on for claim in found),
        )
        for (person, year), found in years.items()
    )
    return persons


def _case_persons(policy: str, region: str) -> dict[str, Person]:
    made = Person.objects.bulk_create(
        Person(
            id_number=row["id_number"],
            id_key=id_key(row["id_number"]),
            tail_key=tail_key(row["id_number"]),
            name="测试",
            region_id=region,
            rural=row["rural"] == "yes",
        )
        for row in read(policy, "persons")
    )
    persons = {person.id_number: person for person in made}
    spells = {}
    for row in read(policy, "categories"):
        first = date.fromisoformat(row["valid_from"])
        last = date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
        if row["id_number"] not in persons or (last and last < first):
            continue
        person = persons[row["id_number"]]
        # The register refuses overlaps of one category; the union of both is what they say together.
        for key, (other_first, other_last) in list(spells.items()):
            if key[:2] == (person.pk, row["category"]) and (
                (other_last is None or first <= other_last) and (last is None or other_first <= last)
            ):
                first = min(first, other_first)
                last = None if last is None or other_last is None else max(last, other_last)
                del spells[key]
        spells[person.pk, row["category"], first] = (first, last)
    CategorySpell.objects.bulk_create(
        CategorySpell(
            person_id=person,
            category=category,
            department=certifier(category),
            region_id=region,
            valid_from=first,
            valid_to=last,
        )
        for (person, category, _), (first, last) in spells.items()
    )
    return persons


def _case_claim(row: dict[str, str], person: Person, region: str) -> Claim:
    return Claim(
        claim_no=row["claim_no"],
        person=person,
        region_id=region,
        service=row["service"],
        settled_on=date.fromisoformat(row["settled_on"]),
        hospital_level=int(row["hospital_level"]),
        charge_class=int(row["charge_class"]),
        location=row["location"],
        referred=row["referred"],
        total=fen(row["total"]),
        in_scope=fen(row["in_scope"]),
        out_of_catalogue=fen(row["out_of_catalogue"]),
        basic_paid=fen(row["basic_paid"]),
        other_paid=fen(row["other_paid"]),
    )
