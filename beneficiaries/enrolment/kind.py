"""Contributions as a kind of inbound file: what was paid and refunded, by whom, for whom, for which year.

Money that came is a fact: payments of somebody whom the register does not know, or under another name, are doubtful and
are written all the same, without a person, for the worklist of mismatches (S3-07).
"""

import json
from collections.abc import Sequence
from typing import Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.jobs import Progress, no_progress
from accounts.lists import Column
from accounts.models import User
from accounts.templatetags.tuodi import yuan
from accounts.vocabulary import Department
from beneficiaries.enrolment.case_models import PaymentMismatch
from beneficiaries.enrolment.computing import compute_persons
from beneficiaries.enrolment.mismatches import refresh_mismatches
from beneficiaries.enrolment.models import Contribution
from beneficiaries.models import Person
from exchange import reader
from exchange.errors import ImportBlocked
from exchange.kinds import Beside, ImportKind
from exchange.models import InboundFile, StagedRow
from exchange.staging import Columns, stage_reading

# Who says what people paid themselves, and who knows of villages and charities that paid for them (S2-04).
COLLECTORS: Final = (Department.TAX, Department.MEDICAL_SECURITY)
PAYERS: Final = (Department.CIVIL_AFFAIRS, Department.RURAL_REVITALIZATION)

INCOMING: Final = """
DROP TABLE IF EXISTS contributions_incoming;
CREATE TEMP TABLE contributions_incoming (
    file_id bigint, "row" integer, outcome text, code text, field text, reason text, "values" jsonb, id_number bytea,
    id_key uuid, name text, year int, amount bigint, paid_on date, kind text, tier text,
    payer text, payer_name text) ON COMMIT DROP;
"""
COMPARE: Final = """
INSERT INTO exchange_stagedrow (file_id, "row", outcome, code, field, reason, "values", id_number, id_key, name,
    category, region_code, household, relation, exit_reason, person_id)
SELECT file_id, "row", verdict[1], verdict[2],
       CASE WHEN verdict[2] = code THEN field WHEN verdict[2] = 'name_differs' THEN 'name'
            WHEN verdict[2] IN ('deceased', 'paid_later') THEN 'paid_on' WHEN verdict[2] = 'amount' THEN 'amount'
            WHEN verdict[2] = 'payer_unnamed' THEN 'payer_name' WHEN verdict[2] = 'payer_not_yours' THEN 'payer'
            WHEN verdict[2] <> '' THEN 'id_number' ELSE '' END,
       CASE WHEN verdict[2] = code THEN reason
            ELSE replace(replace(coalesce(%(reasons)s::jsonb ->> verdict[2], ''), '(name)', coalesce(known_name, '')),
                '(first)', coalesce(first_row::text, '')) END,
       CASE WHEN code <> '' THEN "values" ELSE jsonb_build_object('year', year, 'amount', amount, 'paid_on', paid_on,
            'kind', kind, 'tier', tier, 'payer', payer, 'payer_name', payer_name) END,
       id_number, id_key, name, '', region_code, '', '', '', person_id
FROM (
    SELECT *, CASE
        WHEN code <> '' THEN ARRAY['error', code]
        WHEN amount <= 0 THEN ARRAY['error', 'amount']
        WHEN payer = 'person' AND NOT %(collects)s THEN ARRAY['error', 'payer_not_yours']
        WHEN payer NOT IN ('person', 'other') AND payer_name = '' THEN ARRAY['error', 'payer_unnamed']
        WHEN paid_on > %(today)s THEN ARRAY['error', 'paid_later']
        WHEN nth > 1 THEN ARRAY['unchanged', 'repeated']
        WHEN known THEN ARRAY['unchanged', '']
        WHEN person_id IS NULL THEN ARRAY['doubtful', 'unknown_person']
        WHEN region_code NOT LIKE %(prefix)s THEN ARRAY['error', 'region_not_yours']
        WHEN name <> '' AND name <> known_name THEN ARRAY['doubtful', 'name_differs']
        WHEN kind = 'payment' AND deceased_on < paid_on THEN ARRAY['doubtful', 'deceased']
        ELSE ARRAY['new', ''] END AS verdict
    FROM (
        SELECT i.*, p.id AS person_id, p.name AS known_name, p.deceased_on,
            coalesce(p.region_id, %(region)s) AS region_code,
            row_number() OVER same AS nth, first_value(i."row") OVER same AS first_row,
            EXISTS (SELECT FROM beneficiaries_contribution k WHERE k.id_key = i.id_key AND k.year = i.year
                AND k.kind = i.kind AND k.amount = i.amount AND k.paid_on = i.paid_on AND k.payer = i.payer
                AND k.payer_name = i.payer_name) AS known
        FROM contributions_incoming i LEFT JOIN beneficiaries_person p ON p.id_key = i.id_key
        WINDOW same AS (PARTITION BY i.code = '', i.id_key, i.name, i.year, i.kind, i.amount,
            i.paid_on, i.payer, i.payer_name ORDER BY i."row")
    ) found
) judged
"""
WRITE: Final = """
INSERT INTO beneficiaries_contribution (person_id, region_id, id_number, id_key, name, year, kind, amount, paid_on,
    tier, payer, payer_name, problem, source_id, source_row, recorded_by_id, recorded_at)
SELECT CASE WHEN r.outcome = 'new' THEN r.person_id END, r.region_code, r.id_number, r.id_key, r.name, x.year, x.kind,
    x.amount, x.paid_on, x.tier, coalesce(x.payer, 'person'), coalesce(x.payer_name, ''),
    CASE WHEN r.outcome = 'new' THEN '' ELSE r.code END, r.file_id, r.row,
    %(actor)s, now()
FROM exchange_stagedrow r
CROSS JOIN LATERAL jsonb_to_record(r.values) AS x (year int, kind text, amount bigint, paid_on date, tier text,
    payer text, payer_name text)
WHERE r.file_id = %(file)s AND r.outcome IN ('new', 'doubtful') ORDER BY r.row
ON CONFLICT DO NOTHING
"""


