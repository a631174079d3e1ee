"""比对名单 as a kind of inbound file: education, public security, justice and others say who is on their lists (S1-27).

Each row is held against the register by identity number. What comes of it is a result to work with; confirming writes
the results, never the register.
"""

import json
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.jobs import Progress
from accounts.lists import Column
from accounts.masking import mask_id_number
from accounts.models import User
from accounts.vocabulary import CERTIFIES, Department
from beneficiaries.comparisons.models import ComparisonRow
from exchange import reader, staging
from exchange.kinds import ImportKind
from exchange.models import InboundFile

# Who keeps lists of people: all partner departments but finance and townships.
SENDERS: Final = (
    Department.EDUCATION,
    Department.PUBLIC_SECURITY,
    Department.JUSTICE,
    Department.HUMAN_RESOURCES,
    Department.HEALTH,
    Department.MARKET_SUPERVISION,
    Department.TAX,
    *CERTIFIES,
)

_COMPARE: Final = """
WITH listed AS (
    SELECT r.id, r.row, r.id_key, r.name, md5(ROW(r.name, r.valid_from, r."values")::text) AS content
    FROM exchange_stagedrow r WHERE r.file_id = %(file)s AND r.outcome <> 'error'
), numbered AS (
    SELECT l.*, row_number() OVER (PARTITION BY id_key ORDER BY row) AS place, min(row) OVER (PARTITION BY id_key)
        AS first, min(content) OVER (PARTITION BY id_key) = max(content) OVER (PARTITION BY id_key) AS alike
    FROM listed l
), judged AS (
    SELECT n.id, p.id AS person, p.name AS known, p.deceased_on, n.name, n.first,
        CASE WHEN NOT n.alike THEN ARRAY['doubtful', 'duplicate_differs']
             WHEN n.place > 1 THEN ARRAY['unchanged', 'repeated']
             WHEN p.id IS NULL THEN ARRAY['new', 'not_registered']
             WHEN n.name <> '' AND n.name <> p.name AND p.name <> %(unnamed)s THEN ARRAY['doubtful', 'name_differs']
             WHEN p.deceased_on IS NOT NULL THEN ARRAY['doubtful', 'deceased']
             ELSE ARRAY['new', 'matched'] END AS verdict
    FROM numbered n
    LEFT JOIN beneficiaries_person q ON q.id_key = n.id_key
    LEFT JOIN beneficiaries_document d ON d.number_key = n.id_key AND q.id IS NULL
    LEFT JOIN beneficiaries_person p ON p.id = coalesce(q.merged_into_id, q.id, d.person_id)
)
UPDATE exchange_stagedrow r SET outcome = verdict[1], code = verdict[2], person_id = person,
    reason = CASE verdict[2] WHEN 'repeated' THEN format(%(repeated)s, first)
        WHEN 'duplicate_differs' THEN %(duplicate_differs)s
        WHEN 'name_differs' THEN format(%(name_differs)s, known, j.name)
        WHEN 'deceased' THEN format(%(deceased)s, deceased_on)
        WHEN 'not_registered' THEN %(not_registered)s ELSE '' END
FROM judged j WHERE j.id = r.id
"""
# What was found, in words that name it; rows that contradict each other are no result.
_WRITE: Final = """
INSERT INTO beneficiaries_comparisonrow (file_id, "row", department, region_id, month, result, person_id, id_number,
    id_key, name, known_name, status, occurred_on, note)
SELECT %(file)s, r.row, %(department)s, %(region)s, %(month)s, r.code, p.id, r.id_number, r.id_key, r.name,
    coalesce(p.name, ''), coalesce(r."values" ->> 'status', ''), r.valid_from, coalesce(r."values" ->> 'note', '')
FROM exchange_stagedrow r LEFT JOIN beneficiaries_person p ON p.id = r.person_id
WHERE r.file_id = %(file)s AND r.code IN ('matched', 'not_registered', 'name_differs', 'deceased')
ORDER BY r.row
"""


def stage(file: InboundFile, reading: reader.Reading, progress: Progress) -> None:
    """Every row with its words about the person."""
    staging.stage_reading(file, reading, progress, _columns)


def _columns(batch: reader.Batch) -> dict[str, list[Any]]:
    values = []
    said = zip(batch.columns["status"], batch.columns["note"], strict=True)
    for at, (status, note) in enumerate(said):
        row = {"status": status or "", "note": note or ""}
        for problem in batch.problems.get(at, ())[:1]:
            shown = mask_id_number(problem.value) if problem.field == "id_number" else problem.value
            row |= {"header": problem.header, "value": shown[:100]}
        values.append(json.dumps(row, ensure_ascii=False))
    return {"valid_from": batch.columns["occurred_on"], "values": values}


def compare(file: InboundFile, progress: Progress) -> dict[str, int]:
    """Each row against the register: result as code, and the counts by outcome."""
    progress(_("与登记簿比对"), 0, 1)
    with connection.cursor() as cursor:
        staging.refresh_statistics(staging.TABLE, file.counts.get("rows", 0))
        cursor.execute(_COMPARE, {"file": file.pk, "unnamed": reader.names.UNNAMED} | _sentences())
        cursor.execute("SELECT outcome, count(*) FROM exchange_stagedrow WHERE file_id = %s GROUP BY 1", [file.pk])
        counts = dict(cursor.fetchall())
    progress(_("与登记簿比对"), 1, 1)
    return counts


def _sentences() -> dict[str, str]:
    return {
        "repeated": _("与第 %s 行内容相同，只采用一行。"),
        "duplicate_differs": _("同一证件号码有几行，内容不同；请核实后只保留正确的一行。"),
        "name_differs": _("登记簿中该身份证号的姓名为“%s”，名单中为“%s”。"),
        "deceased": _("登记簿中此人已于 %s 死亡。"),
        "not_registered": _("登记簿中没有此人。"),
    }


def apply(file: InboundFile, *, actor: User | None, progress: Progress) -> dict[str, int]:
    """Writes the results; the register stays as it is."""
    values = {"file": file.pk, "department": file.department, "region": file.region_id, "month": file.month}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
        written = cursor.rowcount
    progress(_("写入比对结果"), 1, 1)
    return {"results": written}


def undo(file: InboundFile, *, actor: User | None) -> None:
    """The results go."""
    ComparisonRow.objects.filter(file=file)._raw_delete("default")


_RESULTS = dict(ComparisonRow.Result.choices)
LIST = ImportKind(
    kind=InboundFile.Kind.LIST,
    schema=reader.LIST,
    departments=tuple(str(department) for department in dict.fromkeys(SENDERS)),
    stage=stage,
    compare=compare,
    apply=apply,
    undo=undo,
    columns=(
        "row",
        "id_number",
        "name",
        Column("code", gettext_lazy("比对结果"), value=lambda row: _RESULTS.get(row.code, "")),
        Column("values.status", gettext_lazy("情况"), value=lambda row: row.values.get("status", "")),
        Column("valid_from", gettext_lazy("日期"), kind="date"),
        "reason",
    ),
)
