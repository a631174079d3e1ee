"""Quota-managed chronic care, paid once at the end of the year (S4-06).

A person's payment rests on the state after the year's last claim and on the categories of 31 December. It is made
once; where later facts make it another, a case settles it again, as it does claims.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, no_progress
from accounts.models import Region, User
from claims import bulk
from claims.errors import CannotSettle, NotAllowed
from claims.facts import PersonYearRow, state_of
from claims.later.models import Cause, LaterFact, YearEnd
from claims.settling import Categories
from policies import selectors as law
from policies.engine import chain
from policies.engine.codes import CATEGORY_INDEX, NONE, NONE_INDEX
from policies.engine.errors import EngineError
from policies.engine.settlement import YearEnd as Working
from policies.engine.settlement import code_of
from policies.engine.table import YearTable
from policies.models import PolicyVersion
from policies.services import figures_now

CHUNK: Final = 5_000
Key = tuple[int, int]


@dataclass
class YearEnds:
    """What a run did; `paid` in fen."""

    written: int = 0
    unchanged: int = 0
    differing: int = 0
    paid: int = 0


@dataclass(frozen=True)
class _Closing:
    version: PolicyVersion
    figures_id: int
    table: YearTable


class _Law:
    """What closes the year of each region."""

    def __init__(self, year: int) -> None:
        self.year, self.versions = year, law.law()
        self._known: dict[str, _Closing | None] = {}

    def of(self, region_id: str) -> _Closing | None:
        if region_id not in self._known:
            self._known[region_id] = self._find(region_id)
        return self._known[region_id]

    def _find(self, region_id: str) -> _Closing | None:
        version = self.versions.on(region_id, date(self.year, 12, 31))
        if version is None:
            return None
        figures_id = figures_now(version).pk
        try:
            table = law.table_of(version, figures_id, self.year)
        except EngineError as error:
            raise CannotSettle(str(error)) from error
        return _Closing(version, figures_id, table) if table.needs_year_end else None


def run_year_end(*, actor: User | None, region: Region, year: int, progress: Progress = no_progress) -> YearEnds:
    """Pay the year's quota-managed chronic care of everyone in the region who has not been paid yet.

    Chunk by chunk in transactions of its own: a run that was killed goes on where it stopped, a second run changes
    nothing. Payments that later facts would make otherwise wait for a case. Raises NotAllowed, CannotSettle.
    """
    check(actor, region, year)
    keys = _due(region, year)
    done = YearEnds()
    for start in range(0, len(keys), CHUNK):
        progress(_("年末结算"), start, len(keys))
        with transaction.atomic():
            _add(done, settle_year_ends(keys[start : start + CHUNK], actor=actor, now=timezone.now(), again=False))
    progress(_("年末结算"), len(keys), len(keys))
    return done


def check(actor: User | None, region: Region, year: int) -> None:
    """Who may run which year. Raises NotAllowed, CannotSettle."""
    if actor is not None and not (actor.may(Act.CLAIM_WRITE) and region.code.startswith(actor.region_prefix)):
        raise NotAllowed(_("您的角色或管辖范围不能办理年末结算；请由参保地县级经办办理。"))
    if year >= timezone.localdate().year:
        raise CannotSettle(_("%(year)s 年尚未结束，年末结算须在次年办理。") % {"year": year})


def _add(done: YearEnds, more: YearEnds) -> None:
    done.written += more.written
    done.unchanged += more.unchanged
    done.differing += more.differing
    done.paid += more.paid


def _due(region: Region, year: int) -> list[Key]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT person_id, year FROM claims_personyear
            WHERE year = %s AND region_id >= %s AND region_id <= %s AND (state ->> 'annual_base')::bigint > 0
            ORDER BY person_id
            """,
            [year, region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")],
        )
        return cursor.fetchall()


