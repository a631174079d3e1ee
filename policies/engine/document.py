"""A policy document as frozen records: what `parse.py` makes of a TOML file and everything else reads.

Codes inside are those of `codes.py`; figures are `figures.Figure`; every rule carries the IDs of its clauses.
"""

from dataclasses import dataclass
from datetime import date
from itertools import combinations, product

from .figures import Figure, Need

ALL_TIME = (date.min, date.max)


@dataclass(frozen=True, slots=True)
class Clause:
    """One provision: its ID, where the source text has it, and what it says."""

    id: str
    article: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How we read a clause that leaves room, and the `other` reading where one is named."""

    clause: str
    text: str
    other: str = ""


@dataclass(frozen=True, slots=True)
class Categories:
    """Who the policy names, in the order in which equal results are told apart."""

    clauses: tuple[str, ...]
    order: tuple[str, ...]
    on_application: tuple[str, ...]
    as_named_by_county: tuple[str, ...]

    def is_direct(self, category: str) -> bool:
        return category in self.order and category not in self.on_application


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What another document governs: shown as such, never as an entitlement of nothing."""

    clauses: tuple[str, ...]
    document: str
    subject: str
    who: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Categories that cannot hold of one person on one day: `who` with `others`, or among themselves without others."""

    name: str
    clauses: tuple[str, ...]
    who: tuple[str, ...]
    others: tuple[str, ...]

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each two that exclude each other."""
        return tuple(product(self.who, self.others) if self.others else combinations(self.who, 2))


@dataclass(frozen=True, slots=True)
class Tilt:
    """Critical illness, better terms: deductible lowered by `reduction`, ratio raised by `points` (basis points)."""

    clauses: tuple[str, ...]
    who: tuple[str, ...]
    reduction: int
    points: int
    uncapped: bool
    illustrative: bool


@dataclass(frozen=True, slots=True)
class CriticalIllness:
    """Critical-illness insurance of residents, one calendar year."""

    clauses: tuple[str, ...]
    deductible: Figure
    ratio: Figure
    cap: Figure
    tilts: tuple[Tilt, ...]


@dataclass(frozen=True, slots=True)
class DeductibleBase:
    """Services and locations whose burden fills one yearly deductible base."""

    clauses: tuple[str, ...]
    services: tuple[str, ...]
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssistanceRule:
    """Assistance for some categories, services and locations; `payer` is the fund or county_finance."""

    name: str
    clauses: tuple[str, ...]
    who: tuple[str, ...]
    services: tuple[str, ...]
    locations: tuple[str, ...]
    deductible: Figure
    ratio: int
    limit: Figure
    major_limit: Figure
    reach: int | None
    quota_at_year_end: bool
    valid: tuple[date, date] = ALL_TIME
    payer: str = "fund"


@dataclass(frozen=True, slots=True)
class OutOfCatalogueRule:
    """Assistance for cost outside the catalogue that the institution does not bear."""

    name: str
    clauses: tuple[str, ...]
    who: tuple[str, ...]
    services: tuple[str, ...]
    locations: tuple[str, ...]
    ratio: int
    valid: tuple[date, date] = ALL_TIME


@dataclass(frozen=True, slots=True)
class Assistance:
    """Medical assistance; `major` is how major disease draws on the limits: "", separate or shared."""

    clauses: tuple[str, ...]
    referral_needed: bool
    referral_clauses: tuple[str, ...]
    major: str
    major_clauses: tuple[str, ...]
    bases: tuple[DeductibleBase, ...]
    rules: tuple[AssistanceRule, ...]
    out_of_catalogue: tuple[OutOfCatalogueRule, ...]


@dataclass(frozen=True, slots=True)
class TopUpTarget:
    """A group of services whose reimbursement is lifted to `target` (basis points) of in-scope cost."""

    services: tuple[str, ...]
    target: int


@dataclass(frozen=True, slots=True)
class TopUp:
    """Help after the three tiers. `mode`: automatic, on_application (by formula) or decided (case by case)."""

    clauses: tuple[str, ...]
    mode: str
    who: tuple[str, ...]
    threshold: Figure
    ratio: int
    limit: Figure
    limit_includes_base: bool
    targets: tuple[TopUpTarget, ...]


@dataclass(frozen=True, slots=True)
class ControlShare:
    """Largest out-of-catalogue share (basis points) of total cost, for a hospital level or charge class (None: any)."""

    hospital_level: int | None
    charge_class: int | None
    share: int


@dataclass(frozen=True, slots=True)
class Control:
    """Control of the out-of-catalogue share: the institution bears the excess, or it is only flagged."""

    clauses: tuple[str, ...]
    everyone: bool
    who: tuple[str, ...]
    services: tuple[str, ...]
    locations: tuple[str, ...]
    bears: bool
    shares: tuple[ControlShare, ...]


