"""Warnings when two files become one: of the same year and kind the kept file's stands, the other is withdrawn."""

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from beneficiaries.dependants import Move, moves, stays, worked_out
from monitoring.models import BurdenWarning, ListedPerson, Projected

Warnings = BurdenWarning.objects
_WITHDRAWN = ("state", "withdrawn_reason")


def _move(gone: int, kept: int) -> dict[str, Any]:
    mine = set(Warnings.filter(person=kept).values_list("year", "kind"))
    moved, withdrawn = [], {}
    for row in Warnings.select_for_update().filter(person=gone):
        if (row.year, row.kind) not in mine:
            moved.append(row.pk)
            continue
        withdrawn[str(row.pk)] = {name: getattr(row, name) for name in _WITHDRAWN}
        row.state, row.withdrawn_reason = BurdenWarning.State.WITHDRAWN, _("人员合并，以保留档案的预警为准")
        row.refreshed_on = timezone.localdate()
        row.save(update_fields=[*_WITHDRAWN, "refreshed_on"])
    Warnings.filter(pk__in=moved).update(person=kept)
    return {"moved": moved, "withdrawn": withdrawn}


def _back(gone: int, kept: int, data: dict[str, Any]) -> None:
    Warnings.filter(pk__in=data["moved"]).update(person=gone)
    for key, before in data["withdrawn"].items():
        Warnings.filter(pk=key).update(**before)


def register() -> None:
    """Says how warnings move; called when the app is ready."""
    moves(BurdenWarning, "person", Move(_move, _back))
    stays(ListedPerson)  # what was said of the other file stays said of it
    stays(Projected)  # worked out anew with the next scan
    worked_out(Projected, lambda _file: Q(pk__isnull=False))
