"""Reads of the law: which version governs a place on a day, its document, its figures, its compiled tables."""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet

from accounts import access
from accounts.audit import events_of, with_actor
from accounts.models import DIGITS, User
from accounts.once import once
from policies.engine.document import Document
from policies.engine.errors import EngineError, MissingParameter
from policies.engine.parameters import Parameter, Parameters
from policies.engine.parse import parse_document
from policies.engine.table import YearTable, compile_year
from policies.models import PolicyFigures, PolicyParameter, PolicyVersion

T = TypeVar("T")
R = TypeVar("R")

IN_FORCE = (PolicyVersion.State.PUBLISHED, PolicyVersion.State.SUPERSEDED)
Row = list[Any]


def days(first: date, last: date | None) -> DateRange:
    """Validity from `first` to `last`, both included; open without `last`."""
    return DateRange(first, last + timedelta(days=1) if last else None, "[)")


def upward(region_code: str) -> list[str]:
    """The region and those above it, nearest first: `150502100000` → itself, 科尔沁区, 通辽市, 内蒙古."""
    codes = [region_code[:digits].ljust(12, "0") for digits in sorted(DIGITS.values(), reverse=True)]
    return list(dict.fromkeys([region_code, *codes]))


class Law:
    """The versions in force in memory, to look up many places and days with one query."""

    def __init__(self, versions: Iterable[PolicyVersion]) -> None:
        self._by_region: dict[str, list[PolicyVersion]] = {}
        for version in versions:
            self._by_region.setdefault(version.region_id, []).append(version)
        for found in self._by_region.values():
            # A superseding version begins later than the one whose place it takes.
            found.sort(key=lambda v: v.validity.lower, reverse=True)
        self._known: dict[tuple[str, date], PolicyVersion | None] = {}

    def on(self, region_code: str, day: date) -> PolicyVersion | None:
        """The version of the nearest region upward that covers the day, or None."""
        place = (region_code, day)
        if place not in self._known:
            self._known[place] = self._find(region_code, day)
        return self._known[place]

    def _find(self, region_code: str, day: date) -> PolicyVersion | None:
        for code in upward(region_code):
            for version in self._by_region.get(code, ()):
                if version.validity.lower <= day and (version.validity.upper is None or day < version.validity.upper):
                    return version
        return None


def law() -> Law:
    """All versions in force, without their bodies; one query, of a page that asks several times too."""
    return once("law", lambda: Law(PolicyVersion.objects.filter(state__in=IN_FORCE).defer("body")))


def version_on(region_code: str, day: date) -> PolicyVersion | None:
    """The version that governs the region on the day: of the nearest region upward that has one.

    One query, of a page that asks for several days of a region too.
    """
    found = PolicyVersion.objects.filter(state__in=IN_FORCE, region_id__in=upward(region_code))
    return once(("versions", region_code), lambda: Law(found.defer("body"))).on(region_code, day)


# --- documents and figures ----------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def _parsed(name: str, sha256: str, version_id: int) -> Document:
    body = PolicyVersion.objects.values_list("body", flat=True).get(pk=version_id)
    return parse_document(body, f"{name}.toml")


def document_of(version: PolicyVersion) -> Document:
    """The parsed document of a version, kept by its hash (a draft that changes has another)."""
    return _parsed(version.name, version.sha256, version.pk)


def figure_rows(policy: str) -> list[Row]:
    """The policy's parameters as they stand: `[key, year, value, status, source]` in order."""
    found = PolicyParameter.objects.filter(policy=policy).order_by("key", "year")
    rows = found.values_list("key", "year", "value", "status", "source")
    return once(("figures", policy), lambda: [list(row) for row in rows])


def digest(rows: list[Row]) -> str:
    """Hash by which equal figures are known."""
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def parameters_from(policy: str, rows: Iterable[Row]) -> Parameters:
    """The engine's parameters of stored rows."""
    return Parameters(
        Parameter(policy, key, year, Decimal(value) if value else None, status, source)
        for key, year, value, status, source in rows
    )


@lru_cache(maxsize=64)
def _parameters(policy: str, figures_id: int) -> Parameters:
    return parameters_from(policy, PolicyFigures.objects.values_list("rows", flat=True).get(pk=figures_id))


def parameters_of(version: PolicyVersion, figures_id: int) -> Parameters:
    """The parameters of a stored set of figures (it never changes, so it is kept)."""
    return _parameters(version.policy, figures_id)


def with_figures(policy: str, tries: Iterable[T], make: Callable[[Parameters, T], R]) -> tuple[R, T]:
    """What `make` makes of the first of `tries` (years, days) whose figures are there, and which one that is:
    statistics come out months after a year began. Raises MissingParameter of the first where none has them."""
    parameters = parameters_from(policy, figure_rows(policy))
    missing: MissingParameter | None = None
    for one in tries:
        try:
            return make(parameters, one), one
        except MissingParameter as error:
            missing = missing or error
    raise missing or MissingParameter(policy)


# A table is kept by what it is made of: version and figures never change once claims were settled by them.
_tables: dict[tuple[str, int, int], YearTable] = {}


def table_of(version: PolicyVersion, figures_id: int, year: int) -> YearTable:
    """The compiled table of a version in a year under a set of figures. Raises MissingParameter, ParameterError."""
    key = (version.sha256, figures_id, year)
    if key not in _tables:
        if len(_tables) > 200:
            _tables.clear()
        _tables[key] = compile_year(document_of(version), year, parameters_of(version, figures_id))
    return _tables[key]


# --- pages --------------------------------------------------------------------------------------------------------
def versions() -> QuerySet[PolicyVersion]:
    """Versions with their region, without the bodies."""
    return PolicyVersion.objects.select_related("region").defer("body")


def versions_for(user: User) -> QuerySet[PolicyVersion]:
    """Versions of all regions for the list page."""
    return user.visible(versions())


def last_day(version: PolicyVersion) -> date | None:
    """The last day of a version's validity; None while it has no end."""
    upper = version.validity.upper
    return upper - timedelta(days=1) if upper else None


def readable(version: PolicyVersion) -> Document | None:
    """The document of a version; None for a draft that is not finished."""
    try:
        return document_of(version)
    except EngineError:
        return None


def drafts_of(user: User) -> QuerySet[PolicyVersion]:
    """Versions of the user's own region and below: what they may work on."""
    return access.in_region(user, versions(), "region_id")


def revisions(version: PolicyVersion) -> list[Any]:
    """Every body that the version has had, newest first: events with `pgh_id`, `pgh_created_at`, `sha256`,
    `acted_by`."""
    events = events_of(PolicyVersion)._default_manager.filter(pgh_obj_id=version.pk)
    found = with_actor(events).defer("body").order_by("pgh_id")
    kept: list[Any] = []
    event: Any
    for event in found:
        if not kept or kept[-1].sha256 != event.sha256:
            kept.append(event)
    return kept[::-1]


def body_at(version: PolicyVersion, sha256: str) -> str | None:
    """The text that the version once had under this hash."""
    found = events_of(PolicyVersion)._default_manager.filter(pgh_obj_id=version.pk, sha256=sha256)
    return found.values_list("body", flat=True).order_by("pgh_id").first()
