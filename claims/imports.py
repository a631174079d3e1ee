"""The import kind `claims`: what confirming a file writes, what undoing it takes back."""

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import UniqueViolation

from accounts.access import Act
from accounts.crypto import encrypt_many
from accounts.fields import holds
from accounts.jobs import Progress
from accounts.lists import Column
from accounts.models import User
from accounts.templatetags.tuodi import yuan
from accounts.vocabulary import Department
from beneficiaries import people
from beneficiaries.dependants import referenced
from beneficiaries.models import Person
from claims import staging
from claims.bulk import lock_years
from claims.errors import CannotSettle
from claims.later.models import Cause
from claims.models import Claim, PersonYear, Settlement
from claims.settling import settle_years
from claims.staged import FACTS, StagedClaim
from exchange import reader
from exchange.errors import ImportBlocked, RegisterMoved
from exchange.kinds import Beside, ImportKind
from exchange.models import InboundFile, Outcome, StagedRow
from exchange.staging import copying

CHUNK = 20_000
_FACTS = ", ".join(FACTS)
_STAGED = ", ".join(f"x.{name}" for name in FACTS)


def apply(file: InboundFile, *, actor: User | None, progress: Progress) -> dict[str, int]:
    """Writes the new claims, settles each person's year in order; sums in fen. The caller holds the transaction."""
    progress(_("登记人员"), 0, 1)
    persons = _new_persons(file)
    progress(_("登记费用"), 0, 1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        claims = _write_claims(file)
        if claims != file.counts["new"]:
            # Staged by an earlier release, or tidied away meanwhile.
            raise RegisterMoved(_("预览之后登记簿有变化，已重新比对；请再次核对后确认。"))
        cursor.execute(_NAMES, [file.pk, staging.UNNAMED])
        # Settling joins on what was just written: without fresh figures the planner takes the table for empty.
        cursor.execute("ANALYZE claims_claim (id, person_id, settled_on, source_id)")
    try:
        totals = settle_years(keys_of(file), actor=actor, progress=progress)
    except CannotSettle as error:
        raise ImportBlocked(str(error)) from error
    return {
        "claims": claims,
        "persons": persons,
        "settled": totals.claims,
        "superseded": totals.superseded,
        "cii": totals.cii,
        "assistance": totals.assistance + totals.out_of_catalogue,
        "top_up": totals.top_up,
    }


# In the order in which they are settled: a person's year lies together, and what is settled of it is appended in order.
_WRITE = f"""
INSERT INTO claims_claim (claim_no, person_id, region_id, source_id, source_row, note, created_at, {_FACTS})
SELECT x.claim_no, p.id, p.region_id, r.file_id, r.row, '', now(), {_STAGED}
FROM exchange_stagedrow r
JOIN {staging.TABLE} x ON x.file_id = r.file_id AND x.row = r.row
JOIN beneficiaries_person p ON p.id_key = r.id_key
WHERE r.file_id = %s AND r.outcome = 'new'
ORDER BY p.id, x.settled_on, x.claim_no COLLATE "C"
"""  # noqa: S608 - column names of this module


def _write_claims(file: InboundFile) -> int:
    """How many. A number that someone else registers at the same moment is waited for, and then refused."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_WRITE, [file.pk])
            return cursor.rowcount
    except IntegrityError as error:
        if "claim_once" not in str(error):
            raise
        raise RegisterMoved(_collision(file)) from error


def _collision(file: InboundFile) -> str:
    """Which of the file's numbers were registered since its preview, and by whom."""
    new = StagedRow.objects.filter(file=file, outcome=Outcome.NEW).values("row")
    numbers = StagedClaim.objects.filter(file=file, row__in=new).values("claim_no")
    taken = Claim.objects.filter(claim_no__in=numbers).select_related("source").order_by("claim_no")
    first = taken[0]
    return _(
        "预览之后，结算号 %(no)s（共 %(count)s 个）已由“%(source)s”登记；本文件没有写入任何内容，已与登记内容重新比对；"
        "请核对这些行后再次确认。"
    ) % {"no": first.claim_no, "count": len(taken), "source": first.source.name if first.source else _("手工录入")}


_NAMES = """
UPDATE beneficiaries_person p SET name = r.name
FROM exchange_stagedrow r
WHERE r.file_id = %s AND r.outcome = 'new' AND r.name <> '' AND p.id = r.person_id AND p.name = %s
"""


def keys_of(file: InboundFile) -> list[tuple[int, int]]:
    """(person id, year) of the file's claims."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person_id, extract(year FROM settled_on)::int FROM claims_claim WHERE source_id = %s",
            [file.pk],
        )
        return cursor.fetchall()


def _new_persons(file: InboundFile) -> int:
    """People whom the register does not know: most patients hold no category, and must be settled all the same."""
    rows = (
        StagedRow.objects.filter(file=file, outcome=Outcome.NEW, person_id=None)
        .filter(~Exists(Person.objects.filter(id_key=OuterRef("id_key"))))
        .order_by("id_key", "-name")
        .distinct("id_key")
        .values_list("id_number", "id_key", "name", "region_code")
    )
    written, last = 0, None
    # Chunk by chunk: nothing else can be read on the connection while COPY runs.
    while chunk := list((rows.filter(id_key__gt=last) if last else rows)[:CHUNK]):
        try:
            with transaction.atomic(), copying(Person._meta.db_table) as put:
                put(_person_columns(file, chunk))
        except UniqueViolation as error:  # of COPY, which Django does not translate
            if "id_key" not in str(error):
                raise
            continue  # another file brought one of them in the meantime: what is read now leaves that one out
        written, last = written + len(chunk), chunk[-1][1]
    return written


def _person_columns(file: InboundFile, rows: Sequence[tuple]) -> dict[str, list]:
    numbers = [row[0] for row in rows]
    names = [row[2] or staging.UNNAMED for row in rows]
    return {
        "id_number": encrypt_many(numbers, "id_number"),
        "id_key": [row[1].hex for row in rows],
        "name": names,
        "region_id": [row[3] for row in rows],
        "source_id": [file.pk] * len(rows),
        "created_at": [timezone.now().isoformat()] * len(rows),
        "rural": [True] * len(rows),
        "relation": [""] * len(rows),
        **people.derived(numbers, names),
    }


def undo(file: InboundFile, *, actor: User | None) -> None:
    """Takes the file's claims out again, with what was settled of them; what they had moved is settled as before.

    Raises ImportBlocked when claims of the same people and years came after the file.
    """
    keys = keys_of(file)
    persons, years = [person for person, _year in keys], [year for _person, year in keys]
    with connection.cursor() as cursor:
        lock_years(sorted(keys))
        cursor.execute(
            """
            SELECT c.claim_no FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
            JOIN claims_claim c ON c.person_id = k.person_id
                AND c.settled_on BETWEEN make_date(k.year, 1, 1) AND make_date(k.year, 12, 31)
            WHERE c.source_id IS DISTINCT FROM %s AND c.created_at >= %s
            ORDER BY c.id LIMIT 1
            """,
            [persons, years, file.pk, file.confirmed_at],
        )
        later = cursor.fetchone()
        if later:
            raise ImportBlocked(
                _("之后又为同一些人登记了费用（如结算号 %(no)s），结算以这份文件为基础，不能撤销；请先撤销较后的文件。")
                % {"no": later[0]}
            )
        if why := referenced(Claim.objects.filter(source=file), {Settlement: Q(claim__source=file)}):
            raise ImportBlocked(why)
        cursor.execute(
            "DELETE FROM claims_settlement s USING claims_claim c WHERE c.id = s.claim_id AND c.source_id = %s",
            [file.pk],
        )
        cursor.execute("DELETE FROM claims_claim WHERE source_id = %s", [file.pk])
    settle_years(keys, actor=actor, from_zero=True, cause=Cause.IMPORT_UNDONE)
    PersonYear.objects.filter(person_id__in=set(persons), year__in=set(years), claims=0).delete()
    _forget_persons(file)


def _forget_persons(file: InboundFile) -> None:
    """People who are in the register through this file alone: nothing in the database points at them."""
    alone = Person.objects.filter(source=file)
    for relation in Person._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.is_relation and not relation.concrete and holds(relation.field):
            points = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            alone = alone.filter(~Exists(points))
    alone._raw_delete(alone.db)


def beside(rows: Sequence[StagedRow]) -> dict[int, list[Beside]]:
    """For doubtful rows: what the file says and what is registered under that number or for that person."""
    numbers = [row.values.get("claim_no") for row in rows]
    known = {claim.claim_no: claim for claim in Claim.objects.filter(claim_no__in=numbers).select_related("person")}
    persons = Person.objects.in_bulk([row.person_id for row in rows if row.person_id])
    found = {}
    for row in rows:
        person = persons.get(row.person_id)
        lines: list[Beside] = [(_("姓名"), row.name, person.name if person else "")]
        claim = known.get(row.values.get("claim_no", ""))
        if claim:
            lines += [
                (label, _shown(row.values.get(name)), _shown(getattr(claim, name)))
                for name, label in _BESIDE.items()
                if _plain(row.values.get(name)) != _plain(getattr(claim, name))
            ]
        elif person and person.deceased_on:
            lines.append((_("结算日期／死亡日期"), row.values.get("settled_on"), person.deceased_on.isoformat()))
        found[row.pk] = lines
    return found


_BESIDE = {name: Claim._meta.get_field(name).verbose_name or name for name in FACTS}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return yuan(value) if isinstance(value, int) and value > 9 else str(_plain(value) if value is not None else "")


def shown(rows: QuerySet[StagedRow]) -> QuerySet[StagedRow]:
    """With what the staged claim says of the shown columns, as `known_claim`."""
    said = StagedClaim.objects.filter(file=OuterRef("file_id"), row=OuterRef("row"))
    return rows.annotate(known_claim=Subquery(said.values(said=JSONObject(**{name: name for name in _SHOWN}))))


_SHOWN = ("claim_no", "service", "settled_on", "total", "in_scope", "basic_paid")


def _column(name: str) -> Column:
    """A column of the preview; its label is the file's own."""
    declared = staging.SCHEMA.column(name)
    amount = declared.make is reader.columns.amount
    return Column(
        name,
        declared.label,
        kind="amount" if amount else "text",
        value=lambda row: (row.known_claim or row.values).get(name),
    )


KIND = ImportKind(
    kind=InboundFile.Kind.CLAIMS,
    schema=staging.SCHEMA,
    departments=(Department.MEDICAL_SECURITY,),
    stage=staging.stage,
    compare=staging.compare,
    apply=apply,
    undo=undo,
    columns=(_column("claim_no"), "name", *map(_column, _SHOWN[1:])),
    upload=Act.CLAIM_WRITE,
    confirm=Act.CLAIM_WRITE,
    beside=beside,
    shown=shown,
    forget=staging.forget,
)
