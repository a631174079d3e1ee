"""Facts of the register that contradict each other, set-based: the worklist of contradictions asks them.

Each query gives one row per contradiction: `person_id`, `region_id`, `key` (stable, so that an answer stays with it)
and what shows it.
"""

from typing import Any, Final

from django.db import connection

from accounts.vocabulary import Category

# Categories of two departments that cannot both be true of one person on one day: who is destitute and kept by the
# state is no low-income household's member, and who has left poverty unmonitored holds no category of need.
EXCLUSIVE: Final[tuple[tuple[str, str], ...]] = (
    (Category.EXTREME_POVERTY, Category.SUBSISTENCE),
    (Category.EXTREME_POVERTY, Category.SUBSISTENCE_MARGIN),
    (Category.SUBSISTENCE, Category.SUBSISTENCE_MARGIN),
    (Category.ORPHAN, Category.UNSUPPORTED_CHILD),
    (Category.EXITED_POVERTY, Category.RELAPSED_POVERTY),
    (Category.EXITED_POVERTY, Category.UNSTABLE_EXIT),
    (Category.EXITED_POVERTY, Category.MARGINAL_RISK),
    (Category.EXITED_POVERTY, Category.SUDDEN_HARDSHIP),
    (Category.RELAPSED_POVERTY, Category.UNSTABLE_EXIT),
    (Category.RELAPSED_POVERTY, Category.MARGINAL_RISK),
    (Category.UNSTABLE_EXIT, Category.MARGINAL_RISK),
)

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
    """Two spells in force that exclude each other on common days: first_*, second_*, since, until (None: open)."""
    pairs = {"first": [one for one, _ in EXCLUSIVE], "second": [other for _, other in EXCLUSIVE]}
    return _rows(_EXCLUSIVE_SQL, region_prefix, pairs)


def two_names(region_prefix: str) -> list[dict[str, Any]]:
    """Identity numbers that a roster gives another name than the register: known_as, called, department, file_id."""
    return _rows(_NAMES_SQL, region_prefix, {})


def _rows(query: str, region_prefix: str, more: dict[str, Any]) -> list[dict[str, Any]]:
    span = {"from": region_prefix.ljust(12, "0"), "to": region_prefix.ljust(12, "9")}
    with connection.cursor() as cursor:
        cursor.execute(query, span | more)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
