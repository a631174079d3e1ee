"""The month's obligations of a region, each with its day, who owes it, and what has fulfilled it so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Level, Region, User
from accounts.once import once
from accounts.selectors import counties_in
from accounts.vocabulary import Department, Section
from accounts.workdays import Workdays
from beneficiaries.enrolment import law as enrolment_law
from beneficiaries.enrolment import selectors as enrolment
from beneficiaries.enrolment.models import RegionYear
from monitoring import lines
from monitoring.lists.selectors import CONTENTS
from monitoring.models import ObligationRecord
from monitoring.obligations.facts import READERS, Asked, Fact, promptness
from policies.dues import due_day
from policies.engine.document import Document, Obligation
from policies.selectors import document_of, law, upward

# Events of deliveries say who got it, not who owed it.
TO_RECEIVERS = frozenset({"warnings", "enrolment", *CONTENTS})


@dataclass(frozen=True)
class Item:
    """One obligation of one owner in a month.

    `department` is a code (empty for a section, whose words are in `owner`); `done` of `places` counties have it;
    `done_on` when the last came, None while one is missing; `missing` names those; `note` says what was recorded or
    counted; `record` is the record of an obligation that no event fulfils, `recordable` whether it takes one.
    """

    duty: Obligation
    owner: str
    department: str
    due: date
    done: int
    places: int
    done_on: date | None
    missing: tuple[str, ...] = ()
    note: str = ""
    record: ObligationRecord | None = None
    recordable: bool = False

    def state(self, today: date) -> str:
        """done, done_late, late or open."""
        if self.done_on:
            return "done" if self.done_on <= self.due else "done_late"
        return "late" if self.due < today else "open"


@dataclass(frozen=True)
class MonthOfDuties:
    """A region's month: its items by day, the policy they come from."""

    region: Region
    month: date
    document: Document | None
    title: str
    items: list[Item]

    def late(self, today: date) -> list[Item]:
        return [item for item in self.items if item.state(today) == "late"]


def month_of_duties(
    region: Region,
    month: date,
    *,
    today: date | None = None,
    user: User | None = None,
    workdays: Workdays | None = None,
) -> MonthOfDuties:
    """The obligations that fall due in the month; a fixed number of queries per kind of event.

    `user` is who asks for rates (targets are counted over what that user may see; without one they are left open).
    """
    month = month.replace(day=1)
    asked = Asked(region, month, tuple(upward(region.code)))
    version = law().on(region.code, min(asked.end, max(today or timezone.localdate(), month)))
    if version is None:
        return MonthOfDuties(region, month, None, "", [])
    document = document_of(version)
    builder = _Builder(asked, document, user, workdays or Workdays.load())
    items = sorted(
        (item for duty in document.obligations for item in builder.items(duty)), key=lambda item: (item.due, item.owner)
    )
    return MonthOfDuties(region, month, document, version.title, items)


