"""Settlement of stored claims: lock the person's year, read its state, run the engine, write claim by claim.

Many person-years at once, always in order of person, so that two runs never wait for each other in a circle. What is
settled stays: claims later than all settled ones go on from the stored state. A claim that arrives out of order has
everything after it settled again, and only where the result differs a new settlement stands beside the superseded
one. The caller holds the transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs import Progress, no_progress
from accounts.models import User
from beneficiaries.models import HeldCategory
from claims import bulk, columns, eligibility, writing, years
from claims.errors import CannotSettle
from claims.facts import SUMS, Fact, Outcome, PersonYearRow, Ruling, contributions, facts_of, state_of
from claims.later.models import Cause
from policies import selectors as law
from policies.engine.chain import State, Steps, settle
from policies.engine.codes import CATEGORY_INDEX
from policies.engine.errors import EngineError
from policies.models import PolicyVersion
from policies.services import figures_now

# Spell (0: one that stands there already, as what it is treated as), bit of its category, first and last day.
Dated = tuple[int, int, date, date | None]
CHUNK = 20_000  # person-years held in memory at once


@dataclass
class Totals:
    """What a run did; amounts in fen, of the settlements that it wrote, less those that they superseded."""

    claims: int = 0
    superseded: int = 0
    persons: int = 0
    cii: int = 0
    assistance: int = 0
    out_of_catalogue: int = 0
    top_up: int = 0

    def count(self, steps: Steps, sign: int = 1) -> None:
        self.cii += sign * steps.cii.paid
        self.assistance += sign * steps.assistance.paid
        self.out_of_catalogue += sign * steps.outside
        self.top_up += sign * steps.top_up.paid


@dataclass
class Run:
    """What one call holds for all its chunks."""

    actor: User | None
    from_zero: bool
    cause: str = Cause.LATE_CLAIM
    now: datetime = field(default_factory=timezone.now)
    dry: Collection[tuple[int, int]] | None = None
    totals: Totals = field(default_factory=Totals)
    versions: law.Law = field(default_factory=law.law)
    _rulings: dict[tuple[int, int], Ruling] = field(default_factory=dict)
    _figures: dict[int, int] = field(default_factory=dict)
    _measures: dict[int, str] = field(default_factory=dict)

    @property
    def actor_id(self) -> int | None:
        return self.actor.pk if self.actor else None

    def ruling(self, fact: Fact) -> Ruling:
        """Raises CannotSettle."""
        version = self.versions.on(fact.region_id, fact.settled_on)
        if version is None:
            raise CannotSettle(
                _("结算号 %(no)s：%(day)s 没有适用于该地区的政策版本；请核对结算日期，或由政策管理人员发布当时的政策。")
                % {"no": fact.claim_no, "day": fact.settled_on}
            )
        key = (version.pk, fact.settled_on.year)
        if key not in self._rulings:
            figures_id = self._figures.setdefault(version.pk, 0) or figures_now(version).pk
            self._figures[version.pk] = figures_id
            try:
                table = law.table_of(version, figures_id, fact.settled_on.year)
            except EngineError as error:
                raise CannotSettle(f"{_('结算号')} {fact.claim_no}：{error}") from error
            self._rulings[key] = Ruling(version, figures_id, table, self.measure(version))
        return self._rulings[key]

    def measure(self, version: PolicyVersion) -> str:
        """The measure of the version's warning lines, or "" without any."""
        if version.pk not in self._measures:
            warnings = law.document_of(version).warnings
            self._measures[version.pk] = warnings.measure if warnings else ""
        return self._measures[version.pk]

    def measure_of(self, version_id: int) -> str:
        if version_id not in self._measures:
            self.measure(PolicyVersion.objects.defer("body").get(pk=version_id))
        return self._measures[version_id]


