"""A stored claim as the engine reads it, and what it came to, as rows of integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from policies.engine import chain as ch
from policies.engine.codes import CATEGORY_CODES, LOCATION_INDEX, REFERRAL_INDEX, SERVICE_INDEX
from policies.engine.settlement import STATE_FIELDS, code_of
from policies.engine.table import YearTable
from policies.models import PolicyVersion

RESIDENT: Final = "390"
EMPLOYEE: Final = "310"
# Columns of PersonYear that add up the year, in the order in which they are kept here.
SUMS: Final = (
    "claims",
    "total",
    "in_scope",
    "basic_paid",
    "cii_paid",
    "assistance",
    "out_of_catalogue_assistance",
    "top_up",
    "in_scope_burden",
    "personal_burden",
    "measure",
)


@dataclass(slots=True)
class PersonYearRow:
    """The locked accumulator: `sums` in the order of SUMS, `last` the claim that is last in the year's order."""

    pk: int
    person_id: int
    year: int
    state: dict[str, int]
    sums: list[int]
    last: tuple[date, str] | None
    region_id: str
    version_id: int | None


@dataclass(slots=True)
class Ruling:
    """What governs a claim: version, figures and the table of the year."""

    version: PolicyVersion
    figures_id: int
    table: YearTable
    measure: str


@dataclass(slots=True)
class Fact:
    """A claim with its current settlement, if it has one (`steps` and `version_id` of that)."""

    pk: int
    year_id: int
    person_id: int
    region_id: str
    claim_no: str
    settled_on: date
    service: str
    location: str
    hospital_level: int
    charge_class: int
    referred: str
    major_disease: bool
    control_waived: bool
    chronic_management: str
    insurance: str
    total: int
    in_scope: int
    out_of_catalogue: int
    basic_paid: int
    other_paid: int
    platform_cii: int | None
    settlement_id: int | None = None
    version_id: int | None = None
    steps: list[int] = field(default_factory=list)

    @property
    def given_cii(self) -> int | None:
        """An employee's own critical-illness payment, which assistance follows; None for residents."""
        return (self.platform_cii or 0) if self.insurance == EMPLOYEE else None


def after(steps: Sequence[int]) -> list[int]:
    """The person's state after a settled claim, chain.S_…."""
    return list(steps[ch.O_STATE : ch.O_STATE + ch.STATE_SIZE])


def vector(fact: Fact, valid: int, approved: int) -> list[int]:
    """The claim in the order of chain.C_…."""
    given = fact.given_cii
    return [
        SERVICE_INDEX[fact.service],
        LOCATION_INDEX[fact.location],
        fact.hospital_level - 1,
        fact.charge_class - 1,
        REFERRAL_INDEX[fact.referred],
        int(fact.major_disease),
        int(fact.control_waived),
        int(fact.chronic_management == "annual"),
        fact.total,
        fact.in_scope,
        fact.out_of_catalogue,
        fact.basic_paid,
        fact.other_paid,
        -1 if given is None else given,
        valid,
        approved,
    ]


@dataclass(slots=True)
class Outcome:
    """What the engine made of a claim."""

    fact: Fact
    ruling: Ruling
    before: list[int]
    steps: list[int]
    spell_ids: list[int]
    approved: int

    @property
    def category(self) -> str:
        return code_of(self.steps[ch.O_CATEGORY])

    @property
    def after(self) -> list[int]:
        return after(self.steps)

    @property
    def approved_codes(self) -> list[str]:
        return [code for i, code in enumerate(CATEGORY_CODES) if self.approved >> i & 1]

    def same_as_held(self) -> bool:
        """Whether the claim's current settlement says the same, step by step, under the same version."""
        return self.fact.steps == self.steps and self.fact.version_id == self.ruling.version.pk


def contributions(fact: Fact, steps: Sequence[int], measure: str) -> tuple[int, ...]:
    """What a settled claim adds to the sums of its year, in the order of SUMS."""
    return (
        1,
        fact.total,
        fact.in_scope,
        fact.basic_paid,
        steps[ch.O_CII],
        steps[ch.O_ASSISTANCE],
        steps[ch.O_OUT_ASSISTANCE],
        steps[ch.O_TOP_UP],
        steps[ch.O_IN_SCOPE_BURDEN],
        steps[ch.O_PERSONAL_BURDEN],
        measured(fact, steps, measure),
    )


def measured(fact: Fact, steps: Sequence[int], measure: str) -> int:
    """What a settled claim adds to the measure of the policy's warning lines (settlement: Warnings)."""
    if measure == "personal_burden":
        return steps[ch.O_PERSONAL_BURDEN]
    if measure == "total_after_insurance":
        return fact.total - fact.basic_paid - steps[ch.O_CII]
    if measure == "in_scope_after_insurance":
        return fact.in_scope - fact.basic_paid - steps[ch.O_CII]
    return 0


def state_list(stored: Mapping[str, int]) -> list[int]:
    """A stored state in the order of chain.S_…; zero on 1 January."""
    return [stored.get(name, 0) for name in STATE_FIELDS]
