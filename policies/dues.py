"""When an obligation of a policy document falls due in a month."""

import calendar
from datetime import date, timedelta

from accounts.workdays import Workdays
from policies.engine.document import Due


def due_day(due: Due, month: date, workdays: Workdays) -> date | None:
    """The day in this month on which it falls due; None when it falls in another, or follows an event."""
    last = calendar.monthrange(month.year, month.month)[1]
    if due.kind == "day_of_month":
        return month.replace(day=min(due.number, last))
    if due.kind == "end_of_month":
        return month.replace(day=last)
    if due.kind == "working_day_of_month":
        return workdays.add(month.replace(day=1) - timedelta(days=1), due.number)
    if due.kind == "day_of_year" and due.month == month.month:
        return month.replace(day=min(due.number or last, last))
    if due.kind == "on_date" and due.day and (due.day.year, due.day.month) == (month.year, month.month):
        return due.day
    return None