class _Builder:
    """Reads each kind of event once."""

    def __init__(self, asked: Asked, document: Document, user: User | None, workdays: Workdays) -> None:
        self.asked, self.document, self.user = asked, document, user
        self.workdays = workdays
        self.places = _places(asked.region)
        self._facts: dict[str, list[Fact]] = {}
        self._records: dict[str, list[ObligationRecord]] | None = None

    def facts(self, event: str) -> list[Fact]:
        if event not in self._facts:
            self._facts |= READERS[event](self.asked)
        return self._facts[event]

    @property
    def records(self) -> dict[str, list[ObligationRecord]]:
        """By name: the records of the region, of those above it and of those below."""
        if self._records is None:
            rows = ObligationRecord.objects.filter(policy=self.document.policy, month=self.asked.month)
            self._records = {}
            for row in self.asked.near(rows).select_related("by").order_by("done_on", "pk"):
                self._records.setdefault(row.name, []).append(row)
        return self._records

    @cached_property
    def window_to(self) -> date | None:
        """The last day of the newest enrolment window, of the nearest region that has one."""
        years = (self.asked.month.year, self.asked.month.year + 1)
        rows = RegionYear.objects.filter(region__in=self.asked.codes, year__in=years, window_to__isnull=False)
        days = rows.order_by("-year", "-region_id").values_list("window_to", flat=True)
        return once(("window", self.asked.codes, years), days.first)

    def items(self, duty: Obligation) -> list[Item]:
        if duty.event == "contributions" and duty.due.kind == "working_days":
            return self._prompt(duty)
        due = self._due(duty)
        if due is None:
            return []
        if duty.event == "target":
            return [self._target(duty, due)]
        if duty.event not in READERS:
            return [self._recorded(duty, due)]
        return [self._by_event(duty, due, owner, code) for owner, code in _owners(duty)]

    def _due(self, duty: Obligation) -> date | None:
        """Its day, if that is in the month."""
        if duty.due.kind in ("months", "before"):
            closed = self.window_to
            day = closed if duty.due.kind == "before" else enrolment_law.due_after(duty, closed, self.workdays)
        elif duty.due.kind == "working_days":
            came = max((fact.day for fact in self.facts("roster")), default=None)
            day = self.workdays.add(came, duty.due.number) if came else None
        else:
            return due_day(duty.due, self.asked.month, self.workdays)
        return day if day and (day.year, day.month) == (self.asked.month.year, self.asked.month.month) else None

    def _by_event(self, duty: Obligation, due: date, owner: str, code: str) -> Item:
        facts = self.facts(duty.event)
        wanted: Sequence[str] = (code,)
        if duty.event in TO_RECEIVERS:
            wanted = lines.departments(duty.to) or (Department.TAX,)
        elif duty.event in ("subsidy_request", "subsidy_money"):
            wanted = (Department.FINANCE,)
        days = {place: [_covered(facts, one, place) for one in wanted] for place in self.places}
        done = {place: max(found) for place, found in days.items() if all(found)}  # type: ignore[type-var]
        missing = tuple(name for place, name in self.places.items() if place not in done)
        return Item(
            duty=duty,
            owner=owner,
            department=code,
            due=due,
            done=len(done),
            places=len(self.places),
            done_on=max(done.values()) if done and not missing else None,  # type: ignore[type-var]
            missing=missing,
        )

    def _prompt(self, duty: Obligation) -> list[Item]:
        """Owed for each payment: what the month's reports kept of their days of grace."""
        found = promptness(self.asked, duty.due.number, self.workdays)
        if not found.rows:
            return []
        owner, code = _owners(duty)[0]
        on_time = found.rows - found.late
        note = _("本月收到 %(rows)d 笔，其中 %(late)d 笔超过期限") % {"rows": found.rows, "late": found.late}
        done_on = self.asked.end if not found.late else None
        return [Item(duty, owner, code, self.asked.end, on_time, found.rows, done_on, note=note)]

    def _target(self, duty: Obligation, due: date) -> Item:
        owner, code = "、".join(duty.by), ""
        aims = [
            aim
            for aim in enrolment_law.targets(self.asked.region.code, due.year)
            if set(aim.clauses) & set(duty.clauses)
        ]
        rows = enrolment.target_rows(self.user, region=self.asked.region, year=due.year) if self.user and aims else []
        mine = [row for row in rows if row.target in aims]
        met = bool(mine) and all(row.met for row in mine)
        note = "；".join(
            _("%(name)s 目前 %(rate)s") % {"name": row.target.name, "rate": _percent(row.reached)} for row in mine
        )
        return Item(duty, owner, code, due, int(met), 1, min(timezone.localdate(), due) if met else None, note=note)

    def _recorded(self, duty: Obligation, due: date) -> Item:
        """A record of the region (or above) covers its counties; else each county's own counts (S2-14)."""
        rows = self.records.get(duty.name, [])
        record = next((row for row in rows if row.region_id in self.asked.codes), None)
        owner, facts = "、".join(duty.by), [Fact("", row.region_id, row.done_on) for row in rows]
        days = {place: _covered(facts, "", place) for place in self.places}
        found = [day for day in days.values() if day]
        whole = len(found) == len(self.places)
        return Item(
            duty=duty,
            owner=owner,
            department="",
            due=due,
            done=len(found),
            places=len(self.places),
            done_on=max(found) if whole else None,
            missing=tuple(name for place, name in self.places.items() if not days[place]),
            note=record.note if record else "",
            record=record,
            recordable=True,
        )


def _percent(basis_points: int | None) -> str:
    return "—" if basis_points is None else f"{basis_points / 100:.2f}%"


def _covered(facts: list[Fact], department: str, place: str) -> date | None:
    """The first day on which the department did it for the place (significant digits) or for a region above it."""
    days = [fact.day for fact in facts if fact.department == department and place.startswith(_prefix(fact.region))]
    return min(days, default=None)


def _prefix(code: str) -> str:
    """Significant digits of a division code."""
    for length in (2, 4, 6, 9):
        if not int(code[length:] or 0):
            return code[:length]
    return code


def _places(region: Region) -> dict[str, str]:
    """The counties in a region by significant digits, with their names; a county (or less) itself."""
    if region.level >= Level.COUNTY:
        return {region.code[:6]: region.name}
    return {one.code[:6]: one.name for one in counties_in(region.prefix)} or {region.prefix: region.name}


def _owners(duty: Obligation) -> list[tuple[str, str]]:
    """Words and codes of who owes it; sections have words alone."""
    known = _codes()
    return [(word, known.get(word, "")) for word in duty.by]


@cache
def _codes() -> dict[str, str]:
    with translation.override("zh-hans"):  # documents are Chinese, whatever the page's language
        return {str(label): code for code, label in Department.choices}


def sections_of(duty: Obligation) -> set[str]:
    """Codes of the sections that a duty names."""
    with translation.override("zh-hans"):
        known = {str(label): code for code, label in Section.choices}
    return {known[word] for word in duty.by if word in known}
