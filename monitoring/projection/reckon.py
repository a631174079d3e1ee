"""The rule of the projection as SQL: set-based like the scan, with the lines of the policy document as arrays.

What a person has on the year's account, divided by the days that have passed, times the days up to the same day of the
next month (never past the year's end). Who is under a line that counts for the person and would then be over it is
marked. Runs in the caller's transaction.
"""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import connection

from monitoring.lines import Ruling
from monitoring.scan import PARTS, filled, parameters

# This year: the accumulator, or the claims up to the day where a later one is on it.
_NOW = """
SELECT y.person_id, y.region_id, CASE WHEN y.last_settled_on <= %(day)s THEN y.measure ELSE (
    SELECT coalesce(sum({part}), 0)::bigint FROM claims_claim c
    JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
    WHERE c.person_id = y.person_id AND c.settled_on BETWEEN %(first_day)s AND %(day)s) END AS measure, 0 AS later
FROM claims_personyear y
WHERE y.year = %(year)s AND y.region_id BETWEEN %(low)s AND %(high)s AND y.measure >= %(least)s
"""
# A past year: the monthly sums up to the month, and with the one that followed.
_THEN = """
SELECT m.person_id, m.region_id, coalesce(sum(m.added) FILTER (WHERE m.month <= %(month)s), 0)::bigint AS measure,
       coalesce(sum(m.added) FILTER (WHERE m.month <= %(month)s + 1), 0)::bigint AS later
FROM pace_month m GROUP BY m.person_id, m.region_id
"""
_MONTHS = """
CREATE TEMPORARY TABLE pace_month ON COMMIT DROP AS
SELECT y.person_id, y.region_id, extract(month FROM c.settled_on)::int AS month, sum({part})::bigint AS added
FROM claims_personyear y
JOIN claims_claim c ON c.person_id = y.person_id AND c.settled_on BETWEEN %(first_day)s AND %(last_day)s
JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
WHERE y.year = %(year)s AND y.region_id BETWEEN %(low)s AND %(high)s AND y.measure >= %(least)s
GROUP BY 1, 2, 3
"""
# Everyone's next line: the lowest that counts for the person and is not passed yet.
_NEXT = """
WITH line AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(amounts)s::bigint[], %(masks)s::bigint[], %(earlier)s::boolean[],
                         %(others)s::text[], %(over_from)s::bigint[])
           AS line(kind, amount, mask, earlier, others, over_from)
), category AS (
    SELECT * FROM unnest(%(codes)s::text[], %(bits)s::bigint[]) WITH ORDINALITY AS category(code, bit, place)
), person AS (
    SELECT y.person_id, y.region_id, y.measure, y.later, p.rural, y.measure * %(days_then)s / %(days_now)s AS expected,
           coalesce(bit_or(g.bit) FILTER (WHERE l.valid_to IS NULL OR l.valid_to >= %(day)s), 0) AS now,
           coalesce(bit_or(g.bit), 0) AS ever
    FROM ({people}) y JOIN beneficiaries_person p ON p.id = y.person_id
    LEFT JOIN beneficiaries_heldcategory l ON l.person_id = y.person_id AND l.known_to IS NULL
        AND l.valid_from <= %(day)s AND l.category = ANY(%(needed)s)
    LEFT JOIN category g ON g.code = l.category
    GROUP BY y.person_id, y.region_id, y.measure, y.later, p.rural
), named AS (
    SELECT n.*, n.now & %(named_now)s <> 0 OR n.ever & %(named_ever)s <> 0 AS named FROM person n
), next AS (
    SELECT DISTINCT ON (n.person_id) n.*, line.kind, line.amount AS line, line.over_from, line.mask
    FROM named n JOIN line ON n.measure < line.over_from AND CASE
        WHEN n.named THEN (CASE WHEN line.earlier THEN n.ever ELSE n.now END & line.mask) <> 0
        ELSE line.others = 'insured' OR (line.others = 'rural' AND n.rural) END
    ORDER BY n.person_id, line.over_from
)
"""
_MARK = """
INSERT INTO monitoring_projected (person_id, region_id, year, "on", until, kind, category, amount, expected, line)
SELECT person_id, region_id, %(year)s, %(day)s, %(until)s, kind,
       coalesce((SELECT g.code FROM category g WHERE next.now & g.bit <> 0
                 ORDER BY (next.mask & g.bit <> 0) DESC, g.place LIMIT 1), ''),
       measure, expected, line
FROM next WHERE expected >= over_from
ON CONFLICT (person_id) DO UPDATE SET region_id = excluded.region_id, year = excluded.year, "on" = excluded."on",
    until = excluded.until, kind = excluded.kind, category = excluded.category, amount = excluded.amount,
    expected = excluded.expected, line = excluded.line
"""
_COUNT = """
SELECT count(*) FILTER (WHERE expected >= over_from), count(*) FILTER (WHERE least(expected, later) >= over_from),
       count(*) FILTER (WHERE later >= over_from) FROM next
"""


def until(day: date) -> date:
    """A month on: the same day of the next month (from a month's end to the next one's), not past the year's end."""
    first = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    end = calendar.monthrange(first.year, first.month)[1]
    is_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return min(first.replace(day=end if is_end else min(day.day, end)), date(day.year, 12, 31))


def expected(amount: int, day: date) -> int:
    """What `amount` of the year up to the day (fen) comes to by `until`, at the pace so far."""
    return amount * _passed(until(day)) // _passed(day)


def _passed(day: date) -> int:
    return day.timetuple().tm_yday


def facts_of(code: str, day: date, ruling: Ruling) -> dict[str, Any]:
    """Parameters of the statements for a county (significant digits)."""
    lowest = min(line.over_from for line in ruling.table.lines)
    days_now, days_then = _passed(day), _passed(until(day))
    more = {"until": until(day), "days_now": days_now, "days_then": days_then, "month": day.month}
    # Nobody with less comes to the lowest line at the pace so far.
    least = lowest * days_now // days_then
    return parameters([code], day, ruling) | more | {"least": least, "last_day": date(day.year, 12, 31)}


def mark(facts: Mapping[str, Any], measure: str) -> int:
    """Writes the marks of a county as of a day; how many."""
    people = _NOW.replace("{part}", PARTS[measure])
    with connection.cursor() as cursor:
        cursor.execute(_NEXT.replace("{people}", people) + _MARK, facts)
        return cursor.rowcount


def month_sums(facts: Mapping[str, Any], measure: str) -> None:
    """What each month of the year added for everyone whose whole year reaches `least`; for `count`."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pace_month")
        cursor.execute(filled(_MONTHS, {"{part}": PARTS[measure]}), facts)
        cursor.execute("ANALYZE pace_month")


def count(facts: Mapping[str, Any]) -> tuple[int, int, int]:
    """By the month sums: how many the rule marks on the day, how many of these crossed in the month after, how many
    crossed in all."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT.replace("{people}", _THEN) + _COUNT, facts)
        marked, hit, crossed = cursor.fetchone()
    return marked, hit, crossed
