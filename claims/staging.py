"""Claims of a file into the staging table, and what each row comes to beside the register."""

import json
from contextvars import ContextVar
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from accounts.jobs import Progress
from beneficiaries import documents
from claims.facts import EMPLOYEE, RESIDENT
from claims.institutions.selectors import all_bands, bands
from claims.staged import FACTS, StagedClaim
from exchange import reader
from exchange.models import InboundFile
from exchange.reader.names import UNNAMED
from exchange.staging import Columns, stage_reading
from policies import selectors as law
from policies.engine.errors import EngineError
from policies.services import figures_now

_bands: ContextVar[dict[str, tuple[int, int]] | None] = ContextVar("bands", default=None)


def _complete(batch: reader.Batch, _context: reader.Context) -> None:
    """Level and class of the institution where the row has none; then what the platform must send has to be there."""
    given = batch.columns
    wanted = [i for i, level in enumerate(given["hospital_level"]) if level is None or given["charge_class"][i] is None]
    # Known beforehand where rows go straight into COPY: nothing can be read on the connection while it runs.
    held = _bands.get()
    known = held if held is not None else bands({given["institution"][i] or "" for i in wanted}) if wanted else {}
    for i in wanted:
        level, charge_class = known.get(given["institution"][i] or "", (None, None))
        if given["hospital_level"][i] is None and not batch.has_problem(i, "hospital_level"):
            given["hospital_level"][i] = level
        if given["charge_class"][i] is None:
            given["charge_class"][i] = charge_class
    for name in ("hospital_level", "location"):
        for i, value in enumerate(batch.columns[name]):
            if value is None and not batch.has_problem(i, name):
                batch.add_problem(i, "missing", name)


# A claim number seen twice is told apart here (same content or other content), not by the reader.
SCHEMA: Final = replace(reader.CLAIMS, unique=None, checks=(*reader.CLAIMS.checks, _complete))
TABLE: Final = StagedClaim._meta.db_table


def stage(file: InboundFile, reading: reader.Reading, progress: Progress) -> None:
    """The file's rows into their table, in place of those of an earlier reading."""
    forget(file)
    token = _bands.set(all_bands())
    try:
        stage_reading(file, reading, progress, _columns, table=TABLE)
    finally:
        _bands.reset(token)
    documents.follow(TABLE, file_id=file.pk)


def forget(file: InboundFile) -> None:
    """The staged claims of a file go."""
    StagedClaim.objects.filter(file=file)._raw_delete("default")


def _columns(batch: reader.Batch) -> Columns:
    given = batch.columns
    insurance = [code or RESIDENT for code in given["insutype"]]
    platform = zip(insurance, given["hifob_pay"], given["hifmi_pay"], strict=True)
    chronic = zip(given["service"], given["chronic_management"], strict=True)
    plain = ("claim_no", "service", "settled_on", "hospital_level", "location", "referred", "major_disease")
    money = ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")
    return {
        # The county in which the number was given out: where a person whom nobody knows yet is looked for first.
        "county": [number and f"{number[:6]}000000" for number in given["id_number"]],
        **{name: given[name] for name in (*plain, "control_waived", *money)},
        "institution": [code or "" for code in given["institution"]],
        "insurance": insurance,
        "charge_class": [number or 1 for number in given["charge_class"]],
        "chronic_management": [
            (management or "per_visit") if service == "chronic" else "" for service, management in chronic
        ],
        "platform_cii": [own if code == EMPLOYEE and own is not None else paid for code, own, paid in platform],
        "platform_assistance": given["maf_pay"],
        "disease_code": [(code or "")[:30] for code in given["dise_codg"]],
        "disease_name": [(name or "")[:100] for name in given["dise_name"]],
        "tilted_basic": given["tilted_basic"],
        "supplementary_paid": given["supplementary_paid"],
    }


