"""A confirmed roster into the register, in the confirming transaction.

Spells are closed and reopened, never overwritten; what persons held before is kept (`PersonBefore`), so that the file
can be undone.
"""

from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from accounts.jobs import Progress
from accounts.models import Level, User
from beneficiaries.changes import categories_of_file_changed
from beneficiaries.people import derived
from beneficiaries.roster.comparing import parameters
from exchange import staging
from exchange.errors import RegisterMoved
from exchange.models import InboundFile, StagedRow

BATCH = 20_000

# Whether anything that the preview relied upon has changed since.
MOVED = """
SELECT EXISTS (
    SELECT FROM exchange_stagedrow i JOIN beneficiaries_categoryspell s ON s.id = i.spell_id
    WHERE i.file_id = %(file)s AND s.known_to IS NOT NULL
) OR EXISTS (
    SELECT FROM exchange_stagedrow i JOIN beneficiaries_person p ON p.id_key = i.id_key
    WHERE i.file_id = %(file)s AND i.outcome IN ('new', 'changed') AND (i.person_id IS NULL OR p.name <> i.name
        OR p.deceased_on < coalesce(i.valid_to, 'infinity'))
) OR EXISTS (
    SELECT FROM exchange_stagedrow i JOIN beneficiaries_categoryspell s ON s.person_id = i.person_id
    WHERE i.file_id = %(file)s AND i.outcome = 'new' AND s.department = %(department)s AND s.known_to IS NULL
        AND (s.valid_to IS NULL OR s.valid_to >= %(month)s)
)
"""

# A place below a known county that is not in the table yet is named by its code until an administrator names it.
PLACES = """
INSERT INTO accounts_region (code, name, level, parent_id)
SELECT DISTINCT %(code)s, %(code)s, %(level)s::smallint, %(parent)s
FROM exchange_stagedrow i
WHERE i.file_id = %(file)s AND i.outcome IN ('new', 'changed', 'exited') AND i.region_code <> '' AND {only}
ON CONFLICT DO NOTHING
"""
TOWNSHIPS = (
    PLACES.replace("%(code)s", "rpad(left(region_code, 9), 12, '0')")
    .replace("%(parent)s", "rpad(left(region_code, 6), 12, '0')")
    .format(only="substr(region_code, 7, 3) <> '000'")
)
VILLAGES = (
    PLACES.replace("%(code)s", "region_code")
    .replace("%(parent)s", "rpad(left(region_code, 9), 12, '0')")
    .format(only="substr(region_code, 10, 3) <> '000'")
)

# Households are numbered per county; a row without a region belongs to the file's.
COUNTY = "rpad(left(coalesce(nullif(i.region_code, ''), %(place)s), 6), 12, '0')"
PREFIX = """CASE WHEN substr(i.region_code, 5) = '00000000' THEN left(i.region_code, 4)
    WHEN substr(i.region_code, 7) = '000000' THEN left(i.region_code, 6)
    WHEN right(i.region_code, 3) = '000' THEN left(i.region_code, 9) ELSE i.region_code END"""
HOUSEHOLDS = f"""
INSERT INTO beneficiaries_household (number, region_id, source_id)
SELECT DISTINCT i.household, {COUNTY}, %(file)s
FROM exchange_stagedrow i
WHERE i.file_id = %(file)s AND i.outcome IN ('new', 'changed') AND i.household <> ''
ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of constants

NEWCOMERS = """
CREATE TEMP TABLE roster_newcomer (id_key uuid, tail_key uuid, sex text, birth_date date, pinyin text,
    initials text) ON COMMIT DROP
"""
PERSONS = f"""
INSERT INTO beneficiaries_person (id_number, id_key, tail_key, name, pinyin, initials, sex, birth_date, region_id, rural,
    household_id, relation, phone, phone_key, source_id, created_at)
SELECT i.id_number, i.id_key, n.tail_key, i.name, n.pinyin, n.initials, n.sex, n.birth_date,
       coalesce(nullif(i.region_code, ''), %(place)s), true, h.id, i.relation, i.phone, i.phone_key, %(file)s, %(now)s
