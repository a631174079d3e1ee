"""Who may do what: the one table of roles and acts, and the one rule of regions.

A view, API, task or command names an `Act`; `user.may(act)` answers from `GRANTS`, and `user.visible(queryset)` cuts
a queryset to the user's region and role. Nothing else in the project decides about roles or regions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Model, Q, QuerySet

from accounts.vocabulary import Role

if TYPE_CHECKING:
    from accounts.models import User


class Act(StrEnum):
    """What someone does; a page or call names exactly one."""

    HOME = "home"
    PROFILE = "profile"
    PERSON_READ = "person_read"
    PERSON_REVEAL = "person_reveal"
    PERSON_WRITE = "person_write"
    PERSON_MERGE = "person_merge"
    ROSTER_READ = "roster_read"
    ROSTER_UPLOAD = "roster_upload"
    ROSTER_CONFIRM = "roster_confirm"
    ROSTER_CONFIRM_UNUSUAL = "roster_confirm_unusual"
    ROSTER_ANSWER = "roster_answer"
    CLAIM_READ = "claim_read"
    CLAIM_WRITE = "claim_write"
    CLAIM_CONFIRM = "claim_confirm"
    CLAIM_EXCEPT = "claim_except"
    RESETTLE_CONFIRM = "resettle_confirm"
    INSTITUTION_WRITE = "institution_write"
    CONTRADICTION_ANSWER = "contradiction_answer"
    APPLICATION_READ = "application_read"
    APPLICATION_REGISTER = "application_register"
    APPLICATION_CHECK = "application_check"
    APPLICATION_DECIDE = "application_decide"
    APPLICATION_PANEL = "application_panel"
    APPLICATION_PAY = "application_pay"
    APPLICATION_SURVEY = "application_survey"
    PANEL_READ = "panel_read"
    QUESTION_ANSWER = "question_answer"
    WARNING_READ = "warning_read"
    WARNING_SCAN = "warning_scan"
    WARNING_PUSH = "warning_push"
    MEASURE_READ = "measure_read"
    MEASURE_WRITE = "measure_write"
    OBLIGATION_READ = "obligation_read"
    OBLIGATION_RECORD = "obligation_record"
    FINDING_READ = "finding_read"
    FINDING_OPEN = "finding_open"
    FINDING_ANSWER = "finding_answer"
    DELIVERY_READ = "delivery_read"
    FEEDBACK_UPLOAD = "feedback_upload"
    POLICY_READ = "policy_read"
    POLICY_DRAFT = "policy_draft"
    POLICY_PUBLISH = "policy_publish"
    FUND_READ = "fund_read"
    FUND_WRITE = "fund_write"
    FUND_APPROVE = "fund_approve"
    REPORT_READ = "report_read"
    ENROLMENT_READ = "enrolment_read"
    ENROLMENT_VISIT = "enrolment_visit"
    ENROLMENT_WRITE = "enrolment_write"
    AUDIT_READ = "audit_read"
    ACCOUNT_ADMIN = "account_admin"
    PARTNER_ADMIN = "partner_admin"


_EVERYONE = {Act.HOME, Act.PROFILE}
GRANTS: dict[str, frozenset[Act]] = {
    Role.CLERK: frozenset(
        _EVERYONE
        | {
            Act.APPLICATION_REGISTER,
            Act.PERSON_READ,
            Act.APPLICATION_READ,
            Act.POLICY_READ,
            Act.ENROLMENT_READ,
            Act.ENROLMENT_VISIT,
            Act.MEASURE_READ,
            Act.MEASURE_WRITE,
            Act.REPORT_READ,
        }
    ),
    Role.CASE_WORKER: frozenset(
        _EVERYONE
        | {
            Act.APPLICATION_REGISTER,
            Act.APPLICATION_CHECK,
            Act.PANEL_READ,
            Act.QUESTION_ANSWER,
            Act.PERSON_READ,
            Act.PERSON_REVEAL,
            Act.PERSON_WRITE,
            Act.ROSTER_READ,
            Act.ROSTER_UPLOAD,
            Act.ROSTER_CONFIRM,
            Act.ROSTER_ANSWER,
            Act.CLAIM_READ,
            Act.CLAIM_WRITE,
            Act.INSTITUTION_WRITE,
            Act.CONTRADICTION_ANSWER,
            Act.APPLICATION_READ,
            Act.WARNING_READ,
            Act.WARNING_SCAN,
            Act.WARNING_PUSH,
            Act.DELIVERY_READ,
            Act.FEEDBACK_UPLOAD,
            Act.POLICY_READ,
            Act.ENROLMENT_READ,
            Act.ENROLMENT_VISIT,
            Act.ENROLMENT_WRITE,
            Act.MEASURE_READ,
            Act.MEASURE_WRITE,
            Act.OBLIGATION_RECORD,
            Act.OBLIGATION_READ,
            Act.FINDING_READ,
            Act.FINDING_ANSWER,
            Act.REPORT_READ,
        }
    ),
    Role.REVIEWER: frozenset(
        _EVERYONE
        | {
            Act.APPLICATION_DECIDE,
            Act.APPLICATION_SURVEY,
            Act.PANEL_READ,
            Act.PERSON_MERGE,
            Act.PERSON_READ,
            Act.PERSON_REVEAL,
            Act.ROSTER_READ,
            Act.ROSTER_CONFIRM_UNUSUAL,
            Act.CLAIM_READ,
            Act.FUND_READ,
            Act.FUND_APPROVE,
            Act.CLAIM_EXCEPT,
            Act.RESETTLE_CONFIRM,
            Act.CLAIM_CONFIRM,
            Act.CONTRADICTION_ANSWER,
            Act.APPLICATION_READ,
            Act.WARNING_READ,
            Act.DELIVERY_READ,
            Act.POLICY_READ,
            Act.ENROLMENT_READ,
            Act.MEASURE_READ,
            Act.OBLIGATION_READ,
            Act.FINDING_READ,
            Act.REPORT_READ,
        }
    ),
    Role.PANEL_MEMBER: frozenset(
        _EVERYONE | {Act.APPLICATION_PANEL, Act.PANEL_READ, Act.APPLICATION_READ, Act.POLICY_READ}
    ),
    Role.LIAISON: frozenset(
        _EVERYONE
        | {
            Act.QUESTION_ANSWER,
            Act.ROSTER_READ,
            Act.ROSTER_UPLOAD,
            Act.ROSTER_ANSWER,
            Act.WARNING_READ,
            Act.DELIVERY_READ,
            Act.FEEDBACK_UPLOAD,
            Act.OBLIGATION_READ,
            Act.REPORT_READ,
        }
    ),
    Role.POLICY_OFFICER: frozenset(
        _EVERYONE | {Act.POLICY_READ, Act.POLICY_DRAFT, Act.POLICY_PUBLISH, Act.REPORT_READ}
    ),
    Role.FUND_OFFICER: frozenset(
        _EVERYONE
        | {
            Act.APPLICATION_READ,
            Act.APPLICATION_PAY,
            Act.FUND_READ,
            Act.FUND_WRITE,
            Act.FUND_APPROVE,
            Act.CLAIM_READ,
            Act.POLICY_READ,
            Act.ENROLMENT_READ,
            Act.REPORT_READ,
        }
    ),
    Role.SUPERVISOR: frozenset(
        _EVERYONE
        | {
            Act.PANEL_READ,
            Act.PERSON_READ,
            Act.PERSON_REVEAL,
            Act.ROSTER_READ,
            Act.CLAIM_READ,
            Act.APPLICATION_READ,
            Act.WARNING_READ,
            Act.DELIVERY_READ,
            Act.POLICY_READ,
            Act.FUND_READ,
            Act.AUDIT_READ,
            Act.ENROLMENT_READ,
            Act.MEASURE_READ,
            Act.OBLIGATION_READ,
            Act.FINDING_READ,
            Act.FINDING_OPEN,
            Act.REPORT_READ,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        _EVERYONE | {Act.ACCOUNT_ADMIN, Act.PARTNER_ADMIN, Act.POLICY_READ, Act.APPLICATION_SURVEY}
    ),
}


def acts_of(roles: list[str]) -> frozenset[Act]:
    """All acts of the roles together."""
    return frozenset().union(*(GRANTS[r] for r in roles)) if roles else frozenset()


@dataclass(frozen=True)
class Scope:
    """How a model relates to regions and roles.

    `narrow` may cut further, by the user's department for instance; rows of `public` are seen from every region.
    """

    region: str
    act: Act
    narrow: Callable[["User"], Q] | None = None
    public: Q | None = None


_SCOPES: dict[type[Model], Scope] = {}


def scoped(
    region: str, act: Act, narrow: Callable[["User"], Q] | None = None, public: Q | None = None
) -> Callable[[type], type]:
    """Class decorator: `region` is the lookup of a 12-digit division code, e.g. `region_id` or `person__region_id`."""

    def register(model: type) -> type:
        _SCOPES[model] = Scope(region, act, narrow, public)
        return model

    return register


def visible(user: "User", queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The part of `queryset` that the user's role and region allow; a model without a scope is an error."""
    scope = _SCOPES[queryset.model]
    if not user.may(scope.act):
        return queryset.none()
    mine = inside(user, scope.region)
    if scope.narrow:
        mine &= scope.narrow(user)
    return queryset.filter(mine if scope.public is None else mine | scope.public)


def region_of(model: type[Model]) -> str:
    """The lookup of a model's division code, empty when its rows belong to no region."""
    return _SCOPES[model].region if model in _SCOPES else ""


def in_region(user: "User", queryset: QuerySet[Any], lookup: str) -> QuerySet[Any]:
    """The rows of the user's region and below."""
    return queryset.filter(inside(user, lookup))


def inside(user: "User", lookup: str) -> Q:
    """Whether the division code at `lookup` is the user's region or below."""
    # A range of codes, not a prefix pattern: it uses every index that begins with the region, under any collation.
    prefix = user.region_prefix
    return Q(**{f"{lookup}__gte": prefix.ljust(12, "0"), f"{lookup}__lte": prefix.ljust(12, "9")})