def settle_year_ends(keys: Iterable[Key], *, actor: User | None, now: datetime, again: bool) -> YearEnds:
    """The payments of these (person id, year), their years locked. The caller holds the transaction.

    `again`: those that were made already, as the facts are now, each difference a new row in the place of the old
    one. Otherwise those not made yet; a made one that would come out otherwise is noted and stays.
    """
    done = YearEnds()
    wanted = sorted(set(keys))
    if again:
        # Few of many years have a payment at their end: the others are not looked at. Whoever makes one locks first.
        made_before = ends_of(wanted)
        wanted = [key for key in wanted if key in made_before]
    if not wanted:
        return done
    years = bulk.lock_years(wanted)
    held = {(one.person_id, one.year): one for one in YearEnd.objects.filter(pk__in=ends_of(wanted).values())}
    if again:
        years = [row for row in years if (row.person_id, row.year) in held]
    made = _computed(years, actor, now)
    gone, fresh, noted = [], [], []
    for one in made:
        old = held.get((one.person_id, one.year))
        if old is not None and _same(old, one):
            done.unchanged += 1
        elif old is not None and not again:
            done.differing += 1
            noted.append(one)
        elif old is not None or one.base > 0:
            if old is not None:
                gone.append(old.pk)
            fresh.append(one)
            done.paid += one.paid - (old.paid if old else 0)
    YearEnd.objects.filter(pk__in=gone).update(superseded_at=now)
    YearEnd.objects.bulk_create(fresh)
    done.written = len(fresh)
    _note(noted, actor)
    return done


def ends_of(keys: Sequence[Key]) -> dict[Key, int]:
    """The payments in force of these years, by (person id, year)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.person_id, e.year, e.id FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
            JOIN claims_yearend e ON e.person_id = k.person_id AND e.year = k.year AND e.superseded_at IS NULL
            """,
            [bulk.array_of(person for person, _year in keys), bulk.array_of(year for _person, year in keys)],
        )
        return {(person, year): pk for person, year, pk in cursor.fetchall()}


def _computed(years: Sequence[PersonYearRow], actor: User | None, now: datetime) -> list[YearEnd]:
    categories = Categories.of([row.person_id for row in years])
    laws: dict[int, _Law] = {}
    made = []
    for row in years:
        closing = laws.setdefault(row.year, _Law(row.year)).of(row.region_id)
        if closing is None:
            continue
        state = state_of(row.state)
        valid, approved, _spells = categories.on(row.person_id, date(row.year, 12, 31))
        steps = chain.year_end(closing.table.values, 0, valid, approved, state)
        made.append(
            YearEnd(
                person_id=row.person_id,
                year=row.year,
                region_id=row.region_id,
                version=closing.version,
                figures_id=closing.figures_id,
                category=code_of(steps.category),
                base=state.annual_base,
                ratio=steps.ratio,
                computed=steps.computed,
                left=steps.left,
                paid=steps.paid,
                before=list(state),
                settled_at=now,
                settled_by=actor,
            )
        )
    return made


def _same(old: YearEnd, new: YearEnd) -> bool:
    names = ("version_id", "category", "base", "ratio", "computed", "left", "paid", "before")
    return all(getattr(old, name) == getattr(new, name) for name in names)


def _note(found: Sequence[YearEnd], actor: User | None) -> None:
    """Years whose payment would come out otherwise and that no case waits for yet."""
    waiting = set(
        LaterFact.objects.filter(done_at=None, person_id__in=[one.person_id for one in found]).values_list(
            "person_id", "year"
        )
    )
    LaterFact.objects.bulk_create(
        LaterFact(
            person_id=one.person_id,
            year=one.year,
            region_id=one.region_id,
            since=date(one.year, 12, 31),
            cause=Cause.YEAR_END,
            recorded_by=actor,
        )
        for one in found
        if (one.person_id, one.year) not in waiting
    )


def working_of(row: YearEnd) -> Working:
    """The engine's working of a stored payment, told again."""
    table = law.table_of(row.version, row.figures_id, row.year)
    steps = chain.YearEndSteps(
        NONE_INDEX if row.category == NONE else CATEGORY_INDEX[row.category],
        row.ratio,
        row.computed,
        row.left,
        row.paid,
    )
    return Working(table, row.year, chain.State(*row.before), steps)
