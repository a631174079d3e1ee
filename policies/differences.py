"""Two versions side by side as law: clause by clause, rule by rule, figure by figure. Pure.

Rules are paired by what they are for (name, people, care), so that versions of other regions can be laid side by side
as well; their clauses have other numbers and are then not compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from policies.engine.document import Document
from policies.engine.parameters import Parameters
from policies.reading import Reader, Rule

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
Line = tuple[str, str, str]
# Below this two rules are not about the same thing.
ALIKE = 2.0


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: `lines` are (what, old, new); `same` counts the figures that stay."""

    kind: str
    name: str
    who: str
    clauses: tuple[str, ...]
    lines: tuple[Line, ...]
    same: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences. `rules` is by part in the order of the new version; `related`: of one policy."""

    related: bool
    head: tuple[Line, ...]
    rules: tuple[tuple[str, tuple[Change, ...]], ...]
    unchanged: int
    clauses: tuple[Change, ...]
    readings: tuple[Change, ...]
    figures: tuple[Line, ...]

    @property
    def count(self) -> int:
        rules = sum(len(changes) for _part, changes in self.rules)
        return rules + len(self.clauses) + len(self.readings) + len(self.figures)


def compare(old: Document, new: Document) -> Comparison:
    """What the new version says otherwise than the old one."""
    related = old.policy == new.policy
    rules, unchanged = _rules(old, new, related)
    return Comparison(
        related=related,
        head=_head(old, new),
        rules=rules,
        unchanged=unchanged,
        clauses=_clauses(old, new) if related else (),
        readings=_readings(old, new) if related else (),
        figures=_figures(old, new),
    )


def _lines(pairs: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(line for line in pairs if line[1] != line[2])


def _head(old: Document, new: Document) -> tuple[Line, ...]:
    def dates(one: Document) -> str:
        last = one.valid_to.isoformat() if one.valid_to else ""
        return f"{one.valid_from} — {last}"

    return _lines(
        (
            (_("地区"), old.region_name, new.region_name),
            (_("标题"), old.title, new.title),
            (_("发文机关"), old.issuer, new.issuer),
            (_("文号"), old.number, new.number),
            (_("发文日期"), str(old.issued_on or ""), str(new.issued_on or "")),
            (_("有效期"), dates(old), dates(new)),
        )
    )


# --- rules --------------------------------------------------------------------------------------------------------
def _read(document: Document) -> list[Rule]:
    # Only the words of the law are compared; what they come to in a year is the parameters' matter.
    return Reader(document, Parameters([]), document.valid_from.year).rules()


def _rules(old: Document, new: Document, related: bool) -> tuple[tuple[tuple[str, tuple[Change, ...]], ...], int]:
    before, after = _read(old), _read(new)
    names = [rule.part for rule in after]
    names += [rule.part for rule in before if rule.part not in names]
    found, unchanged = [], 0
    for part in dict.fromkeys(names):
        pairs = _paired([r for r in before if r.part == part], [r for r in after if r.part == part])
        changes = [change for pair in pairs if (change := _rule_change(*pair, related)) is not None]
        unchanged += len(pairs) - len(changes)
        if changes:
            found.append((part, tuple(changes)))
    return tuple(found), unchanged


def _paired(old: Sequence[Rule], new: Sequence[Rule]) -> list[tuple[Rule | None, Rule | None]]:
    """Every rule once: with the one of the other side that it is most alike, else alone."""
    scores = sorted(((_alike(a, b), -i - j, i, j) for i, a in enumerate(old) for j, b in enumerate(new)), reverse=True)
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for score, _order, i, j in scores:
        if score >= ALIKE and i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    of_new = {j: i for i, j in partner.items()}
    pairs: list[tuple[Rule | None, Rule | None]] = [
        (old[of_new[j]] if j in of_new else None, rule) for j, rule in enumerate(new)
    ]
    return pairs + [(rule, None) for i, rule in enumerate(old) if i not in partner]


def _alike(a: Rule, b: Rule) -> float:
    together = set(a.who) | set(b.who)
    people = len(set(a.who) & set(b.who)) / len(together) if together else 1.0
    return 3 * (a.name == b.name) + 2 * people + (a.where == b.where)


def _rule_change(old: Rule | None, new: Rule | None, related: bool) -> Change | None:
    if old is None or new is None:
        one = new or old
        assert one is not None  # noqa: S101 - a pair has at least one side
        texts = [(figure.label, figure.text) for figure in one.figures]
        if one.where:
            texts.insert(0, (_("范围"), one.where))
        lines = tuple((label, "", text) if old is None else (label, text, "") for label, text in texts)
        return Change(ADDED if old is None else REMOVED, one.name, "、".join(one.who), one.clauses, lines)
    before = {figure.label: figure.text for figure in old.figures}
    after = {figure.label: figure.text for figure in new.figures}
    figures = [(label, before.get(label, ""), after.get(label, "")) for label in dict.fromkeys((*after, *before))]
    words = [
        (_("名称"), old.name, new.name),
        (_("适用人员"), *_people(old, new)),
        (_("范围"), old.where, new.where),
        (_("说明"), old.note, new.note),
    ]
    if related:
        words.append((_("依据的条款"), "、".join(old.clauses), "、".join(new.clauses)))
    lines = _lines((*words, *figures))
    if not lines:
        return None
    same = sum(1 for line in figures if line[1] == line[2])
    return Change(CHANGED, new.name, "、".join(new.who), new.clauses, lines, same)


def _people(old: Rule, new: Rule) -> tuple[str, str]:
    """Those who left and those who came; both lists whole where nothing but their order differs and that is law."""
    left = [one for one in old.who if one not in new.who]
    came = [one for one in new.who if one not in old.who]
    if left or came:
        return "、".join(left), "、".join(came)
    ordered = old.part == _("救助对象") and old.name == _("就高不就低的次序")
    return ("、".join(old.who), "、".join(new.who)) if ordered else ("", "")


# --- text ---------------------------------------------------------------------------------------------------------
def _clauses(old: Document, new: Document) -> tuple[Change, ...]:
    found = []
    for key in dict.fromkeys((*new.clauses, *old.clauses)):
        a, b = old.clauses.get(key), new.clauses.get(key)
        lines = _lines(
            (
                (_("条目"), a.article if a else "", b.article if b else ""),
                (_("原文要点"), a.text if a else "", b.text if b else ""),
            )
        )
        if lines:
            kind = ADDED if a is None else REMOVED if b is None else CHANGED
            found.append(Change(kind, key, "", (key,), lines))
    return tuple(found)


def _readings(old: Document, new: Document) -> tuple[Change, ...]:
    def texts(document: Document, clause: str) -> tuple[str, str]:
        listed = document.readings_of((clause,))
        return "".join(one.text for one in listed), "".join(one.other for one in listed)

    found = []
    for clause in dict.fromkeys(one.clause for one in (*new.readings, *old.readings)):
        a, b = texts(old, clause), texts(new, clause)
        lines = _lines(((_("理解"), a[0], b[0]), (_("另一种理解"), a[1], b[1])))
        if lines:
            kind = ADDED if not any(a) else REMOVED if not any(b) else CHANGED
            found.append(Change(kind, clause, "", (clause,), lines))
    return tuple(found)


def _figures(old: Document, new: Document) -> tuple[Line, ...]:
    """Statistical figures that only one names, and the time limits of the office."""
    steps = {"accept": _("受理"), "check": _("核查"), "panel": _("会商"), "decide": _("审批"), "pay": _("拨付")}
    needs = [
        (
            label,
            old.needs[label].unit if label in old.needs else "",
            new.needs[label].unit if label in new.needs else "",
        )
        for label in dict.fromkeys((*new.needs, *old.needs))
    ]
    days = [
        (
            _("%(step)s时限") % {"step": label},
            _("%(n)s 个工作日") % {"n": old.deadlines[step]} if step in old.deadlines else "",
            _("%(n)s 个工作日") % {"n": new.deadlines[step]} if step in new.deadlines else "",
        )
        for step, label in steps.items()
    ]
    return _lines((*needs, *days))
