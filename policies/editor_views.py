"""The editor of a draft, one section a page: what is typed is saved, right or wrong, and every error stands beside its
field."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.doors import requires
from policies import drafting, selectors
from policies.draft_views import own, user_of
from policies.drafting import DraftRefused
from policies.editor import writing
from policies.editor.fields import Rows, Section, Table
from policies.editor.form import parts_of, problems_by_place
from policies.editor.places import parts
from policies.editor.sections import BY_SLUG, SECTIONS
from policies.engine.problems import problems_of
from policies.models import PolicyVersion


@requires(Act.POLICY_DRAFT)
def section(request: HttpRequest, name: str, slug: str) -> HttpResponse:
    """One section of the document as a form; POST saves what was typed, right or wrong, and does `do`."""
    version = own(request, name)
    if slug not in BY_SLUG:
        return redirect("policies:draft", name=name)
    if version.state != PolicyVersion.State.DRAFT:
        messages.error(request, _("“%(state)s”的版本不能修改") % {"state": version.get_state_display()})
        return redirect("policies:draft", name=name)
    if request.method == "POST":
        return _save_section(request, version, BY_SLUG[slug])
    return _section_page(request, version, BY_SLUG[slug], version.body, version.sha256)


def _save_section(request: HttpRequest, version: PolicyVersion, one: Section) -> HttpResponse:
    # The text that the form was opened with: what somebody else saved since in another section stays.
    opened = request.POST.get("opened", "")
    base = version.body if opened in ("", version.sha256) else selectors.body_at(version, opened)
    mine = writing.apply(base or version.body, one, request.POST)
    if base is not None and base != version.body:
        if _section_data(base, one) != _section_data(version.body, one):
            messages.warning(
                request, _("您填写期间，另一人修改了这一节。下面是您填写的内容；再次保存将以您填写的为准。")
            )
            return _section_page(request, version, one, mine, version.sha256, 409)
        mine = writing.apply(version.body, one, request.POST)
    try:
        body, place = _do(mine, request.POST)
        drafting.save_draft(actor=user_of(request), version=version, body=body)
    except DraftRefused as error:
        messages.error(request, str(error))
        return _section_page(request, version, one, mine, version.sha256, 422)
    wrong = problems_by_place(problems_of(body, f"{version.name}.toml"), body).sections.get(one.slug, 0)
    if wrong:
        messages.warning(request, _("已保存；这一节有 %(n)s 处须改正，见红字") % {"n": wrong})
    else:
        messages.success(request, _("已保存"))
    url = reverse("policies:draft_section", args=[version.name, one.slug])
    return redirect(f"{url}#{place}" if place else url)


def _section_data(body: str, one: Section) -> list[Any]:
    shown = parts_of(body, one, problems_by_place([], body))
    return [[(entry.name, entry.value, entry.chosen) for row in part.rows for entry in row.entries] for part in shown]


def _do(body: str, data: QueryDict) -> tuple[str, str]:
    """The body after the row was added, removed or raised, or the table begun or given up; and where to look."""
    what, _colon, path = data.get("do", "").partition(":")
    path, _open, rest = path.partition("[")
    number = int(rest.rstrip("]")) if rest.rstrip("]").isdecimal() else 0
    found = parts().get(path)
    if found is None:
        return body, ""
    part = found[1]
    anchor = "r-" + path.replace(".", "-")
    if isinstance(part, Rows):
        if what == "add":
            return writing.add_row(body, part), f"{anchor}-end"
        if what == "remove":
            return writing.remove_row(body, part, number), f"p-{path.replace('.', '-')}"
        if what == "raise":
            return writing.raise_row(body, part, number), f"{anchor}-{max(1, number - 1)}"
    elif isinstance(part, Table) and part.optional:
        if what == "begin":
            return writing.add_table(body, part), anchor
        if what == "end":
            return writing.remove_table(body, path), ""
    return body, ""


def _section_page(
    request: HttpRequest, version: PolicyVersion, one: Section, body: str, opened: str, status: int = 200
) -> HttpResponse:
    placed = problems_by_place(problems_of(body, f"{version.name}.toml"), body)
    return render(
        request,
        "policies/section.html",
        {
            "title": one.label,
            "version": version,
            "section": one,
            "parts": parts_of(body, one, placed),
            "opened": opened,
            "sections": [
                {
                    "label": each.label,
                    "url": reverse("policies:draft_section", args=[version.name, each.slug]),
                    "current": each.slug == one.slug,
                    "wrong": placed.sections.get(each.slug, 0),
                }
                for each in SECTIONS
            ],
            "elsewhere": placed.elsewhere,
        },
        status=status,
    )