# --- compare ------------------------------------------------------------------------------------------------------
# One pass over the rows: who it is, whether the number is known here or stands twice in the file, where the person
# is insured (the register's place, else the county of the identity number, else the region of the file). What few
# rows have, a number or a name twice, is looked for in narrow columns first. A row without a readable number is only
# an error; it makes no other row doubtful.
_FILE: Final = f"FROM {TABLE} i WHERE i.file_id = %(file)s AND i.code = ''"
_FACTS: Final = ", ".join(f"i.{name}" for name in FACTS)
COMPARE: Final = f"""
WITH twice AS MATERIALIZED (
    SELECT "row", row_number() OVER number AS nth, first_value("row") OVER number AS first_row,
        lead("row") OVER number AS next_row, min(content) OVER every <> max(content) OVER every AS differs
    FROM (
        SELECT i."row", i.claim_no, md5(ROW(i.id_key, {_FACTS})::text) AS content {_FILE}
            AND i.claim_no IN (SELECT i.claim_no {_FILE} GROUP BY 1 HAVING count(*) > 1)
    ) same
    WINDOW number AS (PARTITION BY claim_no ORDER BY "row"), every AS (PARTITION BY claim_no)
), named AS MATERIALIZED (
    SELECT i.id_key, min(i.name) AS one_name {_FILE} AND i.name <> '' GROUP BY 1 HAVING min(i.name) <> max(i.name)
)
INSERT INTO exchange_stagedrow (file_id, "row", outcome, code, field, reason, "values", id_number, id_key, name,
    region_code, person_id)
SELECT file_id, "row", verdict[1], verdict[2],
       CASE verdict[2] WHEN '' THEN '' WHEN code THEN field WHEN 'cii_beyond' THEN 'hifob_pay'
            WHEN 'repeated' THEN 'claim_no' WHEN 'duplicate_differs' THEN 'claim_no'
            WHEN 'claim_differs' THEN 'claim_no' WHEN 'name_differs' THEN 'name'
            WHEN 'region_not_yours' THEN 'id_number' WHEN 'institution_exited' THEN 'institution'
            WHEN 'deceased' THEN 'settled_on' ELSE '' END,
       CASE WHEN verdict[2] = '' THEN '' WHEN verdict[2] = code THEN reason
            WHEN verdict[2] IN ('repeated', 'duplicate_differs') THEN
                replace(%(reasons)s::jsonb ->> verdict[2], '(first)',
                    (CASE WHEN nth > 1 THEN first_row ELSE next_row END)::text)
            WHEN verdict[2] = 'institution_exited' THEN
                replace(%(reasons)s::jsonb ->> verdict[2], '(day)', exit_on::text)
            WHEN verdict[2] = 'name_differs' THEN
                replace(%(reasons)s::jsonb ->> verdict[2], '(name)', coalesce(known_name, one_name))
            ELSE coalesce(%(reasons)s::jsonb ->> verdict[2], '') END,
       CASE WHEN code <> '' THEN "values" || jsonb_build_object('claim_no', claim_no)
            -- What the page of doubts shows; of all others the staged claim is asked (`claims.imports.shown`).
            WHEN verdict[1] = 'doubtful' THEN (SELECT to_jsonb(f) FROM
                (SELECT judged.claim_no, {", ".join(f"judged.{name}" for name in FACTS)}) f)
            ELSE '{{}}' END,
       id_number, id_key, name, region_code, person_id
FROM (
    SELECT *, CASE
        WHEN code <> '' THEN ARRAY['error', code]
        WHEN insurance = '{EMPLOYEE}' AND platform_cii > in_scope - basic_paid THEN ARRAY['error', 'cii_beyond']
        WHEN region_code NOT LIKE %(prefix)s THEN ARRAY['error', 'region_not_yours']
        WHEN differs THEN ARRAY['doubtful', 'duplicate_differs']
        WHEN nth > 1 THEN ARRAY['unchanged', 'repeated']
        WHEN same_claim THEN ARRAY['unchanged', '']
        WHEN claim_id IS NOT NULL THEN ARRAY['doubtful', 'claim_differs']
        WHEN exit_on < settled_on THEN ARRAY['error', 'institution_exited']
        WHEN name <> '' AND name <> known_name AND known_name <> '{UNNAMED}' THEN ARRAY['doubtful', 'name_differs']
        WHEN person_id IS NULL AND one_name IS NOT NULL THEN ARRAY['doubtful', 'name_differs']
        WHEN deceased_on < settled_on THEN ARRAY['doubtful', 'deceased']
        ELSE ARRAY['new', ''] END AS verdict
    FROM (
        SELECT i.*, p.id AS person_id, p.name AS known_name, p.deceased_on, left_the_list.exit_on, c.id AS claim_id,
            CASE WHEN c.id IS NOT NULL THEN c.person_id = p.id
                AND ({", ".join(f"c.{name}" for name in FACTS)}) IS NOT DISTINCT FROM ({_FACTS}) END AS same_claim,
            coalesce(p.region_id, place.code, %(region)s) AS region_code,
            twice.nth, twice.first_row, twice.next_row, twice.differs, named.one_name
        FROM {TABLE} i
        LEFT JOIN twice ON twice."row" = i."row"
        LEFT JOIN named ON named.id_key = i.id_key
        LEFT JOIN beneficiaries_person p ON p.id_key = i.id_key
        LEFT JOIN claims_claim c ON c.claim_no = i.claim_no
        LEFT JOIN claims_institution left_the_list
            ON left_the_list.code = i.institution AND left_the_list.exit_on IS NOT NULL
        LEFT JOIN accounts_region place ON place.code = i.county AND place.code LIKE %(prefix)s
        WHERE i.file_id = %(file)s
    ) found
) judged
"""  # noqa: S608 - made of constants


