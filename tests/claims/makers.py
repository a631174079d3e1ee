"""Persons, spells and claims for tests of claims. Amounts in yuan; every number and name is made up."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import count
from pathlib import Path

from django.core.management import call_command

from beneficiaries.models import CategorySpell, Person, id_key, tail_key
from claims.models import Claim, PersonYear, Settlement
from claims.services import NewClaim, record_claim
from policies.engine.money import format_yuan

DATA = Path(__file__).resolve().parents[1] / "data" / "tongliao-small"
COUNTY = "150521000000"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_numbers = count(1)
# The columns of the file command's output, and where they stand in a settlement.
RESULT = (
    "category",
    "cii_paid",
    "assistance",
    "out_of_catalogue_assistance",
    "top_up",
    "institution_borne",
    "over_control",
    "in_scope_burden",
    "personal_burden",
)


def identity_number(n: int | None = None) -> str:
    """A right 18-digit number of Horqin Left Middle Banner."""
    n = next(_numbers) if n is None else n
    body = f"150521{1950 + n // 1000:04d}0101{n % 1000:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def make_person(number: str = "", region: str = COUNTY, name: str = "乌云其其格") -> Person:
    number = number or identity_number()
    return Person.objects.create(
        id_number=number, id_key=id_key(number), tail_key=tail_key(number), name=name, region_id=region
    )


def make_spell(
    person: Person, category: str, first: str = "2022-01-01", last: str | None = None, department: str = "civil_affairs"
) -> CategorySpell:
    return CategorySpell.objects.create(
        person=person,
        category=category,
        department=department,
        region_id=person.region_id,
        valid_from=date.fromisoformat(first),
        valid_to=date.fromisoformat(last) if last else None,
    )


def fen(yuan: float | str) -> int:
    return round(float(yuan) * 100)


def new_claim(day: str, in_scope: float, basic: float = 0, outside: float = 0, **more: object) -> NewClaim:
    """An inpatient bill of a level-3 hospital in the city."""
    values: dict[str, object] = {
        "service": "inpatient",
        "settled_on": date.fromisoformat(day),
        "hospital_level": 3,
        "location": "city",
        "total": fen(in_scope + outside),
        "in_scope": fen(in_scope),
        "out_of_catalogue": fen(outside),
        "basic_paid": fen(basic),
        **more,
    }
    return NewClaim(**values)  # type: ignore[arg-type]


def record(person: Person, day: str, in_scope: float, basic: float = 0, outside: float = 0, **more: object) -> Claim:
    return record_claim(actor=None, person=person, claim=new_claim(day, in_scope, basic, outside, **more))


def now(claim: Claim) -> Settlement:
    """The settlement in force."""
    return claim.settlements.get(superseded_at=None)


def results() -> dict[str, tuple[str, ...]]:
    """What every claim in the database came to, as the file command writes it."""
    return {row.claim.claim_no: result(row) for row in current()}


def current() -> Iterable[Settlement]:
    return Settlement.objects.filter(superseded_at=None).select_related("claim")


def result(row: Settlement) -> tuple[str, ...]:
    money = {name: format_yuan(getattr(row, name)) for name in RESULT if name not in ("category", "over_control")}
    told = money | {"category": row.category, "over_control": "yes" if row.over_control else "no"}
    return tuple(told[name] for name in RESULT)


def expected(path: Path) -> dict[str, tuple[str, ...]]:
    """A `settle` output by claim number; year-end rows left out."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["claim_no"]: tuple(row[name] for name in RESULT)
            for row in csv.DictReader(file)
            if not row["claim_no"].startswith("YEAREND-")
        }


def import_claims(path: Path, region: str = "150500", *options: str) -> dict[str, str]:
    """Runs the command; what it printed, by word."""
    printed = io.StringIO()
    call_command("import_claims", str(path), "--region", region, *options, stdout=printed)
    line = printed.getvalue()
    assert line.count("\n") == 1
    return dict(part.split("=") for part in line.split())


def write_csv(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def snapshot() -> dict[tuple[int, int], tuple[object, ...]]:
    """The accumulators by (person, year)."""
    fields = ("claims", "total", "cii_paid", "assistance", "top_up", "in_scope_burden", "personal_burden", "measure")
    return {(y.person_id, y.year): (*(getattr(y, name) for name in fields), y.state) for y in PersonYear.objects.all()}
