"""Which table settles each claim of a trial: the text on trial in its region, the law in force everywhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from claims.trials.reading import ClaimColumns, StoredClaims
from policies import selectors as law
from policies.engine.batch import COMPILE_FROM, Batch, ClaimArrays, SpellArrays, run_compiled, run_interpreted
from policies.engine.chain import CATEGORY_COUNT, LOCATION_COUNT, SERVICE_COUNT
from policies.engine.errors import EngineError
from policies.engine.parameters import Parameters
from policies.engine.table import YearTable, compile_year
from policies.models import PolicyParameter, PolicyVersion
from policies.sayings import said


class TrialRefused(Exception):
    """What stops a trial; `str()` is the Chinese sentence that says what to do."""


class Figures:
    """Every policy's parameters as they stand; one query."""

    def __init__(self) -> None:
        rows = PolicyParameter.objects.order_by("policy", "key", "year")
        found: dict[str, list[list[Any]]] = {}
        for policy, *row in rows.values_list("policy", "key", "year", "value", "status", "source"):
            found.setdefault(policy, []).append(row)
        self.rows = found
        self._made: dict[str, Parameters] = {}

    def of(self, policy: str) -> Parameters:
        if policy not in self._made:
            self._made[policy] = law.parameters_from(policy, self.rows.get(policy, ()))
        return self._made[policy]

    @property
    def sha256(self) -> str:
        return law.digest([[policy, *row] for policy, rows in sorted(self.rows.items()) for row in rows])


@dataclass
class Text:
    """One side of a trial: the tables, and by what each claim is settled."""

    tables: list[YearTable] = field(default_factory=list)
    closing: list[int] = field(default_factory=list)
    # The number of the table for every claim inside the region; None: as the law in force says, like all others.
    own: int | None = None
    # The law in force: table numbers (-1: none) by sorted region code and by the day from which.
    codes: Any = None
    starts: Any = None
    grid: Any = None
    # Whether the county's budget bears the assistance: by table, category, service, location.
    by_county: Any = None
    problems: list[str] = field(default_factory=list)

    def numbers(self, claims: ClaimColumns) -> Any:
        """The number of each claim's table; -1: nothing settles it."""
        if self.own is None:
            return self._in_force(claims.region, claims.day)
        found = np.full(len(claims), self.own, np.int8)
        if not claims.inside.all():
            found[~claims.inside] = self._in_force(claims.region[~claims.inside], claims.day[~claims.inside])
        return found

    def _in_force(self, region: Any, day: Any) -> Any:
        # A person's claims are mostly of one region: it is looked up once per run of equal ones.
        run = np.flatnonzero(np.append(True, region[1:] != region[:-1]))
        row = np.repeat(np.searchsorted(self.codes, region[run]), np.diff(np.append(run, len(region))))
        return self.grid[row, np.searchsorted(self.starts, day, side="right") - 1]

    def settle(self, claims: ClaimArrays, numbers: Any, spells: SpellArrays) -> Batch:
        """Results of these claims, already in order, as NumPy arrays."""
        if len(claims.person) >= COMPILE_FROM:
            return run_compiled(self.tables, self.closing, numbers, claims, spells)
        plain = ClaimArrays(
            claims.person.tolist(), claims.day.tolist(), claims.codes.tolist(), claims.money.tolist(), []
        )
        held = SpellArrays(spells.start.tolist(), spells.flat.tolist())
        made = run_interpreted(self.tables, self.closing, numbers.tolist(), plain, held)
        return Batch(
            np.array(made.category, np.int8),
            np.array(made.over_control, np.int8),
            np.array(made.amounts, np.int64),
            made.year_end,
        )


def text_of(
    version: PolicyVersion | None, claims: StoredClaims, year: int, in_force: Sequence[PolicyVersion], figures: Figures
) -> Text:
    """The tables of `version` for the claims inside the region (the whole year, whatever its dates), of the law in
    force for the others; without a version, of the law in force for all.

    Raises TrialRefused when the version itself cannot settle the year.
    """
    made = _Maker(year, in_force, figures)
    regions = set(claims.regions(own=False))
    if version is None:
        regions |= set(claims.regions(own=True))
    else:
        made.text.own = made.chosen(version)
    return made.finish(sorted(regions))


class _Maker:
    """Tables of one side, each with the table that closes its year."""

    def __init__(self, year: int, in_force: Sequence[PolicyVersion], figures: Figures) -> None:
        self.year, self.in_force, self.figures = year, in_force, figures
        self.versions = law.Law(in_force)
        self.text = Text()
        self._numbers: dict[tuple[int, int], int] = {}
        self._compiled: dict[int, YearTable | None] = {}
        self._pairs: list[tuple[YearTable, YearTable | None]] = []

    def starts(self) -> list[date]:
        """1 January and the days of the year on which the law may change."""
        year = self.year
        edges = {date(year, 1, 1), date(year, 12, 31)}
        for version in self.in_force:
            edges |= {day for day in (version.validity.lower, version.validity.upper) if day and day.year == year}
        return sorted(edges)

    def governing(self, region: str, day: date) -> int:
        """The number of the table in force, -1 without one."""
        version = self.versions.on(region, day)
        if version is None:
            return -1
        return self._number(version, self.versions.on(region, date(self.year, 12, 31)))

    def chosen(self, version: PolicyVersion) -> int:
        number = self._number(version, version)
        if number < 0:
            raise TrialRefused(self.text.problems[-1])
        return number

    def _number(self, version: PolicyVersion, last: PolicyVersion | None) -> int:
        key = (version.pk, last.pk if last else 0)
        if key not in self._numbers:
            table = self._table(version)
            self._numbers[key] = -1 if table is None else len(self._pairs)
            if table is not None:
                self._pairs.append((table, self._table(last) if last else None))
        return self._numbers[key]

    def _table(self, version: PolicyVersion) -> YearTable | None:
        if version.pk not in self._compiled:
            try:
                document = law.document_of(version)
                made = compile_year(document, self.year, self.figures.of(version.policy))
            except EngineError as error:
                made = None
                self.text.problems.append(
                    _("%(name)s 不能结算 %(year)s 年的费用：%(why)s")
                    % {"name": version.name, "year": self.year, "why": said(str(error))}
                )
            self._compiled[version.pk] = made
        return self._compiled[version.pk]

    def finish(self, regions: Sequence[int]) -> Text:
        """Fix the numbers: tables of claims first, those that only close a year after them."""
        text, starts = self.text, self.starts()
        grid = [[self.governing(f"{code:012d}", start) for start in starts] for code in regions]
        text.codes, text.grid = np.array(regions, np.int64), np.array(grid, np.int8).reshape(-1, len(starts))
        text.starts = np.array([start.toordinal() for start in starts])
        text.tables = [table for table, _last in self._pairs]
        closes: dict[int, int] = {}
        for _table, last in self._pairs:
            if last is not None and id(last) not in closes:
                closes[id(last)] = len(text.tables)
                text.tables.append(last)
        day = date(self.year, 12, 31).toordinal()
        for _table, last in self._pairs:
            text.closing += [-1 if last is None else closes[id(last)], day, self.year]
        # Tables that only close are never a claim's own; the vector wants three numbers for each all the same.
        text.closing += [-1, day, self.year] * (len(text.tables) - len(self._pairs))
        text.by_county = np.zeros((len(text.tables), CATEGORY_COUNT, SERVICE_COUNT, LOCATION_COUNT), bool)
        for number, table in enumerate(text.tables):
            for place, rule in table.rules.items():
                text.by_county[(number, *place)] = rule.payer == "county_finance"
        return text