def settle_years(
    keys: Iterable[tuple[int, int]],
    *,
    actor: User | None,
    from_zero: bool = False,
    cause: str = Cause.LATE_CLAIM,
    now: datetime | None = None,
    progress: Progress = no_progress,
    dry: Collection[tuple[int, int]] | None = None,
) -> Totals:
    """Settle what is unsettled in these (person id, year), in order (settled_on, claim_no).

    `from_zero` settles the whole year anew. Where a settlement takes an earlier one's place the year waits for a case
    that books the difference, for `cause`; without a cause the caller books it. `now` is when they were settled.
    `dry`, for a caller who takes everything back: results may be noted (`claims.writing.OTHERWISE`) instead of
    written, the accumulators but those of the years in it left as they are.
    Raises CannotSettle; the caller's transaction then writes nothing.
    """
    run = Run(actor, from_zero, cause, now or timezone.now(), dry)
    todo = sorted(set(keys))
    for start in range(0, len(todo), CHUNK):
        progress(_("结算"), start, len(todo))
        _settle_chunk(run, todo[start : start + CHUNK])
    progress(_("结算"), len(todo), len(todo))
    run.totals.persons = len({person for person, _year in todo})
    return run.totals


def _settle_chunk(run: Run, keys: Sequence[tuple[int, int]]) -> None:
    if len(keys) >= columns.FROM:
        _settle_columns(run, keys)
        return
    locked = bulk.lock_years(keys)
    starts = {row.pk: date(row.year, 1, 1) for row in locked} if run.from_zero else bulk.first_pending(locked)
    rows = [row for row in locked if row.pk in starts]
    if not rows:
        return
    facts = bulk.read_facts(rows, starts)
    categories = Categories.of(sorted({row.person_id for row in rows}))
    by_year = {pk: list(found) for pk, found in groupby(facts, key=lambda fact: fact.year_id)}
    earlier = bulk.state_before([row for row in rows if row.last and row.last[0] >= starts[row.pk]], starts)
    written: list[Outcome] = []
    gone: list[int] = []
    for row in rows:
        if run.from_zero:
            row.sums, row.last, row.version_id = [0] * len(SUMS), None, None
        state = earlier.get(row.pk) if row.last and row.last[0] >= starts[row.pk] else state_of(row.state)
        if run.from_zero or state is None:
            state = State()
        _settle_year(run, row, state, by_year.get(row.pk, []), categories, written, gone)
    if run.from_zero:
        run.totals.superseded += bulk.supersede_reversed(keys, run.now)
    _supersede(run, gone)
    bulk.write_settlements(written, run.now, run.actor_id)
    bulk.write_years(rows, run.cause, run.actor_id, run.now)
    run.totals.claims += len(written)


def _supersede(run: Run, gone: Sequence[int]) -> None:
    bulk.supersede(gone, run.now)
    if gone and run.cause:
        bulk.note_settled_again(gone, run.cause, run.actor_id, run.now)
    run.totals.superseded += len(gone)


def _settle_columns(run: Run, keys: Sequence[tuple[int, int]]) -> None:
    """The same for many years at once (`claims.columns`). Years that are not there yet are written when all is
    settled; should somebody else have made one meanwhile, all are made and locked first.
    """
    before = replace(run.totals)
    try:
        with transaction.atomic():
            _settle_once(run, keys)
    except years.Raced:
        run.totals = before
        bulk.hold_years(keys)
        _settle_once(run, keys)


def _settle_once(run: Run, keys: Sequence[tuple[int, int]]) -> None:
    found = years.locked(keys)
    if run.from_zero:
        starts = np.array([date(year, 1, 1).toordinal() for year in found.year.tolist()], np.int64)
        begin = np.zeros_like(found.state)
        if run.dry is None:
            run.totals.superseded += bulk.supersede_reversed(keys, run.now)
    else:
        starts = years.first_pending(found)
        found, starts = found.only(starts > 0), starts[starts > 0]
        if not len(found):
            return
        begin = found.state.copy()
        late = np.flatnonzero(found.last >= starts)
        if len(late):
            begin[late] = years.states_before(found, late, starts)
    settled = columns.settle(run, found, starts, begin)
    if run.dry is not None:
        if settled is not None:
            writing.note(settled)
        found = found.only(np.array([key in run.dry for key in keys], bool))
    elif settled is not None:
        _supersede(run, settled.gone.tolist())
        writing.write(settled, run.now, run.actor_id)
    if len(found):
        years.write(found)
    if run.cause and run.dry is None and any(year < run.now.year for _person, year in keys):
        bulk.note_year_ends(keys, run.cause, run.actor_id, run.now)


