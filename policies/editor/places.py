"""From the parser's key paths to places of the form, and into words that a lawyer reads."""

import re
from collections.abc import Iterator
from functools import cache

from django.utils.translation import gettext as _

from policies.editor.fields import Field, Rows, Section, Table
from policies.editor.sections import SECTIONS
from policies.sayings import said


@cache
def parts() -> dict[str, tuple[Section, Table | Rows]]:
    """Path → its section and part."""
    return {part.path: (section, part) for section in SECTIONS for part in section.parts}


def place_of(key: str) -> tuple[Section, Table | Rows, int, Field | None] | None:
    """Section, part, row (0: none) and field of a parser's key path; None when the form has no such place."""
    path, row, name = split(key)
    found = parts().get(path)
    if found is None:
        return None
    section, part = found
    return section, part, row, next((one for one in part.fields if one.key == name), None)


def split(key: str) -> tuple[str, int, str]:
    """`assistance.rules[3].ratio` → (`assistance.rules`, 3, `ratio`); `top_up.mode` → (`top_up`, 0, `mode`)."""
    bare = re.fullmatch(r"(clauses) (\S+)", key)
    if bare:
        return "clauses", 0, ""
    match = re.fullmatch(r"([a-z_.]+)\[([0-9]+)\](?:\.([a-z_]+))?\.?", key)
    if match:
        return match[1], int(match[2]), match[3] or ""
    key = key.rstrip(".")
    if key in parts():
        return key, 0, ""
    path, _dot, name = key.rpartition(".")
    return path, 0, name


def place_words(key: str) -> str:
    """`assistance.rules[3].ratio` → `医疗救助 › 救助规则 第3条 › 救助比例`."""
    found = place_of(key)
    if found is None:
        return key
    section, part, row, field = found
    words = [str(section.label)]
    if str(part.label) != str(section.label) or row:
        words.append(str(part.label) + (_(" 第%(n)s条") % {"n": row} if row else ""))
    if field is not None:
        words.append(str(field.label))
    return " › ".join(words)


def problem_words(problem: str) -> str:
    """The parser's sentence with the form's words in place of the file's keys (in Chinese; else as it is said)."""
    if (words := said(problem)) != problem:
        return words
    for old, new in (
        ("加引号的文字", "文字"),
        ("不加引号写成", "写成"),
        ("方括号内用逗号隔开的一组文字", "至少一项"),
        ("，或者删去这一项", ""),
    ):
        problem = problem.replace(old, new)
    return re.sub(r" ?\[*(?<![a-z_.])([a-z]+(?:[_.][a-z_]+)*)(?![a-z_])\]* ?", _label_of_key, problem)


def _label_of_key(match: re.Match[str]) -> str:
    key = match[1]
    if key in parts():
        return f"“{parts()[key][1].label}”"
    path, _dot, name = key.rpartition(".")
    for one in _fields(path):
        if one.key == name:
            return f"“{one.label}”"
    return match[0]


def _fields(path: str) -> Iterator[Field]:
    for part_path, (_section, part) in parts().items():
        if not path or path == part_path:
            yield from part.fields