def _reasons() -> dict[str, str]:
    return {
        "cii_beyond": _("职工大额医疗费用补助超过基本医保后的政策范围内自付；请核对这几项金额。"),
        "region_not_yours": _("此人登记在本次文件的地区之外；请由参保地报送，或先核对其所在地区。"),
        "repeated": _("与第 (first) 行的结算号和内容相同，只计一次。"),
        "duplicate_differs": _("与第 (first) 行的结算号相同，但内容不同；请核实后只保留正确的一行。"),
        "claim_differs": _("这个结算号已经登记，内容与本行不同；已登记的费用不改，请核实是否应作冲正或更正。"),
        "name_differs": _("身份证号相同，但姓名不同（另见“(name)”）；请核对姓名和证件号码。"),
        "deceased": _("结算日期晚于登记的死亡日期；请核实。"),
        "institution_exited": _("该机构已于(day)退出定点，之后结算的费用不予受理（S1-24）；请核对机构编码和结算日期。"),
    }


def compare(file: InboundFile, progress: Progress) -> dict[str, int]:
    """Writes the staged rows with their outcome; returns the counts, and `persons_new`."""
    step = _("与登记内容比对")
    progress(step, 0, 2)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {TABLE} (file_id, row, code, claim_no, id_key, name, institution, county)")
        # A month of one county is sorted and joined in memory.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(
            COMPARE,
            {
                "file": file.pk,
                "region": file.region_id,
                "prefix": f"{file.region.prefix}%",
                "reasons": json.dumps(_reasons(), ensure_ascii=False),
            },
        )
        progress(step, 1, 2)
        _refuse_ungoverned(cursor, file)
        cursor.execute("SELECT outcome, count(*) FROM exchange_stagedrow WHERE file_id = %s GROUP BY 1", [file.pk])
        counts = dict(cursor.fetchall())
        cursor.execute(
            "SELECT count(DISTINCT id_key) FROM exchange_stagedrow"
            " WHERE file_id = %s AND outcome = 'new' AND person_id IS NULL",
            [file.pk],
        )
        counts["persons_new"] = cursor.fetchone()[0]
    progress(step, 2, 2)
    return counts


def _refuse_ungoverned(cursor: Any, file: InboundFile) -> None:
    """Rows of days for which no version is in force or a parameter is missing: errors that name the key."""
    cursor.execute(
        f"SELECT DISTINCT r.region_code, i.settled_on FROM exchange_stagedrow r JOIN {TABLE} i ON i.file_id = r.file_id"  # noqa: S608
        ' AND i."row" = r."row" WHERE r.file_id = %s AND r.outcome = \'new\'',
        [file.pk],
    )
    versions, figures = law.law(), {}
    wrong: list[tuple[str, date, str, str]] = []
    for region, day in cursor.fetchall():
        version = versions.on(region, day)
        if version is None:
            reason = _("%(day)s 没有适用于该地区的政策版本；请核对结算日期，或先发布当时的政策。") % {"day": day}
            wrong.append((region, day, "no_version", reason))
            continue
        if version.pk not in figures:
            figures[version.pk] = figures_now(version).pk
        try:
            law.table_of(version, figures[version.pk], day.year)
        except EngineError as error:
            wrong.append((region, day, "no_parameter", str(error)))
    if wrong:
        cursor.execute(
            f"""
            UPDATE exchange_stagedrow r
            SET outcome = 'error', code = k.code, field = 'settled_on', reason = left(k.reason, 300)
            FROM unnest(%s::text[], %s::date[], %s::text[], %s::text[]) AS k (region, day, code, reason)
            JOIN {TABLE} i ON i.settled_on = k.day
            WHERE r.file_id = %s AND r.outcome = 'new' AND r.region_code = k.region AND i.file_id = r.file_id
                AND i."row" = r."row"
            """,  # noqa: S608
            [*(list(column) for column in zip(*wrong, strict=True)), file.pk],
        )
