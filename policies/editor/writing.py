"""Between the form and the TOML: what was typed is written into the document, and nothing else of it changes.

Whatever is typed is kept, right or wrong: a wrong date stays as text for the strict parser to speak about.
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol

import tomlkit
from tomlkit.items import Comment, Table, Whitespace

from policies.editor.fields import Field, Rows, Section
from policies.editor.fields import Table as Part
from policies.engine.codes import CATEGORY_LABELS, LOCATIONS, SERVICES

VOCABULARY = {
    "who": tuple(CATEGORY_LABELS.values()),
    "services": tuple(SERVICES.values()),
    "locations": tuple(LOCATIONS.values()),
}
# What is meant where nothing is written.
ALL_WHEN_SILENT = ("services", "locations")
_IDS = re.compile(r"[\s、,，;；]+")
_NAMES = re.compile(r"\s*[\n;；]\s*")


class Data(Protocol):
    """A QueryDict, or anything that gives values like one."""

    def get(self, key: str, default: Any = None) -> Any: ...
    def getlist(self, key: str) -> list[str]: ...
    def __contains__(self, key: str) -> bool: ...


def apply(body: str, section: Section, data: Data) -> str:
    """The document's text with the section as the form has it. Parts that the form did not carry stay as they are."""
    document = tomlkit.parse(body)
    for part in section.parts:
        if f"{part.path}#" not in data:
            continue
        if isinstance(part, Part):
            table = find(document, part.path)
            if table is not None:
                _write(table, part.fields, part.path, data)
        else:
            count = data.get(f"{part.path}#", "")
            _write_rows(document, part, min(int(count), 500) if count.isdecimal() else 0, data)
    return dumps(document)


def dumps(document: Any) -> str:
    """The text of the document; never one that says something else than the document holds."""
    text = tomlkit.dumps(document)
    assert tomllib.loads(text) == document.unwrap()  # noqa: S101 - a writer's fault must not become law
    return text


def find(document: Any, path: str) -> Any:
    """The table or rows at `path`; None when the document has none."""
    found = document
    for key in path.split("."):
        if not hasattr(found, "get") or key not in found:
            return None
        found = found[key]
    return found


# --- moves of rows and tables -----------------------------------------------------------------------------------
def add_row(body: str, rows: Rows) -> str:
    """One more row at the end, its required fields empty."""
    document = tomlkit.parse(body)
    _append(document, rows)
    return dumps(document)


def remove_row(body: str, rows: Rows, number: int) -> str:
    """Without row `number` (from 1)."""
    document = tomlkit.parse(body)
    found = find(document, rows.path)
    if found is not None and 1 <= number <= len(found):
        _remove(document, rows.path, number - 1)
    return dumps(document)


def raise_row(body: str, rows: Rows, number: int) -> str:
    """Row `number` before the one above it; comments stay where they stand."""
    document = tomlkit.parse(body)
    found = find(document, rows.path)
    if found is not None and 2 <= number <= len(found):
        above, row = found[number - 2], found[number - 1]
        old, new = dict(above.unwrap()), dict(row.unwrap())
        _fill(above, new, rows.fields)
        _fill(row, old, rows.fields)
    return dumps(document)


def add_table(body: str, part: Part) -> str:
    """The optional table, its required fields empty."""
    document = tomlkit.parse(body)
    if find(document, part.path) is None:
        table = tomlkit.table()
        _empty(table, part.fields)
        document.append(part.path, table)
    return dumps(document)


def remove_table(body: str, path: str) -> str:
    """Without the table and everything in it."""
    document = tomlkit.parse(body)
    if find(document, path) is not None:
        document.remove(path)
    return dumps(document)


# --- inside -----------------------------------------------------------------------------------------------------
def _write_rows(document: Any, rows: Rows, count: int, data: Data) -> None:
    found = find(document, rows.path)
    while found is not None and len(found) > count:
        _remove(document, rows.path, len(found) - 1)
        found = find(document, rows.path)
    for number in range(1, count + 1):
        if found is None or len(found) < number:
            _append(document, rows)
            found = find(document, rows.path)
        _write(found[number - 1], rows.fields, f"{rows.path}[{number}]", data)


