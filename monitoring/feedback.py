"""核实反馈 as a kind of inbound file: what a department answers on the warnings, and on the numbered rows of other
lists (`monitoring.lists`), that it was told.

A row must name one that went to that very department, with the person's identity number or another document's.
`certified` opens the category in the register with the file as its source, so that benefits follow without re-typing
(S1-17, S2-10, S3-15).
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.jobs import Progress
from accounts.lists import Column
from accounts.masking import mask_id_number
from accounts.models import User
from accounts.vocabulary import CERTIFIES, Category
from beneficiaries import services as register
from exchange import reader, staging
from exchange.errors import ImportBlocked
from exchange.kinds import Beside, ImportKind
from exchange.models import InboundFile, StagedRow
from monitoring.models import BurdenWarning, DeliveredWarning, Feedback, ListedPerson

Told = BurdenWarning | ListedPerson
State = BurdenWarning.State
Result = Feedback.Result

# One statement: outcome, code and reason of every good row, in the order of the checks.
_COMPARE = """
WITH incoming AS (
    SELECT r.id, r.row, r.id_key, r.name, r.category, r.valid_from,
           r.values->>'warning_no' AS number, r.values->>'result' AS result, r.values->>'note' AS note,
           (r.values->>'verified_on')::date AS verified_on,
           row_number() OVER (PARTITION BY r.values->>'warning_no' ORDER BY r.row) AS nth,
           min(r.row) OVER (PARTITION BY r.values->>'warning_no') AS first,
           min(md5(ROW(r.id_key, r.category, r.valid_from, r.values->>'result', r.values->>'note',
                       r.values->>'verified_on')::text)) OVER (PARTITION BY r.values->>'warning_no')
         = max(md5(ROW(r.id_key, r.category, r.valid_from, r.values->>'result', r.values->>'note',
                       r.values->>'verified_on')::text)) OVER (PARTITION BY r.values->>'warning_no') AS alike
    FROM exchange_stagedrow r WHERE r.file_id = %(file)s AND r.outcome <> 'error'
), judged AS (
    SELECT i.*, p.id AS person_id, p.name AS known_name, p.deceased_on,
        CASE
        WHEN NOT i.alike THEN ARRAY['doubtful', 'duplicate_differs']
        WHEN i.nth > 1 THEN ARRAY['unchanged', 'repeated']
        WHEN l.id IS NULL AND (w.id IS NULL OR NOT EXISTS (
            SELECT FROM monitoring_deliveredwarning d JOIN exchange_delivery s ON s.id = d.delivery_id
            WHERE d.warning_id = w.id AND s.department = %(department)s
        )) THEN ARRAY['doubtful', 'not_told']
        WHEN p.id_key <> i.id_key AND NOT EXISTS (
            SELECT FROM beneficiaries_document d WHERE d.number_key = i.id_key AND d.person_id = p.id
        ) THEN ARRAY['doubtful', 'id_differs']
        WHEN i.name <> '' AND i.name <> p.name THEN ARRAY['doubtful', 'name_differs']
        WHEN i.result = 'certified' AND i.valid_from IS NULL THEN ARRAY['error', 'missing']
        WHEN f.id IS NOT NULL AND (f.result, f.category, f.valid_from, f.note) IS NOT DISTINCT FROM
             (i.result, CASE i.result WHEN 'certified' THEN i.category ELSE '' END,
              CASE i.result WHEN 'certified' THEN i.valid_from END, i.note)
             AND (i.verified_on IS NULL OR i.verified_on = f.verified_on) THEN ARRAY['unchanged', '']
        WHEN i.result = 'certified' AND p.deceased_on IS NOT NULL THEN ARRAY['doubtful', 'deceased']
        WHEN f.result = 'certified' THEN ARRAY['doubtful', 'certified_before']
        WHEN f.id IS NOT NULL THEN ARRAY['changed', '']
        ELSE ARRAY['new', ''] END AS verdict
    FROM incoming i
    LEFT JOIN monitoring_burdenwarning w ON w.number = i.number
        AND w.region_id BETWEEN %(low)s AND %(high)s
    LEFT JOIN LATERAL (
        SELECT n.id, n.person_id FROM monitoring_listedperson n
        JOIN exchange_delivery s ON s.id = n.delivery_id AND s.department = %(department)s
        JOIN beneficiaries_person m ON m.id = n.person_id AND m.region_id BETWEEN %(low)s AND %(high)s
        WHERE n.number = i.number AND n.number <> '' ORDER BY n.id DESC LIMIT 1
    ) l ON true
    LEFT JOIN beneficiaries_person p ON p.id = coalesce(w.person_id, l.person_id)
    LEFT JOIN LATERAL (
        SELECT a.* FROM monitoring_feedback a
        WHERE a.warning_id = w.id AND a.department = %(department)s AND a.superseded_at IS NULL
        UNION ALL
        SELECT a.* FROM monitoring_feedback a WHERE a.listed_id = l.id AND a.superseded_at IS NULL
    ) f ON true
)
UPDATE exchange_stagedrow r SET outcome = j.verdict[1], code = j.verdict[2], person_id = j.person_id,
    field = CASE j.verdict[2] WHEN 'missing' THEN 'valid_from' WHEN 'not_told' THEN 'warning_no'
            WHEN 'id_differs' THEN 'id_number' WHEN 'name_differs' THEN 'name' ELSE '' END,
    reason = CASE j.verdict[2]
        WHEN 'repeated' THEN format(%(repeated)s, j.first)
        WHEN 'duplicate_differs' THEN format(%(duplicate_differs)s, j.number)
        WHEN 'not_told' THEN format(%(not_told)s, j.number)
        WHEN 'id_differs' THEN format(%(id_differs)s, j.number)
        WHEN 'name_differs' THEN format(%(name_differs)s, j.known_name, j.name)
        WHEN 'missing' THEN %(missing)s
        WHEN 'deceased' THEN format(%(deceased)s, j.deceased_on)
        WHEN 'certified_before' THEN %(certified_before)s
        ELSE '' END
