"""What rests on the register: checks before a file's spells are taken back, and what hangs on a person.

Rooms above register theirs in AppConfig.ready.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.fields import holds
from beneficiaries.changes import categories_of_file_changed
from beneficiaries.models import CategorySpell, Merge, Person, PersonBefore
from exchange.errors import ImportBlocked
from exchange.models import InboundFile

# Gets the file and the spells that it wrote or closed; says why they must stay, or an empty text.
Check = Callable[[InboundFile, "QuerySet[CategorySpell]"], str]
_CHECKS: list[Check] = []


def depends(check: Check) -> Check:
    """Registers a room's check (decorator; load the module in AppConfig.ready)."""
    _CHECKS.append(check)
    return check


def touched(file: InboundFile) -> "QuerySet[CategorySpell]":
    """Spells that the file wrote or closed."""
    return CategorySpell.objects.filter(Q(source=file) | Q(closed_by=file))


def take_back_spells(file: InboundFile) -> None:
    """Removes the spells that the file wrote and reopens those that it closed. Raises ImportBlocked."""
    why = _changed_since(file) or next(filter(None, (check(file, touched(file)) for check in _CHECKS)), "")
    why = why or referenced(CategorySpell.objects.filter(source=file), {})
    if why:
        raise ImportBlocked(why)
    categories_of_file_changed(file.pk, undone=True)
    CategorySpell.objects.filter(source=file)._raw_delete("default")
    CategorySpell.objects.filter(closed_by=file).update(known_to=None, closed_by=None)


def _changed_since(file: InboundFile) -> str:
    """A spell of the file was closed since, or its persons got another one of this department; a merge that was taken
    back is as if it had not been."""
    persons = touched(file).values("person_id")
    undone = Merge.objects.filter(kept__in=persons, state=Merge.State.UNDONE).values_list("before", flat=True)
    label = _label(CategorySpell, "person")
    gone = [pk for before in undone for pk in before.get(label, {}).get("made", ())]
    closed = CategorySpell.objects.filter(source=file).exclude(known_to=None).exclude(pk__in=gone)
    later = CategorySpell.objects.filter(
        department=file.department, person_id__in=persons, known_from__gt=file.confirmed_at
    )
    later = later.exclude(source=file).exclude(pk__in=gone)
    if closed.exists() or later.exists():
        return _("这份文件写入的认定此后又有变化；请先撤销之后的文件或更正，再撤销这一份。")
    return ""


def referenced(going: "QuerySet[Model]", own: dict[type[Model], Q]) -> str:
    """What else in the database points at rows that would go (`own`: rows that go with them); empty when nothing."""
    for relation in going.model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and relation.is_relation and not relation.concrete):
            continue
        model, field = relation.related_model, relation.field
        if relation.many_to_many or not holds(field):
            continue
        rests = model._base_manager.filter(**{f"{field.name}__in": going.values("pk")})
        if rests.exclude(own.get(model, Q(pk=None))).exists():
            return _("此后已登记的“%(what)s”以这份文件写入的内容为依据，不能撤销。") % {
                "what": model._meta.verbose_name
            }
    return ""


# Rows that are worked out from the register: they stand in nobody's way and go with the persons of a file.
_WORKED_OUT: dict[type[Model], Callable[[InboundFile], Q]] = {}


def worked_out(model: type[Model], which: Callable[[InboundFile], Q]) -> None:
    """Registers rows with a `person` that need not stay when the file that wrote the person is taken back."""
    _WORKED_OUT[model] = which


def going_along(file: InboundFile) -> dict[type[Model], Q]:
    """The rows of `worked_out`, as `referenced` takes them."""
    return {model: which(file) for model, which in _WORKED_OUT.items()}


def take_along(file: InboundFile, persons: "QuerySet[Person]") -> None:
    """Removes what was worked out about persons who go."""
    for model, which in going_along(file).items():
        rows = model._base_manager.filter(which, person__in=persons)
        model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True)))._raw_delete("default")


# --- what hangs on a person, when two files turn out to be one ------------------------------------------------------
@dataclass(frozen=True)
class Move:
    """How a model's rows go from one person to another where pointing them there is not enough.

    `move(gone, kept)` gives what `back(gone, kept, that)` needs to put them back (plain JSON); both run inside the
    transaction of the merge and may raise `MergeBlocked` with the reason.
    """

    move: Callable[[int, int], Any]
    back: Callable[[int, int, Any], None]


class MergeBlocked(Exception):
    """Two files cannot be merged, or a merge not taken back; the text says why."""


_MOVES: dict[str, Move] = {}
# What stays with the file that it was written for: history, not something that hangs on the living file.
_STAYING: set[str] = set()


def moves(model: type[Model], field: str, move: Move) -> None:
    """Registers a model's own way (in AppConfig.ready); every other foreign key to a person is simply pointed anew."""
    _MOVES[_label(model, field)] = move


def stays(model: type[Model], field: str = "person") -> None:
    """Rows of this model are left with the file that was merged away."""
    _STAYING.add(_label(model, field))


def hanging() -> dict[str, tuple[type[Model], str, Move | None]]:
    """`app.model.field` of all that points at a person → the model, its field, and its own way to move."""
    found = {}
    for relation in Person._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and relation.is_relation and not relation.concrete):
            continue
        model, field = relation.related_model, relation.field
        label = _label(model, field.name)
        # Without a constraint only what was registered: such rows are found anew and stand in nobody's way.
        if relation.many_to_many or model in (Person, Merge) or not (holds(field) or label in _MOVES):
            continue
        if label not in _STAYING:
            found[label] = (model, field.name, _MOVES.get(label))
    return found


def _label(model: type[Model], field: str) -> str:
    return f"{model._meta.label_lower}.{field}"


stays(PersonBefore)
