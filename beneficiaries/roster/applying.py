"""A confirmed roster into the register, in the confirming transaction.

Spells are closed and reopened, never overwritten; what persons held before is kept (`PersonBefore`), so that the file
can be undone.
"""

from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.crypto import decrypt
from accounts.jobs import Progress
from accounts.models import Level, User
from beneficiaries.changes import categories_of_file_changed
from beneficiaries.people import derived
from beneficiaries.roster.comparing import SETTINGS, parameters
from exchange import staging
from exchange.errors import RegisterMoved
from exchange.models import InboundFile

BATCH = 20_000

# What will be written: the rows without doubt, and the doubtful ones of which a person said that they hold.
# `renamed` rows bring their person's name, `alive` ones end a recorded death.
ROWS = """
CREATE TEMP TABLE roster_row ON COMMIT DROP AS
SELECT i."row", coalesce(nullif(i.otherwise, ''), i.outcome) AS outcome, i.outcome = 'doubtful' AS decided, i.id_number,
       i.id_key, i.name, i.category, i.region_code, i.household, i.relation, i.valid_from, i.valid_to, i.exit_reason,
       i.phone, i.phone_key, i.person_id, i.spell_id, i.digest, i.said,
       i.person_id IS NOT NULL AND (i.code = 'named' OR i.decision = 'take_file') AS renamed,
       i.decision = 'alive' AS alive
FROM exchange_stagedrow i
WHERE i.file_id = %(file)s AND i.outcome IN ('new', 'changed', 'exited', 'doubtful')
    AND (i.outcome <> 'doubtful' OR i.decision IN ('take_file', 'keep_register', 'alive', 'choose'))
"""

# Whether anything that the preview relied upon has changed since. Of superseded spells only the late are looked at:
# a day before the file came is earlier than any transaction that ended after it was read.
MOVED = """
SELECT EXISTS (
    SELECT FROM beneficiaries_categoryspell s JOIN exchange_stagedrow i ON s.id = i.spell_id
    WHERE i.file_id = %(file)s AND s.known_to > %(came)s - interval '1 day'
) OR EXISTS (
    SELECT FROM exchange_unchangedrows u, unnest(u.spells) one (spell) WHERE u.file_id = %(file)s AND one.spell IN
        (SELECT s.id FROM beneficiaries_categoryspell s WHERE s.known_to > %(came)s - interval '1 day')
) OR EXISTS (
    SELECT FROM roster_row i JOIN beneficiaries_person p ON p.id_key = i.id_key WHERE i.person_id IS NULL
) OR EXISTS (
    SELECT FROM roster_row i JOIN beneficiaries_person p ON p.id = i.person_id
    WHERE i.outcome IN ('new', 'changed') AND (p.merged_into_id IS NOT NULL
        OR (p.name <> i.name AND NOT i.renamed AND NOT i.decided)
        OR (p.deceased_on < coalesce(i.valid_to, 'infinity') AND NOT i.alive))
) OR EXISTS (
    SELECT FROM roster_row i JOIN beneficiaries_categoryspell s ON s.person_id = i.person_id
    WHERE i.outcome = 'new' AND s.department = %(department)s AND s.known_to IS NULL
        AND (s.valid_to IS NULL OR s.valid_to >= %(month)s)
)
"""

# A place below a known county that is not in the table yet is named by its code until an administrator names it.
PLACES = """
INSERT INTO accounts_region (code, name, level, parent_id)
SELECT DISTINCT %(code)s, %(code)s, %(level)s::smallint, %(parent)s
FROM roster_row i WHERE i.region_code <> '' AND {only}
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
FROM roster_row i WHERE i.outcome IN ('new', 'changed') AND i.household <> ''
ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of constants

NEWCOMERS = """
CREATE TEMP TABLE roster_newcomer (id_key uuid, tail_key uuid, sex text, birth_date date, pinyin text,
    initials text) ON COMMIT DROP