FROM judged j WHERE r.id = j.id
"""


# What the preview shows for a result's code.
RESULTS = dict(Feedback.Result.choices)


def stage(file: InboundFile, reading: reader.Reading, progress: Progress) -> None:
    staging.stage_reading(file, reading, progress, _columns)


def _columns(batch: reader.Batch) -> dict[str, list[Any]]:
    columns = batch.columns
    values = []
    for at in range(len(batch)):
        verified_on = columns["verified_on"][at]
        row = {
            "warning_no": columns["warning_no"][at] or "",
            "result": columns["result"][at] or "",
            "note": columns["note"][at] or "",
            "verified_on": verified_on.isoformat() if verified_on else None,
        }
        for problem in batch.problems.get(at, ())[:1]:
            shown = mask_id_number(problem.value) if problem.field == "id_number" else problem.value
            row |= {"header": problem.header, "value": shown[:100]}
        values.append(json.dumps(row, ensure_ascii=False))
    unused = dict.fromkeys(("region_code", "household", "relation", "exit_reason"), [""] * len(batch))
    return {
        **unused,
        "category": [category or "" for category in columns["category"]],
        "valid_from": columns["valid_from"],
        "values": values,
    }


def compare(file: InboundFile, progress: Progress) -> dict[str, int]:
    """Outcome, code and reason of every row; doubtful where warning, department and person do not belong together."""
    progress(_("与已推送的预警比对"), 0, 1)
    prefix = file.region.prefix
    with connection.cursor() as cursor:
        cursor.execute(
            _COMPARE,
            {
                "file": file.pk,
                "department": file.department,
                "low": prefix.ljust(12, "0"),
                "high": prefix.ljust(12, "9"),
                **_sentences(),
            },
        )
        cursor.execute("SELECT outcome, count(*) FROM exchange_stagedrow WHERE file_id = %s GROUP BY 1", [file.pk])
        counts = dict(cursor.fetchall())
    progress(_("与已推送的预警比对"), 1, 1)
    return counts


def _sentences() -> dict[str, str]:
    """Reasons as templates of PostgreSQL's format()."""
    return {
        "repeated": _("与第 %s 行内容相同，只采用一行。"),
        "duplicate_differs": _("预警号 %s 在文件中出现多次且内容不同；请核实后只保留正确的一行。"),
        "not_told": _("没有向本部门推送过编号 %s；请按送达清单核对预警号。"),
        "id_differs": _("证件号码与预警号 %s 的人员不符；请按送达清单核对后重新报送。"),
        "name_differs": _("预警人员的姓名为“%s”，文件中为“%s”；请核实姓名或证件号码后重新报送。"),
        "missing": _("核实结果为“已纳入”的，须填写认定日期。"),
        "deceased": _("登记簿中此人已于 %s 死亡；请核实后重新反馈。"),
        "certified_before": _("此前已反馈为“已纳入”；如需更正，请在名单中报送该人员的变更或退出。"),
    }


def apply(file: InboundFile, *, actor: User | None, progress: Progress) -> dict[str, int]:
    """Writes the answers; certified people enter the register. Inside the confirming transaction."""
    rows = list(file.rows.filter(outcome__in=["new", "changed"]).order_by("row"))
    told = told_of(file, [row.values["warning_no"] for row in rows])
    written = {"answers": 0, "certified": 0}
    for at, row in enumerate(rows):
        answer = _answer(file, row, told[row.values["warning_no"]], actor)
        written["answers"] += 1
        written["certified"] += answer.result == Result.CERTIFIED
        progress(_("登记反馈"), at + 1, len(rows))
    settle_states([one.pk for one in told.values() if isinstance(one, BurdenWarning)])
    return written


