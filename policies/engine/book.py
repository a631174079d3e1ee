"""The book of policies: for each policy its versions by date, without gap or overlap."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from .document import Document
from .errors import DocumentError, NoVersion
from .parse import load_document


class Book:
    """Versions of every policy in order of time; `in_force` answers for a day."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.versions: dict[str, tuple[Document, ...]] = {}
        grouped: dict[str, list[Document]] = {}
        for document in documents:
            grouped.setdefault(document.policy, []).append(document)
        for policy, found in grouped.items():
            found.sort(key=lambda d: d.valid_from)
            for earlier, later in pairwise(found):
                _check_seam(earlier, later)
            self.versions[policy] = tuple(found)

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self.versions)

    def in_force(self, policy: str, day: date) -> Document:
        """The version of `policy` in force on `day`. Raises NoVersion."""
        for document in self.versions.get(policy, ()):
            if document.in_force(day):
                return document
        raise NoVersion(policy, day.isoformat())

    def parameter_keys(self) -> dict[str, set[str]]:
        """Policy → keys of the yearly figures that its versions use."""
        return {
            policy: {need.key for document in documents for need in document.needs.values()}
            for policy, documents in self.versions.items()
        }


def load_book(folder: Path | str) -> Book:
    """All `*.toml` documents of a folder. Raises DocumentError."""
    paths = sorted(Path(folder).glob("*.toml"))
    if not paths:
        raise DocumentError(str(folder), "", "文件夹中没有政策文件（*.toml），请核对路径")
    return Book(load_document(path) for path in paths)


def _check_seam(earlier: Document, later: Document) -> None:
    name = f"{later.key}.toml"
    if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
        until = earlier.valid_to or "长期"
        problem = f"与 {earlier.key}（有效至 {until}）有效期重叠，请把前一版本的 valid_to 改为生效日的前一天"
        raise DocumentError(name, "document.valid_from", problem)
    if earlier.valid_to + timedelta(days=1) != later.valid_from:
        problem = f"与 {earlier.key}（有效至 {earlier.valid_to}）之间有空档，请使两个版本的日期相接"
        raise DocumentError(name, "document.valid_from", problem)