"""
# The new persons, and by them the rows that brought them: nobody else's are looked for.
PERSONS = f"""
WITH made AS (INSERT INTO beneficiaries_person (id_number, id_key, tail_key, name, pinyin, initials, sex, birth_date,
    region_id, rural, household_id, relation, phone, phone_key, source_id, created_at)
SELECT i.id_number, i.id_key, n.tail_key, i.name, n.pinyin, n.initials, n.sex, n.birth_date,
       coalesce(nullif(i.region_code, ''), %(place)s), true, h.id, i.relation, i.phone, i.phone_key, %(file)s, %(now)s
FROM roster_row i
JOIN roster_newcomer n ON n.id_key = i.id_key
LEFT JOIN beneficiaries_household h ON h.number = i.household AND h.region_id = {COUNTY}
WHERE i.person_id IS NULL
ORDER BY i."row" RETURNING id, id_key)
UPDATE roster_row i SET person_id = made.id FROM made WHERE i.person_id IS NULL AND i.id_key = made.id_key
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
FROM roster_row i
JOIN beneficiaries_person p ON p.id = i.person_id
LEFT JOIN beneficiaries_categoryspell s ON s.id = i.spell_id
WHERE i.outcome IN ('new', 'changed', 'exited') AND i."row" IS NOT NULL
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
# What decisions change of a person: the name (with its readings, worked out as for newcomers), a death withdrawn.
BEFORE_DECIDED = """
INSERT INTO beneficiaries_personbefore (file_id, person_id, region_id, household_id, relation, phone, phone_key, name,
    deceased_on, death_source)
SELECT %(file)s, p.id, p.region_id, p.household_id, p.relation, p.phone, p.phone_key, p.name, p.deceased_on,
       p.death_source
FROM roster_row i JOIN beneficiaries_person p ON p.id = i.person_id WHERE i.renamed OR i.alive
ON CONFLICT (file_id, person_id) DO UPDATE SET name = excluded.name, deceased_on = excluded.deceased_on,
    death_source = excluded.death_source
"""
RENAME = """
UPDATE beneficiaries_person p SET name = i.name, pinyin = n.pinyin, initials = n.initials
FROM roster_row i JOIN roster_newcomer n ON n.id_key = i.id_key WHERE i.renamed AND p.id = i.person_id
"""
# The tax office heard of the person under the former name.
TELL_TAX_AGAIN = """
UPDATE beneficiaries_enrolment e SET relayed_as = '', changed_on = %(today)s
FROM roster_row i WHERE i.renamed AND e.person_id = i.person_id AND e.relayed_as <> ''
"""
REVIVE = """
UPDATE beneficiaries_person p SET deceased_on = NULL, death_source = '' FROM roster_row i
WHERE i.alive AND p.id = i.person_id
"""

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
FROM roster_row i WHERE i.outcome = 'exited' AND i."row" IS NULL
"""
SPELL = """
INSERT INTO beneficiaries_categoryspell (person_id, category, department, region_id, valid_from, valid_to, exit_reason,
    household, relation, phone_key, source_id, source_row, known_from)
"""
CLOSE = f"""
WITH s AS (
    UPDATE beneficiaries_categoryspell s SET known_to = %(now)s, closed_by_id = %(file)s
    FROM roster_closing c WHERE s.id = c.id RETURNING s.*, c.left_end, c.right_start, c.reason
), reopened AS ({SPELL}
    SELECT s.person_id, s.category, s.department, s.region_id, piece.starts, piece.ends, piece.reason, s.household,
           s.relation, s.phone_key, %(file)s, NULL, %(now)s
    FROM s, LATERAL (VALUES (s.valid_from, least(s.left_end, s.valid_to), s.reason, s.left_end >= s.valid_from),
            (s.right_start, s.valid_to, s.exit_reason, s.right_start <= coalesce(s.valid_to, 'infinity')))
        AS piece (starts, ends, reason, stays)
    WHERE piece.stays RETURNING 1
)
SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM reopened)
"""  # noqa: S608
OPEN = (
    SPELL
    + """
SELECT person_id, category, %(department)s, region_id, valid_from, valid_to, exit_reason, household, relation,
       phone_key, %(file)s, "row", %(now)s
