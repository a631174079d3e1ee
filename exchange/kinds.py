"""Kinds of inbound files: each room registers what it reads (`register` in its AppConfig.ready).

The pipeline (`exchange.services`) is the same for all: received, read and staged, compared, confirmed, undone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet

from accounts.access import Act
from accounts.jobs import Progress
from accounts.lists import Column
from accounts.models import Region, User
from accounts.vocabulary import CERTIFIES
from exchange import reader
from exchange.models import InboundFile, StagedRow

# One line of a comparison side by side: label, what the file says, what the register says.
Beside = tuple[Any, Any, Any]


class Apply(Protocol):
    """Writes the staged rows to the register, inside the confirming transaction; returns what it wrote by word."""

    def __call__(self, file: InboundFile, *, actor: User | None, progress: Progress) -> dict[str, int]: ...


class Undo(Protocol):
    """Takes back exactly what `Apply` wrote; raises `exchange.errors.ImportBlocked` when something depends on it."""

    def __call__(self, file: InboundFile, *, actor: User | None) -> None: ...


@dataclass(frozen=True)
class ImportKind:
    """One kind of file.

    `stage` copies the rows that the reader gives into `exchange_stagedrow` (`staging.stage_reading` does it for most);
    `compare` sets outcome, code and reason of every row by SQL and returns the counts by outcome (and what else the
    preview shows). Both run in one transaction, and again from the start when it failed. `unusual` says after
    the comparison why a second person must confirm (empty: no need); `blocked` why nobody can now. `beside` gives for
    doubtful rows what file and register say, by primary key of the row. `columns` names what the preview shows:
    columns of the staged row, keys of its `values`, or whole `accounts.lists.Column`s where codes need words. `shown`
    adds to the rows of the preview what was not staged because the register says it (`known_…`, see `preview`). With
    `goes_back` the rows in error or doubt of a confirmed file become inquiries to its department.
    """

    kind: str
    schema: reader.Schema
    departments: tuple[str, ...]
    stage: Callable[[InboundFile, reader.Reading, Progress], None]
    compare: Callable[[InboundFile, Progress], dict[str, int]]
    apply: Apply
    undo: Undo
    columns: tuple[str | Column, ...]
    upload: Act = Act.ROSTER_UPLOAD
    confirm: Act = Act.ROSTER_CONFIRM
    unusual: Callable[[InboundFile], str] = lambda _file: ""
    blocked: Callable[[InboundFile], str] = lambda _file: ""
    beside: Callable[[Sequence[StagedRow]], dict[int, list[Beside]]] = lambda _rows: {}
    shown: Callable[[QuerySet[StagedRow]], QuerySet[StagedRow]] = lambda rows: rows
    # Removes what a room staged in a table of its own, when the file is given up.
    forget: Callable[[InboundFile], None] = lambda _file: None
    goes_back: bool = False


_KINDS: dict[str, ImportKind] = {}


def register(kind: ImportKind) -> None:
    """Make the kind known: pages, tasks and commands then offer it."""
    _KINDS[kind.kind] = kind


def get(kind: str) -> ImportKind:
    """The registered kind; KeyError for one that no room reads."""
    return _KINDS[kind]


def registered() -> list[ImportKind]:
    """All kinds, in the order of `InboundFile.Kind`."""
    return [_KINDS[code] for code in InboundFile.Kind.values if code in _KINDS]


def reading_context(file: InboundFile) -> reader.Context:
    """What the reader must know: who sends, for which region, and the places that exist around it."""
    nearby = Region.objects.filter(code__startswith=file.region_id[:2]).values_list("code", "name")
    certified = CERTIFIES.get(file.department)
    return reader.Context(
        department=file.department if certified else None,
        categories=frozenset(certified) if certified else None,
        region=file.region_id,
        regions=reader.RegionIndex(nearby),
    )
