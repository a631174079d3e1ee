"""One claim, interpreted: facts in, amounts with their whole working out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from . import chain as ch
from .codes import (
    CATEGORY_CODES,
    CATEGORY_INDEX,
    LOCATION_INDEX,
    NONE,
    REFERRAL_INDEX,
    SERVICE_INDEX,
)
from .errors import ClaimRefused
from .money import format_yuan
from .table import Rules, YearTable

if TYPE_CHECKING:
    from .lines import Line


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, field by field as the file has it; money in fen.

    `referred` may also be `excepted`: a reviewer recorded an exception (S1-23). `given_cii` is the platform's own
    critical-illness payment of an employee (`hifob_pay`), None for residents.
    """

    claim_no: str
    service: str
    settled_on: date
    hospital_level: int
    charge_class: int
    location: str
    referred: str
    major_disease: bool
    control_waived: bool
    chronic_management: str
    total: int
    in_scope: int
    out_of_catalogue: int
    basic_paid: int
    other_paid: int
    given_cii: int | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """A category of a person from a day to a day (both included; open without `valid_to`)."""

    category: str
    valid_from: date
    valid_to: date | None = None
    approved: bool = False

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class State:
    """What one person's calendar year has used up so far, in fen; zero on 1 January.

    `deductible_base` serves most policies; the two others are the bases of further locations (version 2021 of
    Yangcheng). `major_seen` is 1 once a claim with a major disease was settled.
    """

    cii_base: int = 0
    cii_paid: int = 0
    deductible_base: int = 0
    deductible_base_2: int = 0
    deductible_base_3: int = 0
    assist_paid: int = 0
    assist_major_paid: int = 0
    topup_base: int = 0
    topup_paid: int = 0
    annual_base: int = 0
    major_seen: int = 0

    def to_dict(self) -> dict[str, int]:
        """Plain integers by name, for storing."""
        return {name: getattr(self, name) for name in STATE_FIELDS}

    @classmethod
    def from_dict(cls, stored: Mapping[str, int]) -> State:
        """The reverse; names not stored are zero, unknown names are refused (ValueError)."""
        unknown = set(stored) - set(STATE_FIELDS)
        if unknown:
            raise ValueError(f"unknown state: {sorted(unknown)}")
        return cls(**stored)


STATE_FIELDS = tuple(f.name for f in fields(State))
assert len(STATE_FIELDS) == ch.STATE_SIZE  # noqa: S101 - the order is that of the chain's S_ offsets


@dataclass(frozen=True)
class Settlement:
    """What a claim comes to. Amounts in fen; `category` the winner's code or `none`; `state` after the claim.

    `candidates` pairs every category considered with the sum that it would have received; `valid` is the mask of all
    categories held on the day. `lines` is the working.
    """

    table: YearTable
    claim: Claim
    before: State
    state: State
    steps: list[int]
    candidates: tuple[tuple[str, int], ...]
    valid: int

    @property
    def category(self) -> str:
        return code_of(self.steps[ch.O_CATEGORY])

    @property
    def cii_paid(self) -> int:
        return self.steps[ch.O_CII]

    @property
    def assistance(self) -> int:
        return self.steps[ch.O_ASSISTANCE]

    @property
    def out_of_catalogue_assistance(self) -> int:
        return self.steps[ch.O_OUT_ASSISTANCE]

    @property
    def top_up(self) -> int:
        return self.steps[ch.O_TOP_UP]

    @property
    def institution_borne(self) -> int:
        return self.steps[ch.O_BORNE]

    @property
    def over_control(self) -> bool:
        return self.steps[ch.O_OVER_CONTROL] == 1

    @property
    def in_scope_burden(self) -> int:
        return self.steps[ch.O_IN_SCOPE_BURDEN]

    @property
    def personal_burden(self) -> int:
        return self.steps[ch.O_PERSONAL_BURDEN]

    @property
    def unused_other(self) -> int:
        """Other payments beyond what was left to pay: nobody's cost, so the account of the claim still closes."""
        return self.steps[ch.O_UNUSED_OTHER]

    @cached_property
    def lines(self) -> list[Line]:
        from .lines import lines_of

        return lines_of(self)


@dataclass(frozen=True)
class YearEnd:
    """The one payment of quota-managed chronic care at year end (S4-06); None when nothing was gathered."""

    table: YearTable
    year: int
    base: int
    state: State
    steps: list[int]

    @property
    def category(self) -> str:
        return code_of(self.steps[ch.O_CATEGORY])

    @property
    def assistance(self) -> int:
        return self.steps[ch.O_ASSISTANCE]

    @property
    def in_scope_burden(self) -> int:
        return -self.assistance

    @property
    def personal_burden(self) -> int:
        return -self.assistance

    @cached_property
    def lines(self) -> list[Line]:
        from .lines import year_end_lines

        return year_end_lines(self)


