"""The scan of a prefecture's counties: accumulators against the lines of the law, the difference to what is known.

Two statements for all the counties that one version governs, because each reads the accumulators and the categories
once: who has enough on the year's account (a plain select that PostgreSQL may share among processes) and the line that
counts for each; then the difference to the warnings that are there, written and counted per county; what stands as it
did, most of it, is told apart first and only counted. They hold no law: lines, categories and sums come from the policy
document (`policies.engine.WarningLine`).

The sum up to the day: where the person's last settled claim is not later than the day, the accumulator that is kept
with every settlement; else the sum over the claims up to the day. Each claim's part is never negative, so that nobody
whose whole year is under the lowest line is missed by looking at the accumulator first.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from accounts.vocabulary import Category
from monitoring.lines import Ruling

BITS = {code: 1 << at for at, code in enumerate(Category.values)}
COUNTS = ("raised", "reopened", "refreshed", "unchanged", "withdrawn", "open", "approaching")

# For whom without a named category a line counts (the engine's word): nobody, everyone insured, who lives on the land.
_OTHERS = {"": "false", "insured": "true", "rural": "rural"}

# What a claim and its current settlement add to each measure (claims.facts keeps the same sums).
PARTS = {
    "personal_burden": "s.personal_burden",
    "total_after_insurance": "c.total - c.basic_paid - s.cii_paid",
    "in_scope_after_insurance": "c.in_scope - c.basic_paid - s.cii_paid",
}

_SUM = """(SELECT coalesce(sum({part}), 0)::bigint FROM claims_claim c
             JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
             WHERE c.person_id = y.person_id AND c.settled_on BETWEEN %(first_day)s AND %(day)s)"""

# One after the other, always in the same order: two scans never wait for each other.
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s::text[]) AS name"

# Everyone near or over, with the one line that counts: accumulators that reach the lowest line, with the categories
# held and begun as bits. What is chosen for a person is chosen by CASEs that `_choices` writes from the lines, not by
# joins with lists, of whose rows the planner knows nothing. A table of its own: its size tells the planner how to go
# on.
_HIT = """
CREATE TEMPORARY TABLE scan_hit ON COMMIT DROP AS
SELECT n.person_id, n.region_id, n.measure, line.kind, line.amount AS line, n.choice %% 2 = 1 AS over,
       CASE WHEN n.now = 0 THEN '' {shown} END AS category,
       CASE WHEN n.now & %(first)s <> 0 THEN 1 ELSE 2 END AS priority
FROM (
    SELECT person.*, CASE {choice} END AS choice FROM (
        SELECT y.person_id, y.region_id, {rural} AS rural,
               CASE WHEN y.last_settled_on <= %(day)s THEN y.measure ELSE {sum} END AS measure,
               coalesce(bit_or({bit}) FILTER (WHERE l.valid_to IS NULL OR l.valid_to >= %(day)s), 0) AS now,
               coalesce(bit_or({bit}), 0) AS ever
        FROM claims_personyear y {persons}
        {how} JOIN beneficiaries_heldcategory l ON l.person_id = y.person_id AND l.known_to IS NULL
            AND l.valid_from <= %(day)s AND l.category = ANY(%(needed)s)
        WHERE y.year = %(year)s AND y.region_id BETWEEN %(low)s AND %(high)s AND y.measure >= %(least)s {among}
        GROUP BY y.id, rural
    ) person
) n JOIN unnest(%(kinds)s::text[], %(amounts)s::bigint[], %(masks)s::bigint[]) WITH ORDINALITY
    AS line(kind, amount, mask, place) ON line.place = n.choice / 2