def _stage(file: InboundFile, reading: reader.Reading, progress: Progress) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INCOMING)
    stage_reading(file, reading, progress, _columns, table="contributions_incoming")


def _columns(batch: reader.Batch) -> Columns:
    given = batch.columns
    return {
        **{name: given[name] for name in ("year", "amount", "paid_on")},
        "kind": [code or "payment" for code in given["kind"]],
        "tier": [(text or "")[:20] for text in given["tier"]],
        # Who names who paid, but not of which kind, is another payer.
        "payer": [
            code or ("other" if name else "person")
            for code, name in zip(given["payer"], given["payer_name"], strict=True)
        ],
        "payer_name": [(text or "")[:80] for text in given["payer_name"]],
    }


def _reasons() -> dict[str, str]:
    return {
        "amount": _("金额须大于零；退费请填正数，类型写“退费”。"),
        "payer_not_yours": _("个人缴费由税务部门报送；其他渠道代缴请填写缴费来源和代缴单位。"),
        "payer_unnamed": _("其他渠道代缴须写明代缴单位；请补填。"),
        "paid_later": _("日期晚于今天；请核对。"),
        "repeated": _("与第 (first) 行相同，只计一次。"),
        "unknown_person": _("登记簿中没有这个身份证号；确认后记入缴费疑点，待登记此人后自动计入。"),
        "region_not_yours": _("此人登记在本次文件的地区之外；请由参保地报送，或先核对其所在地区。"),
        "name_differs": _("身份证号相同，但登记的姓名是“(name)”；确认后记入缴费疑点，核实后再计入。"),
        "deceased": _("缴费日期晚于登记的死亡日期；确认后记入缴费疑点，请核实退费。"),
    }