FROM exchange_stagedrow i
JOIN roster_newcomer n ON n.id_key = i.id_key
LEFT JOIN beneficiaries_household h ON h.number = i.household AND h.region_id = {COUNTY}
WHERE i.file_id = %(file)s AND i.outcome = 'new' AND i.person_id IS NULL
ORDER BY i."row"
"""  # noqa: S608

# What a department newly says of a known person replaces what the register had; what it said before, and what it does
# not say, does not. A wider place (the county of a known village) is no news.
TARGET = f"""
CREATE TEMP TABLE roster_target ON COMMIT DROP AS
SELECT i."row", i.outcome, p.id AS person_id, i.category, coalesce(nullif(i.region_code, ''), s.region_id, %(place)s)
           AS region_id,
       coalesce(i.valid_from, CASE WHEN s.category = i.category THEN s.valid_from END, least(%(month)s, i.valid_to))
           AS valid_from,
       i.valid_to, i.exit_reason, coalesce(nullif(i.household, ''), s.household, '') AS household,
       coalesce(nullif(i.relation, ''), s.relation, '') AS relation, coalesce(i.phone_key, s.phone_key) AS phone_key,
       i.spell_id,
       CASE WHEN i.region_code <> '' AND i.region_code IS DISTINCT FROM s.region_id
            AND NOT starts_with(p.region_id, {PREFIX}) THEN i.region_code END
           AS new_region,
       CASE WHEN i.household <> '' AND i.household IS DISTINCT FROM s.household THEN
            (SELECT h.id FROM beneficiaries_household h WHERE h.number = i.household AND h.region_id = {COUNTY}) END
           AS new_household,
       CASE WHEN i.relation <> '' AND i.relation IS DISTINCT FROM s.relation THEN i.relation END AS new_relation,
       CASE WHEN i.phone_key IS DISTINCT FROM s.phone_key THEN i.phone END AS new_phone,
       CASE WHEN i.phone_key IS DISTINCT FROM s.phone_key THEN i.phone_key END AS new_phone_key,
       p.source_id IS DISTINCT FROM %(file)s AS known
FROM exchange_stagedrow i
JOIN beneficiaries_person p ON p.id_key = i.id_key
LEFT JOIN beneficiaries_categoryspell s ON s.id = i.spell_id
WHERE i.file_id = %(file)s AND i.outcome IN ('new', 'changed', 'exited') AND i."row" IS NOT NULL
"""  # noqa: S608
CHANGING = """
    t.known AND (t.new_region <> p.region_id OR t.new_household <> coalesce(p.household_id, 0)
        OR t.new_relation <> p.relation
        OR (t.new_phone_key IS NOT NULL AND t.new_phone_key IS DISTINCT FROM p.phone_key))
"""
BEFORE = f"""
INSERT INTO beneficiaries_personbefore (file_id, person_id, region_id, household_id, relation, phone, phone_key)
SELECT %(file)s, p.id, p.region_id, p.household_id, p.relation, p.phone, p.phone_key
FROM roster_target t JOIN beneficiaries_person p ON p.id = t.person_id WHERE {CHANGING}
"""  # noqa: S608
CHANGE_PERSONS = f"""
UPDATE beneficiaries_person p SET region_id = coalesce(t.new_region, p.region_id),
    household_id = coalesce(t.new_household, p.household_id), relation = coalesce(t.new_relation, p.relation),
    phone = coalesce(t.new_phone, p.phone), phone_key = coalesce(t.new_phone_key, p.phone_key)
FROM roster_target t WHERE p.id = t.person_id AND {CHANGING}
"""  # noqa: S608

# Spells that make room, each with the pieces of it that stay true: up to the day before, from the day after.
CLOSING = """
CREATE TEMP TABLE roster_closing ON COMMIT DROP AS
SELECT s.id, CASE WHEN s.category <> t.category THEN t.valid_from - 1 END AS left_end, NULL::date AS right_start,
       %(changed_to)s AS reason
FROM roster_target t JOIN beneficiaries_categoryspell s ON s.id = t.spell_id
UNION ALL
SELECT s.id, t.valid_from - 1, t.valid_to + 1, s.exit_reason
FROM roster_target t JOIN beneficiaries_categoryspell s ON s.person_id = t.person_id AND s.category = t.category
WHERE s.department = %(department)s AND s.known_to IS NULL AND s.id IS DISTINCT FROM t.spell_id
    AND daterange(s.valid_from, s.valid_to, '[]') && daterange(t.valid_from, t.valid_to, '[]')
