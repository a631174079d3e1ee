"""Decisions on the doubtful rows of a file that waits to be confirmed: stored, taken back at will until then."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from exchange import kinds
from exchange.errors import ExchangeError, ImportBlocked, NotAllowed
from exchange.models import InboundFile, Outcome, StagedRow

Decision = StagedRow.Decision
# What can be said of a row in doubt, in the order of the keys 1, 2, …; whoever chooses one of several rows of a person
# drops the others.
ANSWERS: Mapping[str, tuple[Decision, ...]] = {
    "name_differs": (Decision.TAKE_FILE, Decision.KEEP_REGISTER, Decision.REJECT),
    "deceased": (Decision.ALIVE, Decision.REJECT),
    "duplicate_differs": (Decision.CHOOSE, Decision.REJECT),
    "not_found": (Decision.REJECT,),
}
# With these the row is written; what it then comes to was worked out by the comparison (`StagedRow.otherwise`).
WRITES = (Decision.TAKE_FILE, Decision.KEEP_REGISTER, Decision.ALIVE, Decision.CHOOSE)
WRITABLE = (Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.EXITED)


def answers(row: StagedRow) -> tuple[Decision, ...]:
    """What can be decided about the row."""
    found = ANSWERS.get(row.code, ()) if row.outcome == Outcome.DOUBTFUL else ()
    return tuple(one for one in found if one not in WRITES or row.otherwise in WRITABLE)


def may_decide(file: InboundFile, actor: User | None) -> bool:
    """Whether this person may decide about the file's rows now."""
    if file.state != InboundFile.State.READY or file.kind != InboundFile.Kind.ROSTER:
        return False
    return actor is None or (actor.may(kinds.get(file.kind).confirm) and file.region_id.startswith(actor.region_prefix))


def decide(
    *, actor: User | None, file_id: int, decision: str, rows: Iterable[int] = (), code: str = ""
) -> list[StagedRow]:
    """Says what holds of these rows (primary keys), or of all undecided rows of a `code`; an empty `decision` takes
    back what was said. Returns every row that changed, the others of a chosen person too.

    Raises NotAllowed, ImportBlocked, ExchangeError when the answer does not fit a row.
    """
    with transaction.atomic():
        file = InboundFile.objects.select_for_update(of=("self",)).select_related("region").get(pk=file_id)
        if file.state != InboundFile.State.READY:
            raise ImportBlocked(_("文件当前为“%(state)s”，不能再处理存疑行。") % {"state": file.get_state_display()})
        if not may_decide(file, actor):
            raise NotAllowed(_("您的角色不能处理存疑行；请由医疗保障部门的县级经办处理。"))
        doubtful = file.rows.filter(outcome=Outcome.DOUBTFUL)
        if code:
            chosen = list(doubtful.filter(code=code).filter(**({"decision": ""} if decision else {})))
        else:
            chosen = list(doubtful.filter(pk__in=list(rows)))
        _check(chosen, decision)
        return _store(doubtful, chosen, decision, actor)


def _check(rows: Sequence[StagedRow], decision: str) -> None:
    if not rows:
        raise ExchangeError(_("没有可以这样处理的存疑行。"))
    if not decision:
        return
    for row in rows:
        if decision not in answers(row):
            raise ExchangeError(
                _("第 %(row)s 行不能“%(decision)s”：%(reason)s")
                % {"row": row.row, "decision": _label(decision), "reason": _why_not(row)}
            )
    if decision == Decision.CHOOSE:
        twice = [key for key, count in Counter(row.id_key for row in rows).items() if count > 1]
        if twice:
            raise ExchangeError(_("同一人的几行只能采用其中一行；请逐人选择。"))


def _label(decision: str) -> str:
    return str(Decision(decision).label) if decision in Decision.values else decision


def _why_not(row: StagedRow) -> str:
    if row.otherwise not in WRITABLE and row.code in ("name_differs", "deceased", "duplicate_differs"):
        return _("这一行还有别的问题（姓名与登记簿不同、已故或者日期不对），只能退回部门核实。")
    return _("这种存疑没有这个选项。")


def _store(
    doubtful: "QuerySet[StagedRow]", rows: list[StagedRow], decision: str, actor: User | None
) -> list[StagedRow]:
    said = {"decided_by": actor if decision else None, "decided_at": timezone.now() if decision else None}
    keys = [row.id_key for row in rows if row.code == "duplicate_differs"]
    touched = {row.pk for row in rows}
    doubtful.filter(pk__in=touched).update(decision=decision, **said)
    if keys:
        others = doubtful.filter(code="duplicate_differs", id_key__in=keys).exclude(pk__in=touched)
        if decision == Decision.CHOOSE:
            changed = list(others.values_list("pk", flat=True))
            others.update(decision=Decision.DROP, **said)
        else:
            # The rows that gave way to one which is no longer chosen are open again.
            gone = others.filter(decision=Decision.DROP)
            changed = list(gone.values_list("pk", flat=True))
            gone.update(decision="", decided_by=None, decided_at=None)
        touched.update(changed)
    order = [row.pk for row in rows]
    found = doubtful.in_bulk(touched)
    return [found[pk] for pk in order] + [found[pk] for pk in sorted(touched - set(order))]


# --- kept over a new comparison ---------------------------------------------------------------------------------------
Kept = dict[tuple[Any, ...], dict[str, Any]]


def kept(file: InboundFile) -> Kept:
    """The decisions of a file before it is compared anew."""
    decided = file.rows.filter(outcome=Outcome.DOUBTFUL).exclude(decision="")
    columns = ("row", "code", "id_key", "decision", "decided_by_id", "decided_at")
    return {(one["row"], one["code"], one["id_key"]): dict(one) for one in decided.values(*columns)}


def restore(file: InboundFile, before: Kept) -> None:
    """What was decided about a row holds still where the row is in the same doubt."""
    if not before:
        return
    again = []
    for row in file.rows.filter(outcome=Outcome.DOUBTFUL):
        said = before.get((row.row, row.code, row.id_key))
        if said and said["decision"] in (*answers(row), Decision.DROP):
            row.decision, row.decided_by_id, row.decided_at = (
                said["decision"],
                said["decided_by_id"],
                said["decided_at"],
            )
            again.append(row)
    StagedRow.objects.bulk_update(again, ["decision", "decided_by", "decided_at"], batch_size=1000)


def doubts(file: InboundFile) -> list[dict[str, Any]]:
    """How many rows are in which doubt, and how many of them are undecided: one query."""
    found: dict[str, dict[str, Any]] = {}
    counted = file.rows.filter(outcome=Outcome.DOUBTFUL).values("code", "decision").annotate(rows=Count("pk"))
    for one in counted.order_by("code"):
        entry = found.setdefault(one["code"], {"code": one["code"], "rows": 0, "open": 0})
        entry["rows"] += one["rows"]
        entry["open"] += 0 if one["decision"] else one["rows"]
    return list(found.values())