"""

_STATEMENT = """
WITH pair AS MATERIALIZED (
    SELECT h.*, w.id, (w.amount, w.line, w.category, w.priority, w.region_id)
                      IS NOT DISTINCT FROM (h.measure, h.line, h.category, h.priority, h.region_id)
        AND CASE WHEN h.over THEN w.state IN ('open', 'pushed', 'answered') ELSE w.state = 'approaching' END AS same
    FROM scan_hit h FULL JOIN (
        SELECT id, person_id, kind, amount, line, category, priority, region_id, state FROM monitoring_burdenwarning
        WHERE year = %(year)s AND region_id BETWEEN %(low)s AND %(high)s
    ) w ON w.person_id = h.person_id AND w.kind = h.kind
), same AS (
    SELECT over, left(region_id, %(digits)s) AS part FROM pair WHERE same
), news AS MATERIALIZED (
    SELECT person_id, region_id, measure, kind, line, over, category, priority FROM pair
    WHERE NOT same AND person_id IS NOT NULL
), here AS MATERIALIZED (
    SELECT w.*, w.person_id IN (SELECT h.person_id FROM scan_hit h) AS is_hit
    FROM pair p CROSS JOIN LATERAL (SELECT * FROM monitoring_burdenwarning w WHERE w.id = p.id OFFSET 0) w
    WHERE NOT p.same AND left(w.region_id, %(digits)s) = ANY(%(parts)s)
), moved_in AS (
    SELECT h.person_id FROM news h WHERE NOT EXISTS (SELECT FROM here w WHERE w.person_id = h.person_id)
), known AS MATERIALIZED (
    SELECT w.* FROM here w WHERE w.is_hit OR (w.state <> 'withdrawn' AND NOT EXISTS (
        SELECT FROM claims_personyear y WHERE y.person_id = w.person_id AND y.year = w.year
            AND NOT left(y.region_id, %(digits)s) = ANY(%(parts)s)))
    UNION ALL
    SELECT w.*, true FROM monitoring_burdenwarning w JOIN moved_in USING (person_id) WHERE w.year = %(year)s
), compared AS (
    SELECT k.id, k.number, k.state AS was, k.raised_on AS was_raised, h.*,
           k.person_id AS known_person, k.kind AS known_kind, k.amount AS was_amount, k.line AS was_line,
           k.category AS was_category, k.priority AS was_priority, k.region_id AS was_region
    FROM news h FULL JOIN known k ON k.person_id = h.person_id AND k.kind = h.kind
), judged AS MATERIALIZED (
    SELECT c.*, CASE
        WHEN c.id IS NULL THEN CASE WHEN over THEN 'raise' ELSE 'notice' END
        WHEN c.person_id IS NULL THEN CASE WHEN was = 'withdrawn' THEN 'leave' ELSE 'withdraw' END
        WHEN over THEN CASE was WHEN 'approaching' THEN 'raise' WHEN 'withdrawn' THEN
            CASE WHEN was_raised IS NULL THEN 'raise' ELSE 'reopen' END ELSE 'keep' END
        WHEN was_raised IS NULL THEN 'notice'
        WHEN was = 'withdrawn' THEN 'leave'
        ELSE 'withdraw' END AS step, left(coalesce(c.region_id, c.was_region), %(digits)s) AS part
    FROM compared c
), fresh AS (
    INSERT INTO monitoring_burdenwarning (id, number, person_id, region_id, year, kind, state, amount, line, category,
                                          priority, version_id, raised_on, refreshed_on, withdrawn_reason)
    SELECT n.id, 'YJ' || %(year)s || '-' || left(region_id, 6) || '-' || lpad(n.id::text, 7, '0'), person_id, region_id,
           %(year)s, kind, CASE step WHEN 'raise' THEN 'open' ELSE 'approaching' END, measure, line, category, priority,
           %(version)s, CASE step WHEN 'raise' THEN %(day)s::date END, %(day)s, ''
    FROM (SELECT nextval(pg_get_serial_sequence('monitoring_burdenwarning', 'id')) AS id, j.person_id, j.region_id,
                 j.kind, j.step, j.measure, j.line, j.category, j.priority
          FROM judged j WHERE j.id IS NULL ORDER BY j.priority, j.measure DESC, j.person_id) n
), moved AS (
    UPDATE monitoring_burdenwarning w SET
        region_id = j.region_id, amount = j.measure, line = j.line, category = j.category, priority = j.priority,
        version_id = %(version)s, refreshed_on = %(day)s, withdrawn_reason = '',
        raised_on = CASE j.step WHEN 'raise' THEN %(day)s ELSE w.raised_on END,
        state = CASE j.step
            WHEN 'notice' THEN 'approaching' WHEN 'raise' THEN 'open' WHEN 'keep' THEN w.state
            ELSE {standing} END
    FROM judged j
    WHERE w.id = j.id AND (j.step IN ('raise', 'reopen') OR (j.step IN ('keep', 'notice') AND
        (j.measure, j.line, j.category, j.priority, j.region_id) IS DISTINCT FROM
        (j.was_amount, j.was_line, j.was_category, j.was_priority, j.was_region)
        OR (j.step = 'notice' AND j.was = 'withdrawn')))
    RETURNING j.step, left(j.region_id, %(digits)s) AS part
), gone AS (
    UPDATE monitoring_burdenwarning w SET state = 'withdrawn', refreshed_on = %(day)s, withdrawn_reason = CASE
        WHEN now.over THEN %(turned)s
        WHEN total.measure > w.line THEN %(not_counted)s
        ELSE replace(%(under)s, '0.00', to_char(coalesce(total.measure, 0) / 100.0, 'FM999999999990.00')) END
    FROM judged j
    LEFT JOIN scan_hit now ON now.person_id = j.known_person
    LEFT JOIN LATERAL (
        SELECT CASE WHEN y.last_settled_on <= %(day)s THEN y.measure ELSE {sum} END AS measure
        FROM claims_personyear y WHERE y.person_id = j.known_person AND y.year = %(year)s
    ) total ON true
    WHERE w.id = j.id AND j.step = 'withdraw'
    RETURNING w.raised_on, left(CASE WHEN left(j.was_region, %(digits)s) = ANY(%(parts)s) THEN j.was_region
                                     ELSE now.region_id END, %(digits)s) AS part
)
SELECT part, sum(raised), sum(reopened), sum(refreshed), sum(kept) - sum(refreshed), sum(withdrawn), sum(open),
       sum(approaching)
