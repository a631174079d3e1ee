"""Pages of a draft: begin it, see what speaks against it, hand it on, publish it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.doors import get_visible, requires
from accounts.models import User
from policies import drafting, gate, selectors
from policies.draft_forms import ExpectedForm, MoveForm, NewDraftForm
from policies.drafting import DraftRefused, Move
from policies.editor.form import section_of
from policies.editor.places import place_words, problem_words
from policies.editor.sections import BY_SLUG, SECTIONS
from policies.golden import COLUMNS
from policies.models import PolicyVersion
from policies.sayings import category_label
from policies.views import STATE_TONE, validity

WEIGHT_TONE = {gate.Weight.BLOCKS: "late", gate.Weight.EXPLAIN: "due", gate.Weight.NOTICE: "info"}


def own(request: HttpRequest, name: str) -> PolicyVersion:
    """A version of the user's own region; 404 for those of others."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - every page here is behind `requires`
    return get_visible(request, selectors.drafts_of(user).select_related("created_by", "based_on"), name=name)


# --- begin --------------------------------------------------------------------------------------------------------
@requires(Act.POLICY_DRAFT)
def new(request: HttpRequest, name: str) -> HttpResponse:
    """A draft from a version of the region."""
    source = own(request, name)
    year = max(source.validity.lower.year + 1, timezone.localdate().year + 1)
    first = {"name": f"{source.policy}-{year}", "valid_from": f"{year}-01-01"}
    form = NewDraftForm(request.POST or None, initial=first, policy=source.policy)
    if request.method == "POST" and form.is_valid():
        try:
            draft = drafting.create_draft(actor=user_of(request), from_version=source, **form.cleaned_data)
        except DraftRefused as error:
            form.add_error("name", str(error))
        else:
            messages.success(
                request, _("已起草 %(name)s，内容与 %(source)s 相同") % {"name": draft.name, "source": name}
            )
            return redirect("policies:draft_section", name=draft.name, slug=SECTIONS[0].slug)
    status = 422 if form.is_bound else 200
    return render(
        request, "policies/new_draft.html", {"title": _("起草新版本"), "form": form, "source": source}, status=status
    )


# --- the draft and its moves --------------------------------------------------------------------------------------
@requires(Act.POLICY_READ)
def draft(request: HttpRequest, name: str) -> HttpResponse:
    """Where the version stands, what speaks against it, what it changes, who did what."""
    return _draft_page(request, own(request, name))


def _draft_page(
    request: HttpRequest, version: PolicyVersion, status: int = 200, **bound: MoveForm | ExpectedForm
) -> HttpResponse:
    user = user_of(request)
    open_ = version.state in (PolicyVersion.State.DRAFT, PolicyVersion.State.SUBMITTED)
    moves = drafting.moves_for(user, version)
    found = gate.findings(version) if open_ else []
    document = selectors.readable(version)
    listed = gate.case_differences(version, document) if open_ and document and _cases_run(found) else []
    blocked = gate.blocking(found)
    return render(
        request,
        "policies/draft.html",
        {
            "title": version.title,
            "version": version,
            "readable": document is not None,
            "open": open_,
            "summary": _summary(version),
            "moves": moves,
            "findings": [_finding(version, one) for one in found],
            "blocked": len(blocked),
            "needs_reason": gate.needs_reason(found),
            "cases": [_case(one) for one in listed],
            "marked": list(version.expected_changes.select_related("actor")),
            "events": drafting.describe(list(version.moves.select_related("actor"))),
            "revisions": SimpleLazyObject(lambda: _revisions(version)),
            "table": drafting.MOVES,
            "move_labels": dict(Move.choices),
            "state_labels": dict(PolicyVersion.State.choices),
            "forms": {
                "submit": bound.get("submit") or MoveForm(required=gate.needs_reason(found), prefix="submit"),
                "return": bound.get("return") or MoveForm(prefix="return"),
                "withdraw": bound.get("withdraw") or MoveForm(prefix="withdraw"),
            },
            "expected_form": bound.get("expected") or ExpectedForm(cases=[]),
        },
        status=status,
    )


def _cases_run(found: list[gate.Finding]) -> bool:
    return any(one.kind == "cases" and one.section == "cases" for one in found)


def _summary(version: PolicyVersion) -> list[Any]:
    rows: list[Any] = [
        {"label": _("状态"), "value": version.get_state_display(), "kind": "badge", "tone": STATE_TONE[version.state]},
        {"label": _("版本"), "value": version.name, "kind": "mono"},
        (_("地区"), version.region.name),
        (_("有效期"), validity(version)),
        (_("起草人"), version.created_by.name if version.created_by else _("系统")),
        {"label": _("正文校验值"), "value": version.sha256[:16], "kind": "mono"},
    ]
    if version.based_on:
        source = reverse("policies:version", args=[version.based_on.name])
        rows.insert(3, {"label": _("依据版本"), "value": version.based_on.name, "kind": "mono", "url": source})
    return rows


def _finding(version: PolicyVersion, one: gate.Finding) -> dict[str, Any]:
    weights = {
        gate.Weight.BLOCKS: _("须改正"),
        gate.Weight.EXPLAIN: _("须说明"),
        gate.Weight.NOTICE: _("提示"),
    }
    where, what = one.where, one.what
    url = ""
    if one.kind == "document":
        where, what = place_words(one.where), problem_words(one.what)
        url = reverse("policies:draft_section", args=[version.name, section_of(one.section)])
    elif one.section == "parameters":
        url = reverse("policies:parameters", args=[version.policy])
    elif one.section in BY_SLUG:
        url = reverse("policies:draft_section", args=[version.name, one.section])
    elif one.section == "cases":
        url = "#cases"
    return {
        "weight": weights[one.weight],
        "tone": WEIGHT_TONE[one.weight],
        "what": what,
        "where": where,
        "remedy": one.remedy,
        "url": url,
    }


