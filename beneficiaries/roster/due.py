"""What the law says of rosters: which departments owe one each month, and by which day."""

from collections.abc import Mapping, Sequence
from datetime import date

from accounts.vocabulary import Department
from accounts.workdays import Workdays
from exchange.arriving import Asked, Key
from policies.dues import due_day
from policies.selectors import document_of, law

EVENTS = ("roster", "monastic_roster")


def departments(words: Sequence[str]) -> list[str]:
    """Codes of the departments that a document names (`民政`, `统战、民宗`)."""
    labels = {str(department.label): str(department) for department in Department}
    plain = (word.replace("、", "").removesuffix("部门") for word in words)
    return [labels[word] for word in plain if word in labels]


def asked(counties: Sequence[str], months: Sequence[date]) -> Mapping[Key, Asked]:
    """By county, department and month the roster that the version in force there asks for: three queries and one per
    document that was not read yet."""
    found: dict[Key, Asked] = {}
    versions, workdays = law(), Workdays.load()
    for month in months:
        for county in counties:
            version = versions.on(county, month)
            for duty in document_of(version).obligations if version else ():
                day = due_day(duty.due, month, workdays) if duty.event in EVENTS else None
                for department in departments(duty.by) if day else ():
                    known = found.get((county, department, month))
                    if day and (known is None or day < known.due):
                        found[county, department, month] = Asked(day, duty.clauses)
    return found
