"""A stored claim as the engine reads it, and what it came to, as rows of integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from policies.engine.chain import Assistance, Control, CriticalIllness, Facts, State, Steps, TopUp
from policies.engine.codes import CATEGORY_CODES, LOCATION_INDEX, REFERRAL_INDEX, SERVICE_INDEX
from policies.engine.settlement import code_of
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
    steps: Steps | None = None

    @property
    def given_cii(self) -> int | None:
        """An employee's own critical-illness payment, which assistance follows; None for residents."""
        return (self.platform_cii or 0) if self.insurance == EMPLOYEE else None


def fact_of(claim: Any) -> Fact:
    """A stored claim (`claims.models.Claim`) as a fact, without its settlement."""
    names = [name for name in Fact.__slots__ if name not in ("pk", "year_id", "settlement_id", "version_id", "steps")]
    return Fact(pk=claim.pk, year_id=0, **{name: getattr(claim, name) for name in names})


# --- the trace as it is stored ---------------------------------------------------------------------------------------
def flat(steps: Steps) -> list[int]:
    """The trace of one claim as a row of integers, in the order of the engine's own fields (LAYOUT)."""
    return [
        steps.category,
        steps.total,
        *steps.control,
        *steps.cii,
        *steps.assistance,
        steps.outside,
        *steps.top_up,
        steps.in_scope_burden,
        steps.personal_burden,
        steps.spare,
        *steps.state,
    ]


def unflat(row: Sequence[int]) -> Steps:
    """The reverse of `flat`."""
    numbers = iter(row)

    def take(count: int) -> list[int]:
        return [next(numbers) for _ in range(count)]

    return Steps(
        *take(2),
        Control(*take(len(Control._fields))),
        CriticalIllness(*take(len(CriticalIllness._fields))),
        Assistance(*take(len(Assistance._fields))),
        *take(1),
        TopUp(*take(len(TopUp._fields))),
        *take(3),
        State(*take(len(State._fields))),
    )


def facts_of(fact: Fact, valid: int, approved: int) -> Facts:
    """The claim as the engine reads it, with the masks of the categories held and approved on the day."""
    given = fact.given_cii
    return Facts(
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
    )


@dataclass(slots=True)
class Outcome:
    """What the engine made of a claim."""

    fact: Fact
    ruling: Ruling
    facts: Facts
    before: State
    steps: Steps
    spell_ids: list[int]

    @property
    def category(self) -> str:
        return code_of(self.steps.category)

    @property
    def approved_codes(self) -> list[str]:
        return [code for i, code in enumerate(CATEGORY_CODES) if self.facts.approved >> i & 1]

    def same_as_held(self) -> bool:
        """Whether the claim's current settlement says the same, step by step, under the same version."""
        return self.fact.steps == self.steps and self.fact.version_id == self.ruling.version.pk


def contributions(fact: Fact, steps: Steps, measure: str) -> tuple[int, ...]:
    """What a settled claim adds to the sums of its year, in the order of SUMS."""
    return (
        1,
        fact.total,
        fact.in_scope,
        fact.basic_paid,
        steps.cii.paid,
        steps.assistance.paid,
        steps.outside,
        steps.top_up.paid,
        steps.in_scope_burden,
        steps.personal_burden,
        measured(fact, steps, measure),
    )


def measured(fact: Fact, steps: Steps, measure: str) -> int:
    """What a settled claim adds to the measure of the policy's warning lines (settlement: Warnings); 0 without any."""
    if measure == "personal_burden":
        return steps.personal_burden
    if measure == "total_after_insurance":
        return fact.total - fact.basic_paid - steps.cii.paid
    return steps.cii.rest if measure == "in_scope_after_insurance" else 0


def state_of(stored: Mapping[str, int]) -> State:
    """A stored state; zero on 1 January."""
    return State.from_dict(stored)