FROM roster_target ORDER BY "row"
"""
)
# What the next file is compared with first (`SpellEcho`): rows that were written, and rows that said the same in other
# words. Not a row on whose name a person decided: next month it must be doubtful again. Nor one that is unchanged only
# because the person's own row agrees.
ECHO = """
INSERT INTO beneficiaries_spellecho (spell_id, department, said, content)
SELECT s.id, s.department, i.said, i.digest
FROM roster_row i JOIN beneficiaries_categoryspell s ON s.source_id = %(file)s AND s.source_row = i."row"
WHERE s.known_to IS NULL AND s.valid_to IS NULL AND i.said IS NOT NULL AND NOT i.decided
UNION ALL
SELECT s.id, s.department, i.said, i.digest
FROM exchange_stagedrow i JOIN beneficiaries_categoryspell s ON s.id = i.spell_id
WHERE i.file_id = %(file)s AND i.outcome = 'unchanged' AND i.code = '' AND i.said IS NOT NULL
    AND s.known_to IS NULL AND s.valid_to IS NULL AND i.household IN ('', s.household)
    AND i.relation IN ('', s.relation) AND (i.phone_key IS NULL OR i.phone_key = s.phone_key)
ON CONFLICT (spell_id) DO UPDATE SET said = excluded.said, content = excluded.content
"""
TEMPORARY = "DROP TABLE IF EXISTS roster_row, roster_newcomer, roster_target, roster_closing"


def apply(file: InboundFile, *, actor: User | None, progress: Progress) -> dict[str, int]:
    """Persons, households and spells of the staged rows; returns how many were written or closed."""
    values = parameters(file) | {
        "now": file.confirmed_at,
        "came": file.uploaded_at,
        "place": file.region_id,
        "changed_to": _("类别变更"),
        "level": Level.TOWNSHIP,
    }
    with connection.cursor() as cursor:
        # Rosters of one department are written one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"roster {file.department}"])
        cursor.execute(SETTINGS)
        cursor.execute(TEMPORARY)
        cursor.execute(ROWS, values)
        cursor.execute('ANALYZE roster_row ("row", id_key, person_id, outcome)')
        cursor.execute(MOVED, values)
        if cursor.fetchone()[0]:
            raise RegisterMoved(_("预览之后登记簿有变化，已重新比对；请再次核对后确认。"))
        written = _write(cursor, file, values, progress)
    categories_of_file_changed(file.pk)
    return written


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
    _derive(cursor)
    written["persons"] = run(PERSONS)
    staging.refresh_statistics("beneficiaries_household", written["households"])
    staging.refresh_statistics("beneficiaries_person", written["persons"])
    progress(_("更新人员信息"), 1, 5)
    run(TARGET)
    cursor.execute("ANALYZE roster_target (person_id, spell_id)")
    run(BEFORE)
    written["persons_changed"] = run(CHANGE_PERSONS)
    run(BEFORE_DECIDED)
    written["renamed"], written["revived"] = run(RENAME), run(REVIVE)
    if written["renamed"]:
        run(TELL_TAX_AGAIN, today=timezone.localdate())
    progress(_("结束旧认定"), 2, 5)
    run(CLOSING)
    cursor.execute("ANALYZE roster_closing")
    run(CLOSE)
    written["closed"], written["reopened"] = cursor.fetchone()
    progress(_("写入新认定"), 3, 5)
    written["opened"] = run(OPEN)
    staging.refresh_statistics("beneficiaries_categoryspell", written["opened"])
    run(ECHO)
    progress(_("写入新认定"), 5, 5)
    return written


def _derive(cursor: Any) -> None:
    """Sex, birth date, search keys of those who are new or get another name, from number and name, in batches."""
    last = -1
    while True:
        cursor.execute(
            'SELECT "row", id_key, id_number, name FROM roster_row '
            'WHERE (person_id IS NULL OR renamed) AND "row" > %s ORDER BY "row" LIMIT %s',
            [last, BATCH],
        )
        found = cursor.fetchall()
        if not found:
            return
        rows, keys, sealed, names = zip(*found, strict=True)
        last = rows[-1]
        numbers = [decrypt(number, "id_number") for number in sealed]
        with staging.copying("roster_newcomer") as put:
            put({"id_key": list(keys)} | derived(numbers, names))
