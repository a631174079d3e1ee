"""The clock of a step: working days from the policy document, standing while someone else is waited for.

`clock` of an application keeps the working days that were left of a step when another one began (a return to the
applicant, a question, a panel); when the step goes on, so does its clock. What was late stays late.
"""

from datetime import date
from typing import TYPE_CHECKING

from accounts.workdays import Workdays
from assistance.vocabulary import State
from assistance.workflow import CLOCKS
from policies import selectors as law

if TYPE_CHECKING:
    from assistance.models import Application

# From a state left for good the days left are forgotten; from these the case may come back.
RESUMED = (State.CHECKING, State.REVIEWING)


def enter(application: "Application", left: State, today: date) -> None:
    """The application has come from `left` into its state: stop the old clock, start or resume the new one."""
    days = Workdays.load()
    if left in RESUMED and application.due_on:
        application.clock[left] = days.between(today, application.due_on)
    step = CLOCKS.get(State(application.state))
    application.due_on = None
    if step is None:
        return
    span = law.document_of(application.version).deadlines.get(step)
    remaining = application.clock.pop(application.state, span)
    if remaining is not None:
        application.due_on = days.add(today, remaining)


def pause(application: "Application", today: date) -> None:
    """Stop the clock in the same state (a question to a department)."""
    if application.due_on:
        application.clock[application.state] = Workdays.load().between(today, application.due_on)
        application.due_on = None


def resume(application: "Application", today: date) -> None:
    """Go on with what was left."""
    remaining = application.clock.pop(application.state, None)
    if remaining is not None:
        application.due_on = Workdays.load().add(today, remaining)