def _compare(file: InboundFile, progress: Progress) -> dict[str, int]:
    step = _("与登记簿比对")
    progress(step, 0, 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contributions_incoming")
        values = {
            "region": file.region_id,
            "prefix": f"{file.region.prefix}%",
            "today": timezone.localdate(),
            "collects": file.department in COLLECTORS,
            "reasons": json.dumps(_reasons(), ensure_ascii=False),
        }
        cursor.execute(COMPARE, values)
        cursor.execute("SELECT outcome, count(*) FROM exchange_stagedrow WHERE file_id = %s GROUP BY 1", [file.pk])
        counts = dict(cursor.fetchall())
    progress(step, 1, 1)
    return counts


def _apply(file: InboundFile, *, actor: User | None, progress: Progress) -> dict[str, int]:
    """Writes the payments, sets the years of the payers against them and looks for what does not fit."""
    progress(_("登记缴费"), 0, 1)
    with connection.cursor() as cursor:
        cursor.execute(WRITE, {"file": file.pk, "actor": actor.pk if actor else None})
        written = cursor.rowcount
    payers = list(Contribution.objects.filter(source=file).values_list("year", "person_id"))
    mismatches = _recompute(file, payers, progress)
    return {"contributions": written, "mismatches": mismatches}


def _recompute(file: InboundFile, payers: Sequence[tuple[int, int | None]], progress: Progress) -> int:
    """Sets the years of the payers against what is recorded; gives the open mismatches."""
    mismatches = 0
    years: dict[int, set[int]] = {}
    for year, person in payers:
        years.setdefault(year, set()).update({person} if person else ())
    for at, (year, persons) in enumerate(sorted(years.items())):
        progress(_("核对 %(year)s 年应缴") % {"year": year}, at, len(years))
        if persons:
            compute_persons(sorted(persons), year, strict=False)
        mismatches += refresh_mismatches(region=file.region, year=year)
    return mismatches


def _undo(file: InboundFile, *, actor: User | None) -> None:
    """Takes the file's payments out again and sets the years against what is left. Raises ImportBlocked."""
    decided = PaymentMismatch.objects.filter(contribution__source=file).exclude(closed_by=None).first()
    if decided:
        raise ImportBlocked(
            _("这份文件的缴费已有疑点办结（%(kind)s），不能撤销；请改用退费更正。")
            % {"kind": decided.get_kind_display()}
        )
    rows = Contribution.objects.filter(source=file)
    payers = [(year, person) for year, person in rows.values_list("year", "person_id")]
    PaymentMismatch.objects.filter(contribution__source=file).delete()
    rows.delete()
    _recompute(file, payers, no_progress)


def _beside(rows: Sequence[StagedRow]) -> dict[int, list[Beside]]:
    """For doubtful rows: what tax says and who is registered under that number."""
    persons = Person.objects.in_bulk([row.person_id for row in rows if row.person_id])
    found = {}
    for row in rows:
        person = persons.get(row.person_id or 0)
        found[row.pk] = [
            (_("姓名"), row.name, person.name if person else ""),
            (_("年度"), row.values.get("year"), ""),
            (_("金额"), yuan(row.values.get("amount")), ""),
            (_("日期"), row.values.get("paid_on"), ""),
            (_("死亡日期"), "", person.deceased_on if person and person.deceased_on else ""),
        ]
    return found


def _kind_of(row: StagedRow) -> str:
    code = row.values.get("kind", "")
    return str(Contribution.Kind(code).label) if code in Contribution.Kind.values else ""


def _payer_of(row: StagedRow) -> str:
    code = row.values.get("payer", "")
    return str(Contribution.Payer(code).label) if code in Contribution.Payer.values else ""


CONTRIBUTIONS = ImportKind(
    kind=InboundFile.Kind.CONTRIBUTIONS,
    schema=reader.CONTRIBUTIONS,
    departments=(*COLLECTORS, *PAYERS),
    stage=_stage,
    compare=_compare,
    apply=_apply,
    undo=_undo,
    columns=(
        "row",
        "id_number",
        "name",
        Column("year", gettext_lazy("年度"), kind="mono", value=lambda row: row.values.get("year")),
        Column("kind", gettext_lazy("类型"), value=_kind_of),
        Column("amount", gettext_lazy("金额"), kind="amount", value=lambda row: row.values.get("amount")),
        Column("paid_on", gettext_lazy("日期"), kind="mono", value=lambda row: row.values.get("paid_on")),
        Column("tier", gettext_lazy("档次"), value=lambda row: row.values.get("tier")),
        Column("payer", gettext_lazy("缴费来源"), value=_payer_of),
        Column("payer_name", gettext_lazy("代缴单位"), value=lambda row: row.values.get("payer_name")),
    ),
    upload=Act.ROSTER_UPLOAD,
    confirm=Act.ENROLMENT_WRITE,
    beside=_beside,
)
