"""A roster against the register: outcome, code and reason of every row.

Rows that say what the department said last month are known by their cells (`sieve`). The others go through a temporary
table without indexes; one INSERT … SELECT then writes them with their outcome, so that no row is written twice.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from accounts.jobs import Progress
from beneficiaries import documents
from beneficiaries.roster.sieve import Sieve, packed_rows
from exchange import reader, staging
from exchange.models import InboundFile

INCOMING = """
CREATE TEMP TABLE roster_incoming (
    file_id bigint, "row" integer, outcome text, code text, field text, reason text, "values" jsonb, id_number bytea,
    id_key uuid, name text, category text, region_code text, household text, relation text, valid_from date,
    valid_to date, exit_reason text, phone bytea, phone_key uuid, digest uuid, said uuid) ON COMMIT DROP;
CREATE TEMP TABLE roster_twice ("row" integer, code text, first integer) ON COMMIT DROP;
CREATE TEMP TABLE roster_apart ("row" integer, spell_id bigint, person_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE roster_unseen (spell_id bigint, person_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE roster_looked (spell_id bigint, person_id bigint) ON COMMIT DROP;
"""
MADE = "roster_incoming, roster_respelled, roster_met, roster_twice, roster_apart, roster_unseen, roster_looked"
# A number that was merged into another person leads to that person, as a further document does.
MERGED = """
UPDATE roster_incoming i SET id_key = kept.id_key
FROM beneficiaries_person gone JOIN beneficiaries_person kept ON kept.id = gone.merged_into_id
WHERE gone.merged_into_id IS NOT NULL AND gone.id_key = i.id_key
"""
# The persons that the rows speak of.
MET = """
CREATE TEMP TABLE roster_met ON COMMIT DROP AS
SELECT i."row", p.id AS person_id, p.name AS known_name, p.deceased_on, p.household_id, p.relation AS known_relation,
       p.phone_key AS known_phone_key
FROM roster_incoming i JOIN beneficiaries_person p ON p.id_key = i.id_key
"""
GOOD = """
SELECT string_agg(int4send(i."row") || int8send(m.person_id) || uuid_send(i.digest), '')
FROM roster_met m JOIN roster_incoming i ON i."row" = m."row" WHERE i.code = '' HAVING count(*) > 0
"""
# One person under two numbers of theirs: the first row is taken.
TWICE_BY_DOCUMENTS = """
INSERT INTO roster_twice ("row", code, first)
SELECT "row", 'repeated', first
FROM (SELECT "row", min("row") OVER (PARTITION BY id_key) AS first FROM roster_incoming WHERE code = '') known
WHERE "row" > first AND NOT EXISTS (SELECT FROM roster_twice t WHERE t."row" = known."row")
"""
# A county's file needs little of either; a prefecture's joins stay in memory, and compiling them never pays. Of a large
# register few rows are looked for, and those that are asked for every month lie in memory.
SETTINGS = "SET LOCAL work_mem = '192MB'; SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1"

REASON = """CASE
    WHEN verdict[2] = 'repeated' THEN format(%(repeated)s, first)
    WHEN verdict[2] = 'duplicate_differs' THEN format(%(duplicate_differs)s, first)
    WHEN verdict[2] = 'name_differs' THEN format(%(name_differs)s, known_name, name)
    WHEN verdict[2] = 'deceased' THEN format(%(deceased)s, deceased_on)
    WHEN verdict[2] = 'not_found' THEN %(not_found)s
    WHEN verdict[2] = 'date_order' THEN format(%(date_order)s, spell_from)
    WHEN verdict[2] = 'named' THEN %(named)s
    ELSE '' END"""

# `s`: the open spell of the row's own category, else the one that the row changes, or an ended one that it repeats word
# for word. `doubt`: why a person must decide; `plain`: what the row comes to when there is no doubt, or the doubt is
# settled. OFFSET 0 keeps each step from being written out again for every use in the next.
COMPARE = f"""
WITH written AS (INSERT INTO exchange_stagedrow (file_id, "row", outcome, code, field, reason, id_number, id_key, name,
    category, region_code, household, relation, valid_from, valid_to, exit_reason, phone, phone_key, person_id,
    spell_id, "values", digest, said, otherwise)
SELECT file_id, "row", verdict[1], verdict[2], field, CASE WHEN code <> '' THEN reason ELSE {REASON} END,
       id_number, id_key, name, category, region_code, household, relation, valid_from, valid_to, exit_reason, phone,
       phone_key, person_id, spell_id, "values", digest, said,
       CASE WHEN verdict[1] = 'doubtful' AND verdict[2] <> 'not_found' OR verdict[2] = 'named' THEN otherwise
            ELSE '' END
FROM (
    SELECT *, CASE WHEN code <> '' THEN ARRAY['error', code]
                   WHEN doubt IS NOT NULL THEN doubt
                   WHEN plain[1] = 'unchanged' AND known_name = %(unnamed)s AND name <> %(unnamed)s
                       THEN ARRAY['changed', 'named']
                   ELSE plain END AS verdict,
        CASE WHEN doubt[2] = 'duplicate_differs' AND second_doubt IS NOT NULL THEN 'doubtful'
             ELSE plain[1] END AS otherwise
    FROM (
        SELECT *, CASE WHEN twice_code = 'repeated' THEN ARRAY['unchanged', 'repeated']
                       WHEN twice_code IS NOT NULL THEN ARRAY['doubtful', twice_code]
                       WHEN second_doubt IS NOT NULL THEN ARRAY['doubtful', second_doubt]
                       WHEN spell_id IS NULL AND valid_to IS NOT NULL AND %(mode)s = 'changes'
                           THEN ARRAY['doubtful', 'not_found'] END AS doubt
        FROM (
            SELECT i.*, t.code AS twice_code, t.first, p.person_id, p.known_name, p.deceased_on,
                s.id AS spell_id, s.valid_from AS spell_from,
                CASE WHEN p.known_name <> i.name AND p.known_name <> %(unnamed)s THEN 'name_differs'
                     WHEN i.valid_to > p.deceased_on OR (i.valid_to IS NULL AND p.deceased_on IS NOT NULL)
                         THEN 'deceased' END AS second_doubt,
                CASE
                WHEN s.id IS NULL AND i.valid_to IS NOT NULL AND %(mode)s = 'changes'
                    THEN ARRAY['doubtful', 'not_found']
                WHEN s.id IS NULL THEN ARRAY['new', '']
                WHEN i.valid_to < coalesce(i.valid_from, s.valid_from) THEN ARRAY['error', 'date_order']
                WHEN s.valid_to IS NULL AND i.valid_to IS NOT NULL AND %(mode)s = 'changes' THEN ARRAY['exited', '']
                WHEN s.category <> i.category OR s.valid_from <> i.valid_from
                    OR s.valid_to IS DISTINCT FROM i.valid_to
                    OR (i.region_code <> '' AND s.region_id <> i.region_code)
                    OR (i.household <> '' AND s.household <> i.household AND i.household IS DISTINCT FROM
                        (SELECT h.number FROM beneficiaries_household h WHERE h.id = p.household_id))
                    OR (i.relation <> '' AND s.relation <> i.relation AND p.known_relation <> i.relation)
                    OR (i.phone_key IS NOT NULL AND s.phone_key IS DISTINCT FROM i.phone_key
                        AND p.known_phone_key IS DISTINCT FROM i.phone_key)
                    THEN ARRAY['changed', '']
                ELSE ARRAY['unchanged', ''] END AS plain
            FROM roster_incoming i
            LEFT JOIN roster_met p ON p."row" = i."row"
            LEFT JOIN roster_twice t ON t."row" = i."row"
            LEFT JOIN LATERAL (
                SELECT o.* FROM beneficiaries_categoryspell o
                WHERE o.person_id = p.person_id AND o.department = %(department)s AND o.known_to IS NULL
                    AND (o.valid_to IS NULL OR o.valid_to >= %(month)s
                         OR (o.category = i.category AND o.valid_to = i.valid_to
                             AND o.valid_from = coalesce(i.valid_from, o.valid_from)))
                ORDER BY (o.category = i.category AND o.valid_to IS NULL) DESC,
                    (o.category = i.category AND o.valid_to IS NOT DISTINCT FROM i.valid_to) DESC,
                    o.category = i.category DESC, o.valid_from DESC LIMIT 1) s ON true
            OFFSET 0
        ) found OFFSET 0
    ) doubted OFFSET 0
) compared RETURNING spell_id, person_id)
INSERT INTO roster_looked SELECT spell_id, person_id FROM written
"""  # noqa: S608 - made of constants

# Rows known by their hash that another row of the same person repeats or contradicts: the register says what they say.
APART = f"""
INSERT INTO exchange_stagedrow (file_id, "row", outcome, code, reason, id_number, id_key, name, category, region_code,
    household, relation, valid_from, phone, phone_key, person_id, spell_id, otherwise)
SELECT %(file)s, "row", verdict[1], verdict[2], {REASON}, id_number, id_key, name, category, region_code, household,
    relation, valid_from, phone, phone_key, person_id, spell_id,
    CASE WHEN verdict[1] = 'doubtful' THEN 'unchanged' ELSE '' END
FROM (
    SELECT a."row", t.first, p.id_number, p.id_key, p.name, s.category, s.region_id AS region_code, s.household,
        s.relation, s.valid_from, s.valid_from AS spell_from, p.name AS known_name, p.deceased_on,
        CASE WHEN s.phone_key = p.phone_key THEN p.phone END AS phone, s.phone_key, a.person_id, a.spell_id,
        CASE WHEN t.code = 'repeated' THEN ARRAY['unchanged', t.code] ELSE ARRAY['doubtful', t.code] END AS verdict
    FROM roster_apart a JOIN roster_twice t ON t."row" = a."row"
    JOIN beneficiaries_categoryspell s ON s.id = a.spell_id JOIN beneficiaries_person p ON p.id = a.person_id
) known
"""  # noqa: S608

EXITS = """
INSERT INTO exchange_stagedrow (file_id, outcome, reason, id_number, id_key, name, category, region_code,
    household, relation, valid_from, valid_to, exit_reason, person_id, spell_id)
SELECT %(file)s, 'exited', %(not_in_roster)s, p.id_number, p.id_key, p.name, s.category, s.region_id,
       s.household, s.relation, s.valid_from, %(last_day)s, %(not_in_roster)s, p.id, s.id
FROM roster_unseen u JOIN beneficiaries_categoryspell s ON s.id = u.spell_id
JOIN beneficiaries_person p ON p.id = u.person_id
WHERE NOT EXISTS (SELECT FROM roster_looked l WHERE l.spell_id = u.spell_id)
    AND NOT EXISTS (SELECT FROM roster_looked l WHERE l.person_id = u.person_id)
"""
# What is not said here is unchanged; few of these are looked through, for an index leads to them.
COUNT = """
SELECT outcome, count(*), count("row") FROM exchange_stagedrow
WHERE file_id = %(file)s AND outcome IN ('new', 'changed', 'exited', 'doubtful', 'error') GROUP BY 1
"""


def stage(file: InboundFile, reading: reader.Reading, progress: Progress) -> None:
    """The file's rows into a temporary table of this transaction, but for those that say what was said last month;
    and which of them speak of the same person.
    """
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        cursor.execute(f"DROP TABLE IF EXISTS {MADE}")
        cursor.execute(INCOMING)
    sieve = Sieve(file, reading.context)
    staging.stage_reading(
        file,
        reading,
        progress,
        lambda batch: _roster_columns(batch) | sieve.hashes,
        table="roster_incoming",
        sift=sieve,
        narrow=sieve.narrow,
    )
    sieve.respell(reading.rows_read)
    with connection.cursor() as cursor:
        cursor.execute(MERGED)
        several = documents.follow("roster_incoming") or cursor.rowcount
        cursor.execute('ANALYZE roster_incoming ("row", id_key)')
        cursor.execute(MET)
    found = sieve.twice.find()
    found |= sieve.twice_known(packed_rows(GOOD))
    apart = sieve.write(file, list(found))
    staging.put_rows("roster_twice", ("row", "code", "first"), [(line, *one) for line, one in found.items()])
    staging.put_rows("roster_apart", ("row", "spell_id", "person_id"), apart)
    staging.put_rows("roster_unseen", ("spell_id", "person_id"), sieve.unseen())
    file.counts["standing"] = sieve.standing
    if several:
        with connection.cursor() as cursor:
            cursor.execute(TWICE_BY_DOCUMENTS)


def _roster_columns(batch: reader.Batch) -> dict[str, Sequence[Any]]:
    phones = batch.columns["phone"]
    found: dict[str, Sequence[Any]] = {
        "valid_from": batch.columns["valid_from"],
        "valid_to": batch.columns["valid_to"],
        "phone": staging.encrypt_many(phones, "phone"),
        "phone_key": staging.blind_indexes(phones, "phone"),
    }
    for name, source in {"category": "category", "region_code": "region", "household": "household"}.items():
        found[name] = [value or "" for value in batch.columns[source]]
    found["relation"] = [(value or "")[:20] for value in batch.columns["relation"]]
    found["exit_reason"] = [(value or "")[:200] for value in batch.columns["reason"]]
    if batch.has("monastery") or batch.has("commended"):
        found["values"] = _monasteries(batch)
    return found


def _monasteries(batch: reader.Batch) -> list[str]:
    """What a roster of monks and nuns says beside (S0-20); what is wrong with a row stays as it is."""
    empty = [None] * len(batch)
    rows = zip(batch.columns.get("monastery", empty), batch.columns.get("commended", empty), strict=True)
    said = [json.dumps({"monastery": place, "commended": best}, ensure_ascii=False) for place, best in rows]
    for i, fault in enumerate(staging.faults(batch)["values"]):
        if i in batch.problems:
            said[i] = fault
    return said


def parameters(file: InboundFile) -> dict[str, Any]:
    """What the statements need of the file."""
    return {
        "file": file.pk,
        "department": file.department,
        "mode": file.mode,
        "month": file.month,
        "month_end": file.month_end,
        "last_day": file.month - timedelta(days=1),
        "region": f"{file.region.prefix}%",
        "unnamed": reader.names.UNNAMED,
    }


def compare(file: InboundFile, progress: Progress) -> dict[str, int]:
    """Writes the staged rows with their outcome; returns the counts, and `standing`: open categories before."""
    values = parameters(file) | _sentences()
    progress(_("与登记簿比对"), 0, 2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE roster_met")
        cursor.execute(COMPARE, values)
        cursor.execute(APART, values)
        progress(_("与登记簿比对"), 1, 2)
        if file.mode == InboundFile.Mode.FULL:
            cursor.execute("ANALYZE roster_unseen, roster_looked")
            cursor.execute(EXITS, values)
        # What the next statements are planned for; a table that already holds months like this one is known well.
        staging.refresh_statistics(staging.TABLE, file.counts["rows"], tenths=20)
        cursor.execute(COUNT, values)
        counted = cursor.fetchall()
    progress(_("与登记簿比对"), 2, 2)
    counts = {outcome: rows for outcome, rows, _said in counted}
    unchanged = file.counts["rows"] - sum(said for _outcome, _rows, said in counted)
    return counts | {"unchanged": unchanged, "standing": file.counts["standing"]}


def _sentences() -> dict[str, str]:
    """Reasons as templates of PostgreSQL's format()."""
    return {
        "repeated": _("与第 %s 行内容相同，只采用一行。"),
        "duplicate_differs": _("与第 %s 行是同一人，但内容不同；请核实后只保留正确的一行。"),
        "name_differs": _("登记簿中该身份证号的姓名为“%s”，名单中为“%s”；请核实姓名或证件号码后重新报送。"),
        "deceased": _("登记簿中此人已于 %s 死亡；请核实后从名单中去掉，或更正死亡登记。"),
        "not_found": _("登记簿中没有此人在本部门的有效类别，无从退出；请核实证件号码和人员类别。"),
        "date_order": _("退出日期早于登记簿中的认定日期 %s；请核对两个日期。"),
        "not_in_roster": _("名单中不再出现"),
        "named": _("登记簿中此人尚无姓名，采用名单中的姓名。"),
    }