UNION ALL
SELECT i.spell_id, i.valid_to, NULL, i.exit_reason
FROM exchange_stagedrow i WHERE i.file_id = %(file)s AND i.outcome = 'exited' AND i."row" IS NULL
"""
CLOSE = """
UPDATE beneficiaries_categoryspell s SET known_to = %(now)s, closed_by_id = %(file)s
FROM roster_closing c WHERE s.id = c.id
"""
SPELL = """
INSERT INTO beneficiaries_categoryspell (person_id, category, department, region_id, valid_from, valid_to, exit_reason,
    household, relation, phone_key, source_id, source_row, known_from)
"""
REOPEN = (
    SPELL
    + """
SELECT s.person_id, s.category, s.department, s.region_id, piece.starts, piece.ends, piece.reason, s.household,
       s.relation, s.phone_key, %(file)s, NULL, %(now)s
FROM roster_closing c JOIN beneficiaries_categoryspell s ON s.id = c.id,
    LATERAL (VALUES (s.valid_from, least(c.left_end, s.valid_to), c.reason, c.left_end >= s.valid_from),
                    (c.right_start, s.valid_to, s.exit_reason, c.right_start <= coalesce(s.valid_to, 'infinity')))
        AS piece (starts, ends, reason, stays)
WHERE piece.stays
"""
)
OPEN = (
    SPELL
    + """
SELECT person_id, category, %(department)s, region_id, valid_from, valid_to, exit_reason, household, relation,
       phone_key, %(file)s, "row", %(now)s
FROM roster_target ORDER BY "row"
"""
)
TEMPORARY = "DROP TABLE IF EXISTS roster_newcomer, roster_target, roster_closing"


def apply(file: InboundFile, *, actor: User | None, progress: Progress) -> dict[str, int]:
    """Persons, households and spells of the staged rows; returns how many were written or closed."""
    values = parameters(file) | {
        "now": file.confirmed_at,
        "place": file.region_id,
        "changed_to": _("类别变更"),
        "level": Level.TOWNSHIP,
    }
    with connection.cursor() as cursor:
        # Rosters of one department are written one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"roster {file.department}"])
        cursor.execute(MOVED, values)
        if cursor.fetchone()[0]:
            raise RegisterMoved(_("预览之后登记簿有变化，已重新比对；请再次核对后确认。"))
        cursor.execute(TEMPORARY)
        return _write(cursor, file, values, progress)


def _write(cursor: Any, file: InboundFile, values: dict[str, Any], progress: Progress) -> dict[str, int]:
    def run(statement: str, **more: Any) -> int:
        cursor.execute(statement, values | more)
        return cursor.rowcount

    written = {}
    progress(_("登记人员"), 0, 5)
    run(TOWNSHIPS)
    run(VILLAGES, level=Level.VILLAGE)
    written["households"] = run(HOUSEHOLDS)
    run(NEWCOMERS)
    _derive_newcomers(cursor, file)
    written["persons"] = run(PERSONS)
    staging.refresh_statistics("beneficiaries_household", written["households"])
    staging.refresh_statistics("beneficiaries_person", written["persons"])
    progress(_("更新人员信息"), 1, 5)
    run(TARGET)
    cursor.execute("ANALYZE roster_target")
    run(BEFORE)
    written["persons_changed"] = run(CHANGE_PERSONS)
    progress(_("结束旧认定"), 2, 5)
    run(CLOSING)
    cursor.execute("ANALYZE roster_closing")
    written["closed"] = run(CLOSE)
    progress(_("写入新认定"), 3, 5)
    written["reopened"] = run(REOPEN)
    written["opened"] = run(OPEN)
    staging.refresh_statistics("beneficiaries_categoryspell", written["opened"])
    categories_of_file_changed(file.pk)
    progress(_("写入新认定"), 5, 5)
    return written


def _derive_newcomers(cursor: Any, file: InboundFile) -> None:
    """Sex, birth date, search keys of the persons who are new, from their identity numbers, in batches."""
    new = StagedRow.objects.filter(file=file, outcome="new", person_id=None).order_by("row")
    last = -1
    while found := list(new.filter(row__gt=last).values_list("row", "id_key", "id_number", "name")[:BATCH]):
        rows, keys, numbers, names = zip(*found, strict=True)
        last = rows[-1]
        with staging.copying("roster_newcomer") as put:
            put({"id_key": list(keys)} | derived(numbers, names))
