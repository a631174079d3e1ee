"""起草到发布: every move of a version, by whom, with its record. What is published is never written again.

All functions take keyword arguments, lock the version, write one transaction with a `PolicyEvent`, give the version
back and raise `DraftRefused` with a sentence for the person.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import tomlkit
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tomlkit.exceptions import TOMLKitError

from accounts.access import Act
from accounts.audit import events_of
from accounts.models import Region, User
from policies import gate, selectors
from policies.engine import EngineError
from policies.models import ExpectedChange, PolicyEvent, PolicyVersion
from policies.sayings import said

State, Move = PolicyVersion.State, PolicyEvent.Move
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


# Told of a version that was just published, inside the transaction: the rooms above see to what was done before it.
Listener = Callable[[PolicyVersion], None]
_listeners: list[Listener] = []


def register_listener(listener: Listener) -> None:
    """Adds who must know of a publication (in AppConfig.ready)."""
    if listener not in _listeners:
        _listeners.append(listener)


class DraftRefused(Exception):
    """A move that is not allowed now; `str()` says why and what to do."""


@dataclass(frozen=True)
class MoveRow:
    """One line of the table of states: from, move, to, who, and what it needs."""

    sources: tuple[str, ...]
    move: str
    to: str
    who: Any
    needs: Any = ""


# The whole life of a version, as a lawyer reads it. What is not listed is not possible.
MOVES: tuple[MoveRow, ...] = (
    MoveRow(("",), Move.CREATE, State.DRAFT, gettext_lazy("本地区政策管理"), gettext_lazy("原版本、版本号、施行日期")),
    MoveRow((State.DRAFT,), Move.EDIT, State.DRAFT, gettext_lazy("本地区政策管理")),
    MoveRow(
        (State.DRAFT,),
        Move.SUBMIT,
        State.SUBMITTED,
        gettext_lazy("本地区政策管理"),
        gettext_lazy("检查没有须改正之处；须说明的写明理由"),
    ),
    MoveRow(
        (State.SUBMITTED,), Move.RETURN, State.DRAFT, gettext_lazy("提交人以外的政策管理"), gettext_lazy("退回理由")
    ),
    MoveRow(
        (State.DRAFT, State.SUBMITTED),
        Move.WITHDRAW,
        State.WITHDRAWN,
        gettext_lazy("起草人或者提交人"),
        gettext_lazy("撤回理由"),
    ),
    MoveRow(
        (State.SUBMITTED,),
        Move.PUBLISH,
        State.PUBLISHED,
        gettext_lazy("起草、修改、提交以外的政策管理"),
        gettext_lazy("再次检查没有须改正之处"),
    ),
    MoveRow(
        (State.PUBLISHED,),
        Move.SUPERSEDE,
        State.SUPERSEDED,
        gettext_lazy("系统，后续版本发布时"),
        gettext_lazy("有效期截至后续版本施行的前一天"),
    ),
)
_OF = {row.move: row for row in MOVES}


def create_draft(*, actor: User, from_version: PolicyVersion, name: str, valid_from: date) -> PolicyVersion:
    """A draft with the text of `from_version`, in force from `valid_from`; `name` as in `tongliao-2024`."""
    _may(actor, Act.POLICY_DRAFT, from_version.region_id)
    name = name.strip()
    if not _NAME.fullmatch(name) or not name.startswith(f"{from_version.policy}-") or len(name) > 40:
        raise DraftRefused(
            _("版本号“%(name)s”应以 %(policy)s- 开头，后接年份，例如 %(policy)s-%(year)s")
            % {"name": name, "policy": from_version.policy, "year": valid_from.year}
        )
    body = _with_dates(from_version.body, valid_from)
    with transaction.atomic():
        Region.objects.select_for_update().get(pk=from_version.region_id)
        if PolicyVersion.objects.filter(name=name).exists():
            raise DraftRefused(_("版本号“%(name)s”已经有了，请换一个") % {"name": name})
        version = PolicyVersion.objects.create(
            policy=from_version.policy,
            name=name,
            title=from_version.title,
            region=from_version.region,
            validity=selectors.days(valid_from, None),
            body=body,
            sha256=_digest(body),
            based_on=from_version,
            created_by=actor,
        )
        _record(version, Move.CREATE, actor, "", _("自 %(name)s") % {"name": from_version.name})
    return version


def save_draft(*, actor: User, version: PolicyVersion, body: str) -> PolicyVersion:
    """Keep a body, finished or not: what the strict parser still refuses is listed by `gate.findings`.

    Nothing is written when it is the same. Refuses what is no TOML, and another policy or region than the draft's.
    """
    with transaction.atomic():
        version = _locked(version, Move.EDIT, actor, Act.POLICY_DRAFT)
        if body != version.body:
            _write_body(version, body)
            _record(version, Move.EDIT, actor, State.DRAFT)
    return version


def restore_draft(*, actor: User, version: PolicyVersion, event_id: int) -> PolicyVersion:
    """The body as an earlier save left it (`selectors.revisions`) becomes the draft again."""
    with transaction.atomic():
        version = _locked(version, Move.EDIT, actor, Act.POLICY_DRAFT)
        earlier = events_of(PolicyVersion)._default_manager.filter(pgh_obj_id=version.pk, pgh_id=event_id).first()
        if earlier is None:
            raise DraftRefused(_("没有这一稿，请刷新页面后再选"))
        if earlier.body != version.body:  # type: ignore[attr-defined]
            at = timezone.localtime(earlier.pgh_created_at)  # type: ignore[attr-defined]
            _write_body(version, earlier.body)  # type: ignore[attr-defined]
            _record(version, Move.EDIT, actor, State.DRAFT, _("恢复 %(at)s 的一稿") % {"at": f"{at:%Y-%m-%d %H:%M:%S}"})
    return version


def mark_expected(*, actor: User, version: PolicyVersion, cases: Iterable[str], reason: str) -> int:
    """Say of golden cases that their new result is meant; gives how many were marked. A later edit of the draft that
    changes the result again needs another mark."""
    reason = _reason(reason)
    with transaction.atomic():
        version = _locked(version, Move.EDIT, actor, Act.POLICY_DRAFT)
        try:
            listed = {one.case: one for one in gate.case_differences(version, selectors.document_of(version))}
        except EngineError as error:
            raise DraftRefused(said(str(error))) from error
        chosen = [listed[case] for case in dict.fromkeys(cases) if case in listed]
        if not chosen:
            raise DraftRefused(_("没有选中与原来不同的样例，请先选择"))
        for one in chosen:
            ExpectedChange.objects.update_or_create(
                version=version, case=one.case, defaults={"result": one.result, "reason": reason, "actor": actor}
            )
        note = _("标为预期变化：%(cases)s。%(reason)s")
        _record(
            version,
            Move.EDIT,
            actor,
            State.DRAFT,
            note % {"cases": "、".join(one.case for one in chosen), "reason": reason},
        )
    return len(chosen)


def submit_draft(*, actor: User, version: PolicyVersion, reason: str = "") -> PolicyVersion:
    """Hand the draft to someone else for publication; `reason` where the gate asks for one."""
    with transaction.atomic():
        version = _locked(version, Move.SUBMIT, actor, Act.POLICY_DRAFT)
        found = gate.findings(version)
        _refuse_blocking(found)
        if gate.needs_reason(found) and not reason.strip():
            raise DraftRefused(_("检查中有须说明的事项，请写明理由后再提交"))
        version.state = State.SUBMITTED
        version.save(update_fields=["state"])
        _record(version, Move.SUBMIT, actor, State.DRAFT, reason.strip())
    return version


def return_draft(*, actor: User, version: PolicyVersion, reason: str) -> PolicyVersion:
    """Send a submitted draft back for mending."""
    reason = _reason(reason)
    with transaction.atomic():
        version = _locked(version, Move.RETURN, actor, Act.POLICY_PUBLISH)
        if actor.pk == _submitted_by(version):
            raise DraftRefused(_("自己提交的草案不能由自己退回；不再需要的，请撤回"))
        version.state = State.DRAFT
        version.save(update_fields=["state"])
        _record(version, Move.RETURN, actor, State.SUBMITTED, reason)
    return version


def withdraw_draft(*, actor: User, version: PolicyVersion, reason: str) -> PolicyVersion:
    """Give a draft up for good; it stays readable."""
    reason = _reason(reason)
    with transaction.atomic():
        version = _locked(version, Move.WITHDRAW, actor, Act.POLICY_DRAFT)
        if actor.pk not in (version.created_by_id, _submitted_by(version)):
            raise DraftRefused(_("只有起草人或者提交人可以撤回；需要修改的，请退回"))
        before = version.state
        version.state = State.WITHDRAWN
        version.save(update_fields=["state"])
        _record(version, Move.WITHDRAW, actor, before, reason)
    return version


def publish_version(*, actor: User, version: PolicyVersion) -> PolicyVersion:
    """Make a submitted draft the law from its first day; its predecessor's validity ends the day before.

    The predecessor's text stays as it is and governs its own days; only its end is written (the database allows no
    other change of a published version).
    """
    with transaction.atomic():
        # One publication of a region at a time: both would else see the same predecessor.
        Region.objects.select_for_update().get(pk=version.region_id)
        version = _locked(version, Move.PUBLISH, actor, Act.POLICY_PUBLISH)
        if actor.pk in involved(version):
            raise DraftRefused(_("起草、修改、提交这一稿的人不能发布，请由另一人发布"))
        found = gate.findings(version)
        _refuse_blocking(found)
        submitted = version.moves.filter(move=Move.SUBMIT).first()
        if gate.needs_reason(found) and not (submitted and submitted.reason):
            raise DraftRefused(_("检查中有须说明的事项，而提交时没有写明理由，请退回补充"))
        _close_predecessor(version)
        version.state = State.PUBLISHED
        version.published_by = actor
        version.published_at = timezone.now()
        version.save(update_fields=["state", "published_by", "published_at"])
        _record(version, Move.PUBLISH, actor, State.SUBMITTED)
        for listener in _listeners:
            listener(version)
    return version


def involved(version: PolicyVersion) -> set[int | None]:
    """Who drafted, edited or submitted the version: none of them publishes it."""
    moves = version.moves.filter(move__in=[Move.CREATE, Move.EDIT, Move.SUBMIT])
    return {version.created_by_id, *moves.values_list("actor_id", flat=True)}


def moves_for(user: User, version: PolicyVersion) -> list[str]:
    """The moves that the user may make now, in the order of the table."""
    if not _inside(user, version.region_id):
        return []
    found = []
    mine = involved(version)
    submitter = _submitted_by(version)
    for row in MOVES:
        if version.state not in row.sources:
            continue
        allowed = {
            Move.EDIT: user.may(Act.POLICY_DRAFT),
            Move.SUBMIT: user.may(Act.POLICY_DRAFT),
            Move.RETURN: user.may(Act.POLICY_PUBLISH) and user.pk != submitter,
            Move.WITHDRAW: user.may(Act.POLICY_DRAFT) and user.pk in (version.created_by_id, submitter),
            Move.PUBLISH: user.may(Act.POLICY_PUBLISH) and user.pk not in mine,
        }
        if allowed.get(Move(row.move)):
            found.append(row.move)
    return found


# --- inside -------------------------------------------------------------------------------------------------------
def _inside(user: User, region_id: str) -> bool:
    return region_id.startswith(user.region_prefix)


def _may(actor: User, act: Act, region_id: str) -> None:
    if not actor.may(act) or not _inside(actor, region_id):
        raise DraftRefused(_("您的角色或地区不能办理这一项，请联系本地区的政策管理"))


def _locked(version: PolicyVersion, move: str, actor: User, act: Act) -> PolicyVersion:
    found = PolicyVersion.objects.select_for_update().get(pk=version.pk)
    _may(actor, act, found.region_id)
    if found.state not in _OF[move].sources:
        raise DraftRefused(
            _("这一版本现在是“%(state)s”，不能%(move)s；请刷新页面查看经过")
            % {"state": found.get_state_display(), "move": Move(move).label}
        )
    return found


def _record(version: PolicyVersion, move: str, actor: User | None, before: str, reason: str = "") -> None:
    PolicyEvent.objects.create(
        version=version,
        move=move,
        actor=actor,
        from_state=before,
        to_state=version.state,
        sha256=version.sha256,
        reason=reason,
    )


def _reason(reason: str) -> str:
    if not reason.strip():
        raise DraftRefused(_("请写明理由"))
    return reason.strip()


def _refuse_blocking(found: list[gate.Finding]) -> None:
    wrong = gate.blocking(found)
    if wrong:
        said = "；".join(one.what for one in wrong[:3])
        raise DraftRefused(_("检查有 %(n)s 处须改正：%(what)s") % {"n": len(wrong), "what": said})


def _submitted_by(version: PolicyVersion) -> int | None:
    if version.state != State.SUBMITTED:
        return None
    return version.moves.filter(move=Move.SUBMIT).values_list("actor_id", flat=True).first()


def _close_predecessor(version: PolicyVersion) -> None:
    before = PolicyVersion.objects.select_for_update().filter(
        region_id=version.region_id, state__in=selectors.IN_FORCE, validity__overlap=version.validity
    )
    for earlier in before:
        old = earlier.state
        earlier.validity = DateRange(earlier.validity.lower, version.validity.lower, "[)")
        earlier.state = State.SUPERSEDED
        earlier.save(update_fields=["validity", "state"])
        _record(earlier, Move.SUPERSEDE, None, old, version.name)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _with_dates(body: str, valid_from: date) -> str:
    """The text with a new first day and no last one."""
    document = tomlkit.parse(body)
    head: Any = document["document"]
    head["valid_from"] = valid_from
    head.pop("valid_to", None)
    return tomlkit.dumps(document)


def _write_body(version: PolicyVersion, body: str) -> None:
    try:
        head = tomlkit.parse(body).unwrap().get("document", {})
    except TOMLKitError as error:
        raise DraftRefused(_("正文的写法有误，没有保存；请刷新页面后重新填写")) from error
    if (head.get("policy"), head.get("region")) != (version.policy, version.region_id):
        raise DraftRefused(_("正文的政策或者地区与草案不同，没有保存；草案不能改为另一地区的政策"))
    version.body, version.sha256 = body, _digest(body)
    if isinstance(head.get("title"), str) and 0 < len(head["title"].strip()) <= 120:
        version.title = head["title"].strip()
    first, last = head.get("valid_from"), head.get("valid_to")
    if type(first) is date and (last is None or (type(last) is date and last >= first)):
        version.validity = selectors.days(first, last)
    version.save(update_fields=["body", "sha256", "title", "validity"])


def describe(moves: Sequence[PolicyEvent]) -> list[tuple[PolicyEvent, int]]:
    """Moves newest first, the edits of one person in a row taken together with their number."""
    found: list[tuple[PolicyEvent, int]] = []
    for one in moves:
        if found and one.move == Move.EDIT and not one.reason:
            last, count = found[-1]
            if last.move == Move.EDIT and last.actor_id == one.actor_id and not last.reason:
                found[-1] = (last, count + 1)
                continue
        found.append((one, 1))
    return found
