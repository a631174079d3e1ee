"""Facts of the register that contradict each other, set-based: the worklist of contradictions asks them.

Each query gives one row per contradiction: `person_id`, `region_id`, `key` (stable, so that an answer stays with it)
and what shows it.
"""

from datetime import date
from typing import Any

from django.db import connection
from django.utils import timezone

from policies import selectors as law

Pair = tuple[str, str]

_EXCLUSIVE_SQL = """
SELECT a.person_id, p.region_id, format('%%s+%%s:%%s', a.category, b.category, greatest(a.valid_from, b.valid_from))
           AS key,
       a.id AS first_spell, b.id AS second_spell, a.category AS first_category, a.department AS first_department,
       b.category AS second_category, b.department AS second_department,
       greatest(a.valid_from, b.valid_from) AS since, nullif(least(coalesce(a.valid_to, 'infinity'),
           coalesce(b.valid_to, 'infinity')), 'infinity') AS until
FROM beneficiaries_categoryspell a
JOIN beneficiaries_categoryspell b ON b.person_id = a.person_id AND b.known_to IS NULL
    AND daterange(a.valid_from, a.valid_to, '[]') && daterange(b.valid_from, b.valid_to, '[]')
JOIN unnest(%(first)s::text[], %(second)s::text[]) AS pair (one, other) ON a.category = pair.one
    AND b.category = pair.other
JOIN beneficiaries_person p ON p.id = a.person_id
WHERE a.known_to IS NULL AND p.region_id >= %(from)s AND p.region_id <= %(to)s
"""

# A confirmed file keeps its rows: what a department or hospital called the holder of the number.
_NAMES_SQL = """
SELECT p.id AS person_id, p.region_id, format('%%s:%%s', f.department, r.name) AS key, p.name AS known_as,
       r.name AS called, f.department, min(f.id) AS file_id, max(f.month) AS month
FROM exchange_stagedrow r
JOIN exchange_inboundfile f ON f.id = r.file_id AND f.kind = 'roster'
JOIN beneficiaries_person p ON p.id_key = r.id_key
WHERE r.name <> '' AND r.name <> p.name AND r.code = 'name_differs' AND f.state IN ('ready', 'confirmed')
    AND p.region_id >= %(from)s AND p.region_id <= %(to)s
GROUP BY p.id, f.department, r.name
"""


def exclusive_categories(region_prefix: str) -> list[dict[str, Any]]:
    """Two spells that the policy in force on a common day excludes from each other: first_*, second_*, since, until
    (None: open), clauses."""
    known = law.law()
    rules: dict[int, dict[Pair, tuple[str, ...]]] = {}
    for version in law.versions().filter(state__in=law.IN_FORCE):
        found = law.document_of(version).exclusive
        # Named in one order, so that versions that name them otherwise tell the same contradiction.
        rules[version.pk] = {tuple(sorted(pair)): rule.clauses for rule in found for pair in rule.pairs()}
    pairs = sorted({pair for mine in rules.values() for pair in mine})
    values = {"first": [one for one, _ in pairs], "second": [other for _, other in pairs]}
    told = []
    for row in _rows(_EXCLUSIVE_SQL, region_prefix, values):
        last = min(row["until"] or date.max, max(row["since"], timezone.localdate()))
        for day in (row["since"], last):
            version = known.on(row["region_id"], day)
            clauses = rules[version.pk].get((row["first_category"], row["second_category"])) if version else None
            if clauses is not None:
                told.append(row | {"clauses": clauses})
                break
    return told


def two_names(region_prefix: str) -> list[dict[str, Any]]:
    """Identity numbers that a roster gives another name than the register: known_as, called, department, file_id."""
    return _rows(_NAMES_SQL, region_prefix, {})


def _rows(query: str, region_prefix: str, more: dict[str, Any]) -> list[dict[str, Any]]:
    span = {"from": region_prefix.ljust(12, "0"), "to": region_prefix.ljust(12, "9")}
    with connection.cursor() as cursor:
        cursor.execute(query, span | more)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
