"""What one may apply for in a place on a day, and the engine's rules of an application's version."""

from datetime import date

from assistance.models import Application
from beneficiaries.models import HeldCategory, Person
from policies import selectors as law
from policies.engine import Rules
from policies.engine.book import Book
from policies.engine.document import ApplicationKind
from policies.models import PolicyVersion


def kinds_on(region_code: str, day: date) -> tuple[PolicyVersion | None, list[ApplicationKind]]:
    """The version in force and what it lets people apply for on the day."""
    version = law.version_on(region_code, day)
    if version is None:
        return None, []
    kinds = law.document_of(version).applications
    return version, [kind for kind in kinds if kind.until is None or day <= kind.until]


def kind_named(region_code: str, day: date, name: str) -> tuple[PolicyVersion, ApplicationKind] | None:
    """The version and the kind of that name; None where the law of the day has none such."""
    version, kinds = kinds_on(region_code, day)
    for kind in kinds:
        if kind.name == name and version is not None:
            return version, kind
    return None


def kind_of(application: Application) -> ApplicationKind:
    """The rule under which an application stands (its version never changes)."""
    kinds = law.document_of(application.version).applications
    return next(kind for kind in kinds if kind.name == application.rule)


def clauses_of_help(application: Application, help: str) -> list[str]:
    """The clauses of the application's version that ask for this kind of help, as its duties say; often none."""
    duties = law.document_of(application.version).duties
    return [clause for duty in duties if help in duty.refers_to for clause in duty.clauses]


def rules_of(version: PolicyVersion) -> Rules:
    """The engine's rules with the figures as they stand now."""
    parameters = law.parameters_from(version.policy, law.figure_rows(version.policy))
    return Rules(Book([law.document_of(version)]), version.policy, parameters)


def held_on(person_id: int, day: date) -> frozenset[str]:
    """Categories valid on the day as known now."""
    return frozenset(HeldCategory.objects.on(day).filter(person_id=person_id).values_list("category", flat=True))


def category_for(person: Person, kind: ApplicationKind, day: date) -> str:
    """The category under which the person applies: the first of the rule's that they hold; else empty."""
    held = held_on(person.pk, day)
    return next((code for code in kind.who if code in held), "")
