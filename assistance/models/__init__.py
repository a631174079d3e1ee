"""Tables of applications: the application itself, the household, the panel, the decision and what follows it."""

from assistance.models.application import Application, Notice, Paper, Question, Step
from assistance.models.decision import Decision, Payment, Referral, Visit
from assistance.models.household import Check, HouseholdMember, Income, Property
from assistance.models.panel import Meeting, MeetingCase, Opinion

__all__ = [
    "Application",
    "Check",
    "Decision",
    "HouseholdMember",
    "Income",
    "Meeting",
    "MeetingCase",
    "Notice",
    "Opinion",
    "Paper",
    "Payment",
    "Property",
    "Question",
    "Referral",
    "Step",
    "Visit",
]