FROM (
    SELECT part, count(*) FILTER (WHERE step = 'raise') AS raised, count(*) FILTER (WHERE step = 'reopen') AS reopened,
           0 AS refreshed, count(*) FILTER (WHERE step = 'keep') AS kept, 0 AS withdrawn,
           count(*) FILTER (WHERE step IN ('raise', 'reopen', 'keep')) AS open,
           count(*) FILTER (WHERE step = 'notice') AS approaching
    FROM judged GROUP BY part
    UNION ALL SELECT part, 0, 0, 0, count(*) FILTER (WHERE over), 0, count(*) FILTER (WHERE over),
           count(*) FILTER (WHERE NOT over) FROM same GROUP BY part
    UNION ALL SELECT part, 0, 0, count(*), 0, 0, 0, 0 FROM moved WHERE step = 'keep' GROUP BY part
    UNION ALL SELECT part, 0, 0, 0, 0, count(*), 0, 0 FROM gone WHERE raised_on IS NOT NULL GROUP BY part
) counted_by_part GROUP BY part
"""

# A warning that comes back stands where it stood: answered, told, or still to be told.
_STANDING = """CASE
    WHEN EXISTS (SELECT FROM monitoring_feedback f
                 WHERE f.warning_id = w.id AND f.superseded_at IS NULL) THEN 'answered'
    WHEN EXISTS (SELECT FROM monitoring_deliveredwarning d WHERE d.warning_id = w.id) THEN 'pushed'
    ELSE 'open' END"""


def scan_parts(*, codes: Sequence[str], day: date, ruling: Ruling, whole: bool = False) -> dict[str, dict[str, int]]:
    """Raises, refreshes and withdraws the warnings of places that one ruling governs; COUNTS of each by its code.

    `codes` are significant digits, all equally many (six of a county) and with the first four in common; `whole`: no
    other place lies between the first and the last of them. Runs in the caller's transaction, and waits there for
    another scan of the same counties.
    """
    others = {line.others for line in ruling.table.lines if line.others}
    pieces = {
        **_choices(ruling),
        "{sum}": _SUM.replace("{part}", PARTS[ruling.table.measure]),
        "{standing}": _STANDING,
        # Nobody without a category counts where no line is for others; being rural is looked up where one asks.
        "{how}": "LEFT" if others else "",
        "{rural}": "p.rural" if "rural" in others else "false",
        # All counties of the prefecture: the range says it, and the planner knows how many that are.
        "{among}": "" if whole else "AND left(y.region_id, %(digits)s) = ANY(%(parts)s)",
        "{persons}": "JOIN beneficiaries_person p ON p.id = y.person_id" if "rural" in others else "",
    }
    hit, statement = (filled(text, pieces) for text in (_HIT, _STATEMENT))
    facts = parameters(codes, day, ruling)
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [[f"scan {code} {day.year}" for code in sorted({code[:6] for code in codes})]])
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL enable_mergejoin = off")  # it sorts what can be hashed
        cursor.execute("DROP TABLE IF EXISTS scan_hit")
        cursor.execute(hit, facts)
        cursor.execute(statement, facts)
        found = {part: dict(zip(COUNTS, map(int, counts), strict=True)) for part, *counts in cursor.fetchall()}
        cursor.execute("SET LOCAL work_mem TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT")
    return {code: found.get(code, dict.fromkeys(COUNTS, 0)) for code in codes}


def _choices(ruling: Ruling) -> dict[str, str]:
    """Branches of SQL's CASE, of numbers and codes of the law alone: the bit of a category, the line that counts for a
    person (twice its place from 1, one more when it is passed), the category that is shown with the line."""
    lines, order = ruling.table.lines, ruling.order
    named_now, named_ever = _named(ruling)
    named = f"now & {named_now} <> 0 OR ever & {named_ever} <> 0"
    counts = [
        f"CASE WHEN {named} THEN {'ever' if line.earlier_too else 'now'} & {mask(line.categories)} <> 0"
        f" ELSE {_OTHERS[line.others]} END"
        for line in lines
    ]
    places = range(len(lines))
    # The highest line that is passed, else the lowest that is near.
    passed = sorted(places, key=lambda at: -lines[at].line)
    near = sorted(places, key=lambda at: lines[at].line)
    choice = [f"WHEN measure >= {lines[at].over_from} AND {counts[at]} THEN {2 * at + 3}" for at in passed]
    choice += [f"WHEN measure >= {lines[at].near_from} AND {counts[at]} THEN {2 * at + 2}" for at in near]
    # A category of the line before any other.
    shown = [f"WHEN n.now & line.mask & {BITS[code]} <> 0 THEN '{code}'" for code in order]
    shown += [f"WHEN n.now & {BITS[code]} <> 0 THEN '{code}'" for code in order]
    bit = " ".join(f"WHEN '{code}' THEN {BITS[code]}::bigint" for code in order)
    return {"{bit}": f"CASE l.category {bit} END", "{choice}": " ".join(choice), "{shown}": " ".join(shown)}


def _named(ruling: Ruling) -> tuple[int, int]:
    """Categories that lines name: of those held now, and of those ever begun."""
    now, ever = (
        [code for line in ruling.table.lines if line.earlier_too is earlier for code in line.categories]
        for earlier in (False, True)
    )
    return mask(now), mask(ever)


def filled(text: str, pieces: dict[str, str]) -> str:
    for name, piece in pieces.items():
        text = text.replace(name, piece)
    return text


def parameters(codes: Sequence[str], day: date, ruling: Ruling) -> dict[str, Any]:
    lines, order = ruling.table.lines, ruling.order
    named_now, named_ever = _named(ruling)
    named = [*(code for line in lines for code in line.categories), *ruling.table.warnings.first]
    # Where a line is for others, any category may be the one that is shown.
    needed = order if any(line.others for line in lines) else [code for code in order if code in set(named)]
    return {
        "kinds": [line.kind for line in lines],
        "amounts": [line.line for line in lines],
        "masks": [mask(line.categories) for line in lines],
        "earlier": [line.earlier_too for line in lines],
        "others": [line.others for line in lines],
        "over_from": [line.over_from for line in lines],
        "near_from": [line.near_from for line in lines],
        "codes": list(order),
        "bits": [BITS[category] for category in order],
        "named_now": named_now,
        "named_ever": named_ever,
        "first": mask(ruling.table.warnings.first),
        "least": min(line.near_from for line in lines),
        "day": day,
        "first_day": day.replace(month=1, day=1),
        "year": day.year,
        "needed": list(needed),
        "parts": list(codes),
        "digits": len(codes[0]),
        "low": min(codes).ljust(12, "0"),
        "high": max(codes).ljust(12, "9"),
        "version": ruling.version.pk,
        "turned": _("已转为另一种预警"),
        "not_counted": _("当日不在预警人员范围内"),
        "under": _("更正后累计 0.00 元，未达到预警线"),
    }


def mask(categories: Iterable[str]) -> int:
    """Bit mask of category codes."""
    return sum(BITS[code] for code in set(categories))
