"""All that is wrong with an unfinished document, row by row, for whoever is writing it.

`parse_document` stops at the first error, as it must for a document that is to be law; here every row and section is
tried by the same parsers and says its first error, so that a form can show each beside its field.
"""

import tomllib
from collections.abc import Callable

from . import parse, parse_rules, parse_work
from .document import Clause
from .errors import DocumentError
from .figures import Need
from .node import Context, Node
from .parameters import SCALES

PLACEHOLDER = "…"


def problems_of(text: str, name: str) -> list[DocumentError]:
    """What keeps the text from being a document, in its order; empty exactly when `parse_document` accepts it."""
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return _strictly(text, name)
    found: list[DocumentError] = []
    context = Context(name, problems=found)
    root = Node(context, "", body)
    context.attempt(lambda: parse.parse_clauses(root))
    _stand_in(context, body)
    context.attempt(lambda: parse.parse_needs(root))
    _stand_in_needs(context, body)
    for section in _sections(root):
        context.attempt(section)
    # The whole is judged only when its parts are sound: else it would complain of what the missing parts would say.
    return _own(found) if found else _strictly(text, name)


def _strictly(text: str, name: str) -> list[DocumentError]:
    try:
        parse.parse_document(text, name)
    except DocumentError as error:
        return [error]
    return []


def _sections(root: Node) -> list[Callable[[], object]]:
    return [
        lambda: _head(root),
        lambda: parse.parse_readings(root),
        lambda: parse.parse_categories(root.need_table("categories")),
        lambda: parse_rules.critical_illness(root.need_table("critical_illness")),
        lambda: parse_rules.assistance(root.table("assistance")),
        lambda: parse_rules.top_up(root.table("top_up")),
        lambda: parse_rules.control(root.table("control")),
        lambda: parse_work.subsidy(root.table("subsidy")),
        lambda: parse_work.warnings(root.table("warnings")),
        lambda: parse_work.need_test(root.table("need_test")),
        lambda: parse_work.funding(root.table("funding")),
        lambda: root.rows("elsewhere", parse.parse_elsewhere),
        lambda: root.rows("exclusive", parse.parse_exclusive),
        lambda: root.rows("applications", parse_work.application),
        lambda: root.rows("obligations", parse_work.obligation),
        lambda: root.rows("targets", parse_work.target),
        lambda: root.rows("duties", parse_work.duty),
        lambda: parse_work.deadlines(root.table("deadlines")),
        root.done,
    ]


def _head(root: Node) -> None:
    head = root.need_table("document")
    parse.parse_validity(head)
    parse.parse_region(head)
    for key in ("policy", "region_name", "title", "issuer"):
        head.text(key)
    head.text("number", default=PLACEHOLDER)
    head.day("issued_on")
    head.day("effective_from")
    head.done()


def _stand_in(context: Context, body: dict[str, object]) -> None:
    """A clause with an error of its own is still there to be cited."""
    for row in _rows(body, "clauses"):
        key = row.get("id")
        if isinstance(key, str) and key.strip():
            context.clauses.setdefault(key.strip(), Clause(key.strip(), PLACEHOLDER, PLACEHOLDER))


def _stand_in_needs(context: Context, body: dict[str, object]) -> None:
    for row in _rows(body, "parameters"):
        label, unit = row.get("label"), row.get("unit")
        if isinstance(label, str) and unit in SCALES:
            context.needs.setdefault(label.strip(), Need(PLACEHOLDER, label.strip(), str(unit)))


def _rows(body: dict[str, object], key: str) -> list[dict[str, object]]:
    rows = body.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _own(found: list[DocumentError]) -> list[DocumentError]:
    """Without those of a list whose rows have errors: they speak of rows that could not be read."""
    keys = [error.key for error in found]
    return [error for error in found if not any(key.startswith(f"{error.key}[") for key in keys if error.key)]