def told_of(file: InboundFile, numbers: Sequence[str]) -> dict[str, Told]:
    """What the department was told under these numbers, locked until the transaction ends."""
    listed = ListedPerson.objects.filter(number__in=numbers, delivery__department=file.department)
    warnings = BurdenWarning.objects.filter(number__in=numbers).select_related("person__region", "region")
    found: dict[str, Told] = {}
    for rows in (listed.select_related("person__region"), warnings):
        found |= {one.number: one for one in rows.select_for_update(of=("self",)).order_by("id")}
    return found


def _answer(file: InboundFile, row: StagedRow, told: Told, actor: User | None) -> Feedback:
    certified = row.values["result"] == Result.CERTIFIED
    is_warning = isinstance(told, BurdenWarning)
    spell = None
    if certified and row.valid_from:
        spell = register.certify(
            actor=actor,
            person=told.person,
            category=row.category,
            department=file.department,
            region=told.region if isinstance(told, BurdenWarning) else told.person.region,
            valid_from=row.valid_from,
            source=file,
            source_row=row.row,
        )
    about: dict[str, Told] = {"warning" if is_warning else "listed": told}
    Feedback.objects.filter(**about, department=file.department, superseded_at=None).update(
        superseded_at=timezone.now(), superseded_by=file
    )
    return Feedback.objects.create(
        **about,
        department=file.department,
        result=row.values["result"],
        category=row.category if certified else "",
        valid_from=row.valid_from if certified else None,
        note=row.values["note"],
        verified_on=row.values["verified_on"] or timezone.localdate(file.uploaded_at),
        source=file,
        spell=spell,
    )


def settle_states(warning_ids: list[int]) -> None:
    """A told warning is answered when one department has certified, or all that were told have answered."""
    current = Feedback.objects.filter(warning=OuterRef("pk"), superseded_at=None)
    open_departments = DeliveredWarning.objects.filter(warning=OuterRef("pk")).exclude(
        delivery__department__in=Feedback.objects.filter(warning=OuterRef("warning"), superseded_at=None).values(
            "department"
        )
    )
    done = Exists(current.filter(result=Result.CERTIFIED)) | (Exists(current) & ~Exists(open_departments))
    told = BurdenWarning.objects.filter(pk__in=warning_ids, state__in=[State.PUSHED, State.ANSWERED])
    told.filter(done, state=State.PUSHED).update(state=State.ANSWERED)
    told.filter(~done, state=State.ANSWERED).update(state=State.PUSHED)


def undo(file: InboundFile, *, actor: User | None) -> None:
    """Takes back the file's answers and the categories they opened. Raises ImportBlocked."""
    mine = Feedback.objects.filter(source=file)
    if mine.filter(~Q(superseded_at=None)).exists():
        raise ImportBlocked(_("这份反馈之后又收到了更新的反馈；请先撤销之后的文件。"))
    warning_ids = list(mine.filter(warning__isnull=False).values_list("warning_id", flat=True))
    list(BurdenWarning.objects.select_for_update().filter(pk__in=warning_ids).order_by("id").values_list("pk"))
    mine.delete()
    register.uncertify(file=file, actor=actor)
    Feedback.objects.filter(superseded_by=file).update(superseded_at=None, superseded_by=None)
    settle_states(warning_ids)


def beside(rows: Sequence[StagedRow]) -> dict[int, list[Beside]]:
    """For doubtful rows: what the file says and what the warning or the list says."""
    numbers = [row.values.get("warning_no", "") for row in rows]
    told: dict[str, Told] = {}
    for model in (ListedPerson, BurdenWarning):
        told |= {one.number: one for one in model.objects.select_related("person").filter(number__in=numbers)}
    told.pop("", None)
    return {row.pk: _pair(row, told.get(row.values.get("warning_no", ""))) for row in rows}


def _pair(row: StagedRow, told: Told | None) -> list[Beside]:
    labels = dict(Result.choices)
    category = str(Category(row.category).label) if row.category in Category.values else row.category
    answers = told.feedback.filter(superseded_at=None) if told else ()
    return [
        (_("预警号"), row.values.get("warning_no", ""), told.number if told else ""),
        (_("姓名"), row.name, told.person.name if told else ""),
        (
            _("核实结果"),
            str(labels.get(row.values.get("result", ""), "")),
            "、".join(str(answer.get_result_display()) for answer in answers),
        ),
        (_("人员类别"), category, str(told.get_category_display()) if isinstance(told, BurdenWarning) else ""),
    ]


FEEDBACK = ImportKind(
    kind=InboundFile.Kind.FEEDBACK,
    schema=reader.FEEDBACK,
    departments=tuple(str(department) for department in CERTIFIES),
    stage=stage,
    compare=compare,
    apply=apply,
    undo=undo,
    columns=(
        "row",
        "values.warning_no",
        "id_number",
        Column("values.result", gettext_lazy("核实结果"), value=lambda row: RESULTS.get(row.values.get("result"), "")),
        "category",
        "valid_from",
        "reason",
    ),
    upload=Act.FEEDBACK_UPLOAD,
    confirm=Act.ROSTER_CONFIRM,
    beside=beside,
)