def _append(document: Any, rows: Rows) -> None:
    row = tomlkit.table()
    _empty(row, rows.fields)
    row.add(tomlkit.nl())
    parent, key = _parent(document, rows.path)
    if parent is None:
        return
    if key not in parent:
        listed = tomlkit.aot()
        listed.append(row)
        parent.append(key, listed)
        return
    found = parent[key]
    if len(found):
        # What stands under the last row (the heading of the next section) shall stand under the new one.
        _move_trivia(found[len(found) - 1], row)
    found.append(row)


def _remove(document: Any, path: str, index: int) -> None:
    parent, key = _parent(document, path)
    found = parent[key]
    if index > 0 and index == len(found) - 1:
        _move_trivia(found[index], found[index - 1])
    if len(found) == 1:
        parent.remove(key)
    else:
        del found[index]


def _parent(document: Any, path: str) -> tuple[Any, str]:
    above, _dot, key = path.rpartition(".")
    return (find(document, above) if above else document), key


def _move_trivia(source: Table, target: Table) -> None:
    """Comments and blank lines after the last entry of one row go to the end of another."""
    body = source.value.body
    kept = len(body)
    while kept and body[kept - 1][0] is None and isinstance(body[kept - 1][1], Comment | Whitespace):
        kept -= 1
    moved: list[Any] = [item for _key, item in body[kept:]]
    if not any(isinstance(item, Comment) for item in moved):
        return
    del body[kept:]
    source.add(tomlkit.nl())
    while target.value.body and isinstance(target.value.body[-1][1], Whitespace):
        del target.value.body[-1]
    for item in moved:
        target.add(item)


def _empty(table: Table, fields: Iterable[Field]) -> None:
    for field in fields:
        if field.required and field.kind not in ("flag", "date", "year"):
            table.add(field.key, [] if field.kind in ("who", "clauses", "names", "lines") else "")


def _fill(table: Table, values: dict[str, Any], fields: Iterable[Field]) -> None:
    for key in [field.key for field in fields]:
        if key in values:
            old = table.get(key)
            if old is None or _plain(old) != values[key]:
                table[key] = _item(values[key])
        elif key in table:
            table.remove(key)


def _write(table: Table, fields: Iterable[Field], path: str, data: Data) -> None:
    for field in fields:
        new = value_of(field, f"{path}.{field.key}", data, _plain(table.get(field.key)))
        old = _plain(table.get(field.key))
        if new is None:
            if field.key in table:
                table.remove(field.key)
        elif new != old or type(new) is not type(old):
            table[field.key] = _item(new)


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _item(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    array = tomlkit.array()
    array.extend(value)
    if len("".join(value)) > 60:
        array.multiline(True)
    return array


def value_of(field: Field, name: str, data: Data, old: Any) -> Any:
    """What the document shall hold for a field; None when it shall not have the key. `old` stays if it means the
    same."""
    if field.kind == "flag":
        return (True if name in data else None) if bool(old) != (name in data) else old
    if field.kind in VOCABULARY:
        return _chosen(field, data.getlist(name), old)
    typed = str(data.get(name, "")).replace("\r\n", "\n").strip()
    if field.kind in ("clauses", "names", "lines"):
        pattern = {"clauses": _IDS, "names": _NAMES, "lines": re.compile(r"\s*\n\s*")}[field.kind]
        words = [word for word in pattern.split(typed) if word]
        return words or ([] if field.required else None)
    if field.kind == "date":
        return _date(typed)
    if field.kind == "year":
        return int(typed) if typed.isdecimal() and len(typed) <= 6 else typed or None
    if isinstance(old, str) and old.strip() == typed:
        return old
    return typed or ("" if field.required else None)


def _date(typed: str) -> Any:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        return typed


def _chosen(field: Field, chosen: list[str], old: Any) -> list[str] | None:
    known = VOCABULARY[field.kind]
    silent = field.kind in ALL_WHEN_SILENT
    before = list(known) if old is None and silent else list(old or ())
    if set(chosen) == set(before):
        return old if old is not None or not field.required else []
    if silent and set(chosen) >= set(known):
        return None
    listed = [word for word in before if word in chosen]
    listed += [word for word in known if word in chosen and word not in listed]
    return listed or ([] if field.required or silent else None)