def code_of(index: int) -> str:
    return NONE if index == len(CATEGORY_CODES) else CATEGORY_CODES[index]


def year_end_number(id_number: str, year: int) -> str:
    """`YEAREND-<id_number>-<year>`, the claim number of a year-end row."""
    return f"YEAREND-{id_number}-{year}"


def masks_of(spells: Iterable[Spell], day: date) -> tuple[int, int]:
    """Bit masks of the categories valid on `day`, and of those approved."""
    valid = approved = 0
    for spell in spells:
        if spell.covers(day):
            bit = 1 << CATEGORY_INDEX[spell.category]
            valid |= bit
            if spell.approved:
                approved |= bit
    return valid, approved


def check_money(total: int, in_scope: int, out_of_catalogue: int, basic_paid: int) -> None:
    """Raise ClaimRefused unless basic_paid ≤ in_scope and in_scope + out_of_catalogue ≤ total."""
    if basic_paid > in_scope:
        reason = f"基本医保支付大于政策范围内费用 {format_yuan(in_scope)}，请核对两项金额"
        raise ClaimRefused("basic_paid", format_yuan(basic_paid), reason)
    if in_scope + out_of_catalogue > total:
        parts = f"政策范围内费用 {format_yuan(in_scope)} 与目录外费用 {format_yuan(out_of_catalogue)}"
        reason = f"总费用小于{parts}之和，请核对"
        raise ClaimRefused("total", format_yuan(total), reason)


def vector_of(claim: Claim, spells: Iterable[Spell]) -> list[int]:
    """The claim as the chain reads it. Raises ClaimRefused for what must not be settled."""
    for name in ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid"):
        if getattr(claim, name) < 0:
            raise ClaimRefused(name, format_yuan(getattr(claim, name)), "金额不能为负数")
    check_money(claim.total, claim.in_scope, claim.out_of_catalogue, claim.basic_paid)
    given = -1 if claim.given_cii is None else claim.given_cii
    if given > claim.in_scope - claim.basic_paid:
        raise ClaimRefused("given_cii", format_yuan(given), "职工大额医疗补助大于基本医保后的政策范围内自付，请核对")
    valid, approved = masks_of(spells, claim.settled_on)
    return [
        SERVICE_INDEX[claim.service],
        LOCATION_INDEX[claim.location],
        claim.hospital_level - 1,
        claim.charge_class - 1,
        REFERRAL_INDEX[claim.referred],
        int(claim.major_disease),
        int(claim.control_waived),
        int(claim.chronic_management == "annual"),
        claim.total,
        claim.in_scope,
        claim.out_of_catalogue,
        claim.basic_paid,
        claim.other_paid,
        given,
        valid,
        approved,
    ]


def settle_claim(rules: Rules, state: State, claim: Claim, spells: Iterable[Spell]) -> Settlement:
    """Settle one claim from the state of the person's year before it.

    Raises ClaimRefused, NoVersion, MissingParameter.
    """
    table = rules.table_on(claim.settled_on)
    vector = vector_of(claim, spells)
    running = [getattr(state, name) for name in STATE_FIELDS]
    best = [-1] * ch.BEST_SIZE
    ch.settle(table.values, vector, running, [0] * ch.OUT_SIZE, best)
    considered = tuple(
        (code_of(index), best[ch.O_SUMS + index])
        for index in table.values[ch.T_ORDER : ch.T_ORDER + table.values[ch.T_CANDIDATE_COUNT]]
        if best[ch.O_SUMS + index] >= 0
    )
    return Settlement(table, claim, state, State(*running), best, considered, vector[ch.C_VALID])


def settle_year_end(rules: Rules, state: State, year: int, spells: Iterable[Spell]) -> YearEnd | None:
    """Pay the year's quota-managed chronic care from the state after its last claim, or None if there is none."""
    table = rules.closing_table(year)
    if table is None or not table.needs_year_end or state.annual_base == 0:
        return None
    running = [getattr(state, name) for name in STATE_FIELDS]
    best = [-1] * ch.BEST_SIZE
    valid, approved = masks_of(spells, date(year, 12, 31))
    ch.year_end(table.values, valid, approved, running, best)
    running[ch.S_ASSIST_PAID] += best[ch.O_ASSISTANCE]
    return YearEnd(table, year, state.annual_base, State(*running), best)
