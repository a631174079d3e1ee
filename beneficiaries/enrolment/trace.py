"""Responsibility trace 倒查 (S3-08): each step to a person's cover, its department, due date, day done, days late."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.vocabulary import Department
from accounts.workdays import Workdays
from beneficiaries.enrolment import law
from beneficiaries.enrolment.applications import window_of
from beneficiaries.enrolment.models import Contribution, Enrolment, Insurance
from beneficiaries.models import CategorySpell, Person
from policies.engine.document import Document, Due


@dataclass
class Step:
    """One step: `due` None where the text sets no day; `late` in working days, 0 when in time."""

    key: str
    label: str
    department: str
    due: date | None = None
    done: date | None = None
    clause: str = ""
    late: int = 0
    skipped: bool = False

    @property
    def state(self) -> str:
        if self.skipped:
            return _("不需要")
        if self.done:
            return _("迟 %(n)s 个工作日") % {"n": self.late} if self.late else _("已完成")
        if self.late:
            return _("逾期 %(n)s 个工作日") % {"n": self.late}
        return _("未完成")

    @property
    def tone(self) -> str:
        if self.skipped:
            return "plain"
        return "late" if self.late else "done" if self.done else "due"


@dataclass(frozen=True)
class Ground:
    """What is read once for many traces: the text, the calendar, the window, today."""

    document: Document | None
    workdays: Workdays
    window_to: date | None
    today: date

    @classmethod
    def of(cls, region_code: str, year: int) -> "Ground":
        window = window_of(region_code, year)
        return cls(
            law.document_of_year(region_code, year),
            Workdays.load(),
            window.window_to if window else None,
            timezone.localdate(),
        )


def trace(person: Person, year: int, ground: Ground | None = None) -> list[Step]:
    """The steps of one person and year, in order. Four queries, or those of `with_facts` read before."""
    ground = ground or Ground.of(person.region_id, year)
    spell = first_spell(person, year)
    row = _row(person, year)
    steps = [_certified(spell), _delivered(spell, ground)]
    roster = steps[-1].done
    duty = law.obligation(ground.document, "S3-06", by="医疗保障") or law.obligation(ground.document, "S3-06")
    due = law.due_after(duty, roster, ground.workdays)
    bureau = str(Department.MEDICAL_SECURITY.label)
    clause = "、".join(duty.clauses) if duty else ""
    steps.append(Step("registered", _("登记参保"), bureau, due, row.registered_on if row else None, clause))
    pushed = timezone.localdate(row.relayed_in.created_at) if row and row.relayed_in else None
    steps.append(Step("pushed", _("推送税务"), bureau, due, pushed, clause))
    steps += _paying(person, row, year, ground)
    for step in steps:
        step.late = _late(step, ground)
    return steps


def _late(step: Step, ground: Ground) -> int:
    if step.due is None or step.skipped:
        return 0
    return max(0, ground.workdays.between(step.due, step.done or ground.today))


def first_spell(person: Person, year: int) -> CategorySpell | None:
    """The certification that began the chain: the earliest that reaches into the year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    known = getattr(person, "trace_spells", None)
    spells: Iterable[CategorySpell] = (
        known if known is not None else person.spells.filter(known_to=None).select_related("source")
    )
    found = [one for one in spells if one.valid_from <= last and (one.valid_to is None or one.valid_to >= first)]
    return min(found, key=lambda one: one.valid_from, default=None)


def _row(person: Person, year: int) -> Enrolment | None:
    known = getattr(person, "trace_rows", None)
    if known is not None:
        return next((one for one in known if one.year == year), None)
    found = person.enrolments.filter(year=year).select_related("relayed_in").defer("relayed_in__body")
    return found.first()


def _certified(spell: CategorySpell | None) -> Step:
    department = str(spell.get_department_display()) if spell else ""
    return Step("certified", _("部门认定"), department, None, spell.valid_from if spell else None)


def _delivered(spell: CategorySpell | None, ground: Ground) -> Step:
    """When the roster came with the certification, against the department's day of the month."""
    step = Step("delivered", _("送达名单"), str(spell.get_department_display()) if spell else "")
    if spell is None:
        return step
    step.done = timezone.localdate(spell.source.uploaded_at if spell.source else spell.known_from)
    duty = next(
        (
            one
            for one in (ground.document.obligations if ground.document else ())
            if one.every == "month" and "医疗保障" in one.to and any(step.department.startswith(by) for by in one.by)
        ),
        None,
    )
    # The text binds nobody for what was before it.
    if duty and ground.document and spell.valid_from >= ground.document.valid_from:
        step.due, step.clause = next_due(duty.due, spell.valid_from, ground.workdays), "、".join(duty.clauses)
    return step


def next_due(due: Due, event: date, workdays: Workdays) -> date | None:
    """The first monthly due day on or after an event."""
    month = event.replace(day=1)
    for _ahead in range(3):
        last = calendar.monthrange(month.year, month.month)[1]
        day = {
            "day_of_month": month.replace(day=min(due.number or last, last)),
            "end_of_month": month.replace(day=last),
        }.get(due.kind)
        if due.kind == "working_day_of_month":
            day = workdays.add(month - timedelta(days=1), due.number)
        if day is None:
            return None
        if day >= event:
            return day
        month = (month + timedelta(days=31)).replace(day=1)
    return None


def _paying(person: Person, row: Enrolment | None, year: int, ground: Ground) -> list[Step]:
    payment = _payment(person, year)
    skipped = bool(row and (row.insurance in (Insurance.EMPLOYEE, Insurance.ELSEWHERE) or row.due == 0))
    paid = Step(
        "paid",
        _("缴纳个人部分"),
        _("本人及乡镇"),
        ground.window_to,
        payment.paid_on if payment and row and row.is_covered else None,
        skipped=skipped,
    )
    duty = law.obligation(ground.document, "S3-06", by="税务")
    told = payment.source.uploaded_at if payment and payment.source else payment.recorded_at if payment else None
    reported = Step(
        "reported",
        _("反馈缴费"),
        str(Department.TAX.label),
        law.due_after(duty, payment.paid_on if payment else None, ground.workdays),
        timezone.localdate(told) if told else None,
        "、".join(duty.clauses) if duty else "",
        skipped=skipped,
    )
    return [paid, reported]


def _payment(person: Person, year: int) -> Contribution | None:
    known = getattr(person, "trace_payments", None)
    if known is None:
        known = person.contributions.filter(year=year, kind=Contribution.Kind.PAYMENT).select_related("source")
    mine = [one for one in known if one.year == year]
    return max(mine, key=lambda one: one.paid_on, default=None)


def with_facts(people: Any, year: int) -> Any:
    """Persons with what their traces rest on, read for all of them at once (three queries more)."""
    spells = CategorySpell.objects.current().select_related("source").order_by("valid_from")
    rows = Enrolment.objects.filter(year=year).select_related("relayed_in").defer("relayed_in__body")
    payments = Contribution.objects.filter(year=year, kind=Contribution.Kind.PAYMENT).select_related("source")
    return people.prefetch_related(
        Prefetch("spells", spells, to_attr="trace_spells"),
        Prefetch("enrolments", rows, to_attr="trace_rows"),
        Prefetch("contributions", payments, to_attr="trace_payments"),
    )


def culprit(steps: list[Step]) -> Step | None:
    """The first step that is not done, or else the first that was late: why somebody is uninsured."""
    open_ = next((one for one in steps if not one.done and not one.skipped), None)
    return open_ or next((one for one in steps if one.late), None)