@dataclass(frozen=True, slots=True)
class SubsidyRule:
    """Who pays a contribution. `stated` payers pay their figure; `rest` pays what is left.

    Payers: fund, county_finance, person; `rest` may also be exempt (county finance for the exempt, else the person).
    """

    name: str
    clauses: tuple[str, ...]
    who: tuple[str, ...]
    payer: str
    figure: Figure
    at_least: Figure
    rest: str
    unless_also: tuple[str, ...]
    years: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Subsidy:
    """Subsidised enrolment: `base` is the contribution that the rules share out."""

    clauses: tuple[str, ...]
    base: Figure
    rules: tuple[SubsidyRule, ...]


@dataclass(frozen=True, slots=True)
class WarningRule:
    """One line. `others`: "" (the categories of `who`), rural (other rural residents) or insured (everyone else)."""

    kind: str
    clauses: tuple[str, ...]
    who: tuple[str, ...]
    earlier_too: bool
    others: str
    inclusive: bool
    line: Figure


@dataclass(frozen=True, slots=True)
class SeriousDisease:
    """Whose claims show it: a disease code that begins with one of `codes`, or a claim of one of `services`."""

    name: str
    clauses: tuple[str, ...]
    codes: tuple[str, ...]
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warnings:
    """Warning lines over one yearly measure (`measures.MEASURES`); `first` stand first in the list.

    `diseases`: patients of these are named beside those over a line, whatever their burden (S3-15).
    """

    clauses: tuple[str, ...]
    measure: str
    first: tuple[str, ...]
    lines: tuple[WarningRule, ...]
    diseases: tuple[SeriousDisease, ...] = ()


@dataclass(frozen=True, slots=True)
class NeedTest:
    """The test of a household impoverished by illness."""

    clauses: tuple[str, ...]
    category: str
    not_eligible_as: tuple[str, ...]
    months: int
    income_below: Figure
    after_costs_below: Figure


@dataclass(frozen=True, slots=True)
class Funding:
    """What each level pays into the assistance fund per resident and year."""

    clauses: tuple[str, ...]
    per_resident: Figure
    residents: Figure
    shares: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ApplicationKind:
    """What one may apply for; `decides`: eligibility, assistance (an amount by rule) or case (an amount by panel).

    `papers` is the checklist of what the applicant brings; an amount above `panel_above` goes to the panel first.
    """

    name: str
    clauses: tuple[str, ...]
    who: tuple[str, ...]
    decides: str
    until: date | None
    papers: tuple[str, ...] = ()
    panel_above: Figure | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """When an obligation is due.

    `kind`: day_of_month, end_of_month, working_day_of_month (the first `number` working days), day_of_year
    (`month`, `number`), working_days or months after an event, before an event, on_date.
    """

    kind: str
    number: int = 0
    month: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that a department owes, with its date. `every`: month, year, time (each event) or once.

    `event`: what fulfils it by happening (`parse_work.EVENTS`); empty where somebody must say that it is done.
    """

    name: str
    clauses: tuple[str, ...]
    by: tuple[str, ...]
    to: tuple[str, ...]
    every: str
    due: Due
    due_text: str
    after: str
    event: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach, in basis points; `about` tells an approximate aim from a floor."""

    name: str
    clauses: tuple[str, ...]
    value: int
    about: bool
    due: date | None


@dataclass(frozen=True, slots=True)
class Duty:
    """What the text asks of the work itself, without a figure.

    `refers_to`: the kinds of help to which a case is sent.
    """

    name: str
    clauses: tuple[str, ...]
    text: str
    who: tuple[str, ...]
    refers_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one policy, complete."""

    key: str
    policy: str
    region: str
    region_name: str
    valid_from: date
    valid_to: date | None
    title: str
    issuer: str
    number: str
    issued_on: date | None
    effective_from: date | None
    clauses: dict[str, Clause]
    readings: tuple[Reading, ...]
    needs: dict[str, Need]
    categories: Categories
    critical_illness: CriticalIllness
    assistance: Assistance | None
    top_up: TopUp | None
    control: Control | None
    subsidy: Subsidy | None
    warnings: Warnings | None
    need_test: NeedTest | None
    funding: Funding | None
    elsewhere: tuple[Elsewhere, ...]
    exclusive: tuple[Exclusive, ...]
    applications: tuple[ApplicationKind, ...]
    obligations: tuple[Obligation, ...]
    targets: tuple[Target, ...]
    duties: tuple[Duty, ...]
    deadlines: dict[str, int]
    sha256: str

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def readings_of(self, clauses: tuple[str, ...]) -> tuple[Reading, ...]:
        return tuple(r for r in self.readings if r.clause in clauses)

    def governed_elsewhere(self, category: str) -> Elsewhere | None:
        """The other document that governs assistance of the category, if this one says so."""
        return next((e for e in self.elsewhere if category in e.who), None)