def _case(one: Any) -> dict[str, Any]:
    words = _case_words()
    return {
        "case": one.case,
        "changes": [(words[column], _shown(column, old), _shown(column, new)) for column, old, new in one.changes],
    }


def _case_words() -> dict[str, str]:
    labels = (
        _("适用类别"),
        _("大病保险"),
        _("医疗救助"),
        _("目录外救助"),
        _("倾斜救助"),
        _("机构承担"),
        _("目录外超标"),
        _("政策范围内负担"),
        _("个人负担"),
    )
    return dict(zip(COLUMNS, labels, strict=True))


def _shown(column: str, value: str) -> str:
    if column == "category":
        try:
            return category_label(value)
        except KeyError:
            return value or _("无")
    return {"yes": _("是"), "no": _("否"), "": _("无")}.get(value, value)


def _revisions(version: PolicyVersion) -> list[dict[str, Any]]:
    return [
        {
            "id": one.pgh_id,
            "at": one.pgh_created_at,
            "sha256": one.sha256,
            "now": number == 0,
            "same": one.sha256 == version.sha256,
            "who": one.acted_by,
        }
        for number, one in enumerate(selectors.revisions(version))
    ]


def user_of(request: HttpRequest) -> User:
    """Who asks; `requires` has seen to it that somebody does."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def _move(
    request: HttpRequest, name: str, key: str, act: Callable[[PolicyVersion, str], Any], done: str, reason: bool
) -> HttpResponse:
    """One move, POST only: its form, the service, a word about it; what is refused stands on the draft's page."""
    version = own(request, name)
    if request.method != "POST":
        return redirect("policies:draft", name=version.name)
    form = MoveForm(request.POST, required=reason, prefix=key)
    if not form.is_valid():
        messages.error(request, _("请写明理由"))
        return _draft_page(request, version, 422, **{key: form})
    try:
        act(version, form.cleaned_data["reason"])
    except DraftRefused as error:
        messages.error(request, str(error))
        return _draft_page(request, own(request, name), 422, **{key: form})
    messages.success(request, done)
    return redirect("policies:draft", name=name)


@requires(Act.POLICY_DRAFT)
def submit(request: HttpRequest, name: str) -> HttpResponse:
    """Hand the draft on; POST only."""
    return _move(
        request,
        name,
        "submit",
        lambda one, reason: drafting.submit_draft(actor=user_of(request), version=one, reason=reason),
        _("已提交，请由另一人发布"),
        reason=False,
    )


@requires(Act.POLICY_PUBLISH)
def send_back(request: HttpRequest, name: str) -> HttpResponse:
    """Return a submitted draft; POST only."""
    return _move(
        request,
        name,
        "return",
        lambda one, reason: drafting.return_draft(actor=user_of(request), version=one, reason=reason),
        _("已退回起草人"),
        reason=True,
    )


@requires(Act.POLICY_DRAFT)
def withdraw(request: HttpRequest, name: str) -> HttpResponse:
    """Give a draft up; POST only."""
    return _move(
        request,
        name,
        "withdraw",
        lambda one, reason: drafting.withdraw_draft(actor=user_of(request), version=one, reason=reason),
        _("草案已撤回"),
        reason=True,
    )


@requires(Act.POLICY_PUBLISH)
def publish(request: HttpRequest, name: str) -> HttpResponse:
    """Make a submitted draft the law; POST only."""
    return _move(
        request,
        name,
        "publish",
        lambda one, _reason: drafting.publish_version(actor=user_of(request), version=one),
        _("已发布；前一版本的有效期截至施行日的前一天"),
        reason=False,
    )


@requires(Act.POLICY_DRAFT)
def restore(request: HttpRequest, name: str) -> HttpResponse:
    """Take an earlier save back; POST only."""
    version = own(request, name)
    chosen = request.POST.get("event", "")
    if request.method == "POST":
        try:
            drafting.restore_draft(
                actor=user_of(request), version=version, event_id=int(chosen) if chosen.isdecimal() else 0
            )
            messages.success(request, _("已恢复所选的一稿；恢复前的一稿仍在列表中"))
        except DraftRefused as error:
            messages.error(request, str(error))
    return redirect("policies:draft", name=version.name)


@requires(Act.POLICY_DRAFT)
def expected(request: HttpRequest, name: str) -> HttpResponse:
    """Mark golden cases whose new result is meant; POST only."""
    version = own(request, name)
    if request.method != "POST":
        return redirect("policies:draft", name=version.name)
    document = selectors.readable(version)
    cases = [one.case for one in gate.case_differences(version, document)] if document else []
    form = ExpectedForm(request.POST, cases=cases)
    if not form.is_valid():
        messages.error(request, _("请选择样例并写明理由"))
        return _draft_page(request, version, 422, expected=form)
    try:
        count = drafting.mark_expected(actor=user_of(request), version=version, **form.cleaned_data)
        messages.success(request, _("已将 %(n)s 件样例标为预期变化") % {"n": count})
    except DraftRefused as error:
        messages.error(request, str(error))
    return redirect("policies:draft", name=version.name)