def _settle_year(
    run: Run,
    row: PersonYearRow,
    state: State,
    facts: Sequence[Fact],
    categories: "Categories",
    written: list[Outcome],
    gone: list[int],
) -> None:
    """One person's year from `state`; `row` ends with its new sums and state."""
    pending = run.from_zero
    for fact in facts:
        if not pending and fact.steps is not None:
            state = fact.steps.state
            continue
        pending = True
        outcome = settle_fact(run.ruling(fact), fact, state, *categories.on(fact.person_id, fact.settled_on))
        state = outcome.steps.state
        _add(run, row, fact, outcome)
        if not outcome.same_as_held():
            written.append(outcome)
            run.totals.count(outcome.steps)
            if fact.settlement_id is not None and fact.steps is not None:
                gone.append(fact.settlement_id)
                run.totals.count(fact.steps, -1)
    row.state = state.to_dict()


def _add(run: Run, row: PersonYearRow, fact: Fact, outcome: Outcome) -> None:
    """Bring the year's sums up to date with a result that is new or takes another's place."""
    sums = row.sums
    for at, amount in enumerate(contributions(fact, outcome.steps, outcome.ruling.measure)):
        sums[at] += amount
    if fact.steps is not None and not run.from_zero:
        for at, amount in enumerate(contributions(fact, fact.steps, run.measure_of(fact.version_id or 0))):
            sums[at] -= amount
    here = (fact.settled_on, fact.claim_no)
    if row.last is None or here >= row.last:
        row.last, row.region_id, row.version_id = here, fact.region_id, outcome.ruling.version.pk


def settle_fact(
    ruling: Ruling, fact: Fact, state: State, valid: int, approved: int, spell_ids: Sequence[int]
) -> Outcome:
    """One claim from the state before it; the stored trace is the engine's, step by step."""
    facts = facts_of(fact, valid, approved)
    return Outcome(fact, ruling, facts, state, settle(ruling.table.values, 0, facts, state), list(spell_ids))


class Categories:
    """Category spells and approvals of some persons, by day."""

    def __init__(self, spells: dict[int, list[Dated]], approvals: dict[int, list[eligibility.Approval]]) -> None:
        self._spells, self._approvals = spells, approvals

    @classmethod
    def of(cls, person_ids: Sequence[int]) -> "Categories":
        """As held true now."""
        rows = (
            HeldCategory.objects.current()
            .filter(person_id__in=person_ids)
            .order_by("person_id", "id", F("designation_id").asc(nulls_first=True))
            .values_list("person_id", "id", "category", "valid_from", "valid_to", "designation_id")
        )
        spells = {
            person: [
                (0 if named else pk, 1 << CATEGORY_INDEX[category], first, last)
                for _p, pk, category, first, last, named in found
            ]
            for person, found in groupby(rows, key=itemgetter(0))
        }
        return cls(spells, eligibility.approvals_of(person_ids))

    def on(self, person_id: int, day: date) -> tuple[int, int, list[int]]:
        """Bit masks (engine numbering) of the categories valid and of those approved on the day; the spells' ids."""
        valid = approved = 0
        ids = []
        for pk, bit, first, last in self._spells.get(person_id, ()):
            if first <= day and (last is None or day <= last):
                valid |= bit
                if pk:
                    ids.append(pk)
        for approval in self._approvals.get(person_id, ()):
            if approval.covers(day):
                approved |= 1 << CATEGORY_INDEX[approval.category]
        return valid, approved & valid, ids
