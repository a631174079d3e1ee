"""One claim, interpreted: facts in, amounts with their whole working out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from . import chain as ch
from .chain import Facts, State, Steps, YearEndSteps
from .codes import (
    CATEGORY_CODES,
    CATEGORY_INDEX,
    LOCATION_INDEX,
    NONE,
    NONE_INDEX,
    REFERRAL_INDEX,
    SERVICE_INDEX,
)
from .errors import ClaimRefused
from .money import format_yuan
from .table import Rules, YearTable

if TYPE_CHECKING:
    from .lines import Line


STATE_FIELDS = State._fields


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


@dataclass(frozen=True)
class Settlement:
    """What a claim comes to. Amounts in fen; `category` the winner's code or `none`; `state` after the claim.

    `steps` are the winner's intermediate amounts, `facts` the claim as the chain read it.
    """

    table: YearTable
    claim: Claim
    before: State
    facts: Facts
    steps: Steps

    @property
    def state(self) -> State:
        return self.steps.state

    @property
    def category(self) -> str:
        return code_of(self.steps.category)

    @property
    def cii_paid(self) -> int:
        return self.steps.cii.paid

    @property
    def assistance(self) -> int:
        return self.steps.assistance.paid

    @property
    def out_of_catalogue_assistance(self) -> int:
        return self.steps.outside

    @property
    def top_up(self) -> int:
        return self.steps.top_up.paid

    @property
    def institution_borne(self) -> int:
        return self.steps.control.borne

    @property
    def over_control(self) -> bool:
        return self.steps.control.over == 1

    @property
    def in_scope_burden(self) -> int:
        return self.steps.in_scope_burden

    @property
    def personal_burden(self) -> int:
        return self.steps.personal_burden

    @property
    def unused_other(self) -> int:
        """Other payments beyond what was left to pay: nobody's cost, so the account of the claim still closes."""
        return self.steps.spare

    @cached_property
    def candidates(self) -> tuple[tuple[str, int], ...]:
        """Every category considered, in the order of the policy, none last, with the sum that it would receive."""
        t, facts = self.table.values, self.facts
        order = t[ch.T_ORDER : ch.T_ORDER + t[ch.T_CANDIDATE_COUNT]]
        tried = [k for k in order if ch.is_candidate(t, 0, k, facts.valid, facts.approved)]
        totals = {self.steps.category: self.steps.total}
        for k in (*tried, NONE_INDEX):
            if k not in totals:
                totals[k] = ch.candidate(t, 0, k, facts, self.before).total
        return tuple((code_of(k), totals[k]) for k in (*tried, NONE_INDEX))

    @cached_property
    def lines(self) -> list[Line]:
        from .lines import lines_of

        return lines_of(self)


@dataclass(frozen=True)
class YearEnd:
    """The one payment of quota-managed chronic care at year end (S4-06), from the `state` before it."""

    table: YearTable
    year: int
    before: State
    steps: YearEndSteps

    @property
    def base(self) -> int:
        """What the year gathered, in fen."""
        return self.before.annual_base

    @property
    def state(self) -> State:
        return self.before._replace(assist_paid=self.before.assist_paid + self.assistance)

    @property
    def category(self) -> str:
        return code_of(self.steps.category)

    @property
    def assistance(self) -> int:
        return self.steps.paid

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
        reason = f"总费用小于{parts} 之和，请核对"
        raise ClaimRefused("total", format_yuan(total), reason)


def facts_of(claim: Claim, spells: Iterable[Spell]) -> Facts:
    """The claim as the chain reads it. Raises ClaimRefused for what must not be settled."""
    for name in ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid"):
        if getattr(claim, name) < 0:
            raise ClaimRefused(name, format_yuan(getattr(claim, name)), "金额不能为负数")
    check_money(claim.total, claim.in_scope, claim.out_of_catalogue, claim.basic_paid)
    given = -1 if claim.given_cii is None else claim.given_cii
    if given > claim.in_scope - claim.basic_paid:
        raise ClaimRefused("given_cii", format_yuan(given), "职工大额医疗补助大于基本医保后的政策范围内自付，请核对")
    valid, approved = masks_of(spells, claim.settled_on)
    return Facts(
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
    )


def settle_claim(rules: Rules, state: State, claim: Claim, spells: Iterable[Spell]) -> Settlement:
    """Settle one claim from the state of the person's year before it.

    Raises ClaimRefused, NoVersion, MissingParameter.
    """
    table = rules.table_on(claim.settled_on)
    facts = facts_of(claim, spells)
    return Settlement(table, claim, state, facts, ch.settle(table.values, 0, facts, state))


def settle_year_end(rules: Rules, state: State, year: int, spells: Iterable[Spell]) -> YearEnd | None:
    """Pay the year's quota-managed chronic care from the state after its last claim, or None if there is none."""
    table = rules.closing_table(year)
    if table is None or not table.needs_year_end or state.annual_base == 0:
        return None
    valid, approved = masks_of(spells, date(year, 12, 31))
    return YearEnd(table, year, state, ch.year_end(table.values, 0, valid, approved, state))
