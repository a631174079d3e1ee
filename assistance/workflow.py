"""The table of casework: which move leads from where to where, and who may make it. All guards stand here.

A move is refused with a sentence in the user's words; an empty text allows it. Facts are read from the application
alone (`Application.enterers`, `checkers`, `past_reviewers` carry who had a hand in it), so that a list of a hundred
cases asks nothing of the database.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import GRANTS, Act
from accounts.vocabulary import Role
from assistance.vocabulary import Did, Kind, State

if TYPE_CHECKING:
    from accounts.models import User
    from assistance.models import Application

Guard = Callable[["Application", "User"], str]


@dataclass(frozen=True)
class Move:
    """One row of the table. `acts` empty: only the system makes it. `primary` in the order of the case page."""

    did: Did
    label: Any
    sources: tuple[State, ...]
    target: State
    acts: tuple[Act, ...]
    guards: tuple[Guard, ...] = ()
    primary: bool = False
    danger: bool = False


# --- four eyes and other guards -----------------------------------------------------------------------------------
def of_the_office(application: "Application", actor: "User") -> str:
    """Who registered it, or a colleague of the same office (a clerk may fall ill; the case must not)."""
    if actor.pk in application.enterers or actor.organisation_id == application.office_id:
        return ""
    return _("这件申请由%(office)s登记，请由该机构办理。") % {"office": application.office}


def not_the_registrar(application: "Application", actor: "User") -> str:
    if actor.pk in application.enterers:
        return _("您参与了这件申请的登记，不能再作核查结论；请由另一位经办完成核查。")
    return ""


def four_eyes(application: "Application", actor: "User") -> str:
    """Reviewer ≠ checker ≠ registrar, and after an appeal ≠ whoever decided before."""
    if actor.pk in application.enterers:
        return _("您参与了这件申请的登记，不能审批；请由另一位复核人员办理。")
    if actor.pk in application.checkers:
        return _("您核查了这件申请，不能审批；请由另一位复核人员办理。")
    if actor.pk in application.past_reviewers:
        return _("这件申请曾由您审批，申诉须由另一位复核人员办理。")
    return ""


def has_money(application: "Application", actor: "User") -> str:
    return _("救助资格不产生拨付；批准后可以直接办结。") if application.kind == Kind.ELIGIBILITY else ""


def nothing_to_pay(application: "Application", actor: "User") -> str:
    """An approval with money is closed once it is paid."""
    if application.state == State.APPROVED and application.kind != Kind.ELIGIBILITY:
        return _("救助金还没有拨付到账；到账后再办结。")
    return ""


ALL_BEFORE = (State.DRAFT, State.SUBMITTED, State.CHECKING, State.REVIEWING)
# In the order in which the case page offers them.
MOVES: tuple[Move, ...] = (
    Move(
        Did.SUBMIT,
        gettext_lazy("提交"),
        (State.DRAFT,),
        State.SUBMITTED,
        (Act.APPLICATION_REGISTER,),
        (of_the_office,),
        primary=True,
    ),
    Move(Did.ACCEPT, gettext_lazy("受理"), (State.SUBMITTED,), State.CHECKING, (Act.APPLICATION_CHECK,), primary=True),
    Move(
        Did.FINISH_CHECK,
        gettext_lazy("核查完成"),
        (State.CHECKING,),
        State.REVIEWING,
        (Act.APPLICATION_CHECK,),
        (not_the_registrar,),
        primary=True,
    ),
    Move(
        Did.APPROVE,
        gettext_lazy("批准"),
        (State.REVIEWING,),
        State.APPROVED,
        (Act.APPLICATION_DECIDE,),
        (four_eyes,),
        primary=True,
    ),
    Move(
        Did.REJECT,
        gettext_lazy("不予救助"),
        (State.REVIEWING,),
        State.REJECTED,
        (Act.APPLICATION_DECIDE,),
        (four_eyes,),
        danger=True,
    ),
    Move(Did.CONVENE, gettext_lazy("提请会商"), (State.REVIEWING,), State.PANEL, (Act.APPLICATION_DECIDE,)),
    Move(Did.RECALL, gettext_lazy("退出会商"), (State.PANEL,), State.REVIEWING, (Act.APPLICATION_DECIDE,)),
    Move(Did.OPINIONS_COMPLETE, gettext_lazy("会商完成"), (State.PANEL,), State.REVIEWING, ()),
    Move(
        Did.RETURN,
        gettext_lazy("退回补正"),
        (State.SUBMITTED, State.CHECKING, State.REVIEWING),
        State.DRAFT,
        (Act.APPLICATION_CHECK, Act.APPLICATION_DECIDE),
    ),
    Move(
        Did.PAY,
        gettext_lazy("下达拨付"),
        (State.APPROVED,),
        State.APPROVED,
        (Act.APPLICATION_PAY,),
        (has_money,),
        primary=True,
    ),
    Move(Did.PAID, gettext_lazy("拨付到账"), (State.APPROVED,), State.PAID, (), (has_money,)),
    Move(Did.PAY_RETURNED, gettext_lazy("拨付退回"), (State.APPROVED, State.PAID), State.APPROVED, (), (has_money,)),
    Move(
        Did.CLOSE,
        gettext_lazy("办结"),
        (State.PAID, State.APPROVED, State.REJECTED),
        State.CLOSED,
        (Act.APPLICATION_CHECK,),
        (nothing_to_pay,),
        primary=True,
    ),
    Move(Did.APPEAL, gettext_lazy("申诉"), (State.REJECTED,), State.CHECKING, (Act.APPLICATION_REGISTER,)),
    Move(
        Did.WITHDRAW,
        gettext_lazy("撤回申请"),
        ALL_BEFORE,
        State.WITHDRAWN,
        (Act.APPLICATION_REGISTER,),
        (of_the_office,),
        danger=True,
    ),
)
BY_NAME = {move.did: move for move in MOVES}

# Acts that change nothing of the state: what they need of it.
ACTS: dict[Did, tuple[tuple[State, ...], tuple[Act, ...], tuple[Guard, ...]]] = {
    Did.EDIT: ((State.DRAFT,), (Act.APPLICATION_REGISTER,), (of_the_office,)),
    Did.ASK: ((State.CHECKING,), (Act.APPLICATION_CHECK,), ()),
    Did.ANSWER: ((State.CHECKING,), (Act.QUESTION_ANSWER,), ()),
    Did.ECONOMY: ((State.CHECKING,), (Act.APPLICATION_CHECK,), (not_the_registrar,)),
    Did.OPINE: ((State.PANEL,), (Act.APPLICATION_PANEL,), ()),
    Did.ABSENT: ((State.PANEL,), (Act.APPLICATION_DECIDE,), ()),
    Did.VISIT: ((State.APPROVED, State.PAID, State.REJECTED), (Act.APPLICATION_CHECK, Act.APPLICATION_REGISTER), ()),
    Did.REFER: (
        (State.CHECKING, State.REVIEWING, State.APPROVED, State.PAID, State.REJECTED, State.CLOSED),
        (Act.APPLICATION_CHECK,),
        (),
    ),
    Did.DELIVER: (
        (State.APPROVED, State.PAID, State.REJECTED, State.CLOSED),
        (Act.APPLICATION_REGISTER, Act.APPLICATION_CHECK),
        (),
    ),
    Did.REFERRAL_ANSWER: (tuple(State), (Act.APPLICATION_CHECK,), ()),
}
# Which deadline of the policy document runs in which state.
CLOCKS = {
    State.SUBMITTED: "accept",
    State.CHECKING: "check",
    State.REVIEWING: "decide",
    State.PANEL: "panel",
    State.APPROVED: "pay",
}


def why_not(did: Did, application: "Application", actor: "User | None") -> str:
    """Why the actor may not do this now; empty when they may. Actor None is the system, for its own moves only."""
    if did in BY_NAME:
        move = BY_NAME[did]
        sources, acts, guards = move.sources, move.acts, move.guards
    else:
        sources, acts, guards = ACTS[did]
    if application.state not in sources:
        return _("申请现在是“%(state)s”，不能办理“%(move)s”。") % {
            "state": application.get_state_display(),
            "move": Did(did).label,
        }
    if actor is None:
        return "" if not acts else _("这一步须由人办理。")
    if not acts:
        return _("这一步由系统办理。")
    if not any(actor.may(act) for act in acts):
        return _("您的角色不能办理“%(move)s”；请由%(roles)s办理。") % {
            "move": Did(did).label,
            "roles": "、".join(_roles(acts)),
        }
    if not application.region_id.startswith(actor.region_prefix):
        return _("这件申请不在您的管辖范围内。")
    return next(filter(None, (guard(application, actor) for guard in guards)), "")


def _roles(acts: Iterable[Act]) -> list[str]:
    return [str(Role(role).label) for role, granted in GRANTS.items() if granted & set(acts)]


def offered(application: "Application", actor: "User") -> list[tuple[Move, str]]:
    """The moves out of this state that the actor's role makes, each with why not now (empty: allowed)."""
    return [
        (move, why_not(move.did, application, actor))
        for move in MOVES
        if application.state in move.sources and any(actor.may(act) for act in move.acts)
    ]
