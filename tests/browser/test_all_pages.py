"""Every page of the site in the browser: no accessibility violation (axe-core, WCAG 2.2 AA) in either scheme, nothing
wider than the screen of an office, no English in the Chinese view and no Chinese in the English one."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client
from django.urls import reverse

from accounts.access import GRANTS
from accounts.models import Job, Region
from accounts.vocabulary import Role
from tests import url_examples
from tests.test_url_walk import ADDRESSES

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # what passed is not described node by node: a fifth of the time
}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
ORDER = (Role.CASE_WORKER, Role.REVIEWER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.LIAISON, Role.POLICY_OFFICER)
ORDER += (Role.FUND_OFFICER, Role.PANEL_MEMBER)  # for the few that are theirs alone


def _role(address) -> Role | None:
    """The first role that sees the page."""
    if address.act is None:
        return None
    narrow = url_examples.NARROW.get(address.name)
    return next((r for r in (*ORDER, *Role) if address.act in GRANTS[r] and (narrow is None or r in narrow)), None)


def _parts() -> list:
    """A role and some of the addresses that are its to look at: few enough that no process is left with the rest."""
    mine = {role: [a for a in ADDRESSES if _role(a) == role] for role in ORDER}
    return [
        pytest.param(role, part, id=f"{role}-{number}")
        for role, addresses in mine.items()
        for number, part in enumerate((addresses[i : i + 40] for i in range(0, len(addresses), 40)), start=1)
    ]


def _pages(user, addresses) -> list[tuple[str, str]]:
    """Name and path of each that is a whole HTML page."""
    client, places = Client(), url_examples.make()
    client.force_login(user)
    found = []
    for address in addresses:
        path = reverse(address.name, kwargs=places.arguments(address.name, address.arguments))
        response = client.get(path)
        html = response.status_code == 200 and response.headers["Content-Type"].startswith("text/html")
        if html and b"<html" in response.content:  # a fragment is looked at in the page that loads it
            found.append((address.name, path))
    return found


# Waits for the scheme, then answers with what is wrong alone: the rest of axe's words need not leave the browser.
LOOK = """async ([scheme, rules]) => {
    const until = performance.now() + 10000;
    while (document.documentElement.dataset.bsTheme !== scheme) {
        if (performance.now() > until) throw new Error(`the page does not become ${scheme}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const found = (await axe.run(rules)).violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node]));
    return found.map(([id, node]) => `${scheme} ${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`);
}"""


def _violations(page) -> list[str]:
    """Of the page in the scheme that it is in, and of its colours in the other one, which the next page begins in."""
    scheme = page.evaluate("document.documentElement.dataset.bsTheme")
    if not page.evaluate("'axe' in window"):  # half a megabyte, read once a page
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(LOOK, [scheme, RULES])
    other = {"light": "dark", "dark": "light"}[scheme]
    page.emulate_media(color_scheme=other)
    return found + page.evaluate(LOOK, [other, COLOURS])


@pytest.mark.parametrize(("role", "addresses"), _parts())
def test_pages_of_a_role(new_page, users, role, addresses):
    user, wrong = users[role], {}
    page = new_page(user)
    for name, path in _pages(user, addresses):
        page.goto(path)
        if found := _violations(page):
            wrong[name] = found
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 1366:
            wrong[f"{name} width"] = width
    assert not wrong


def test_a_fault_is_found_in_either_scheme(new_page, users):
    """The look itself: a picture without words, and text that only darkness hides."""
    page = new_page()
    for scheme in ("light", "dark"):
        page.goto("/login/")
        page.evaluate(
            """() => {
                document.querySelector("h1").insertAdjacentHTML("afterend", "<p id=dim>看不清</p><img src=''>");
                document.getElementById("dim").style.color = "#333";
            }"""
        )
        found = _violations(page)
        assert [line for line in found if line.startswith(f"{scheme} image-alt") and "<img" in line], found
        assert [line for line in found if line.startswith("dark color-contrast") and "dim" in line], found
        assert not [line for line in found if line.startswith("light color-contrast")], found


def test_pages_without_login(new_page, users):
    page = new_page()
    page.expected.append("status of 404")
    wrong = {}
    for path in ("/login/", "/nothing/"):
        page.goto(path)
        wrong[path] = _violations(page)
    assert not any(wrong.values()), wrong


def test_open_parts(new_page, users):
    """What only shows after a click or a mistake: menus, dialogs, errors, progress, preview, help."""
    admin, worker = users[Role.ADMINISTRATOR], users[Role.CASE_WORKER]
    job = Job.objects.create(
        kind="x", title="导入名单", region_id="150500000000", actor=worker, state=Job.State.RUNNING
    )
    wrong = {}
    page = new_page(admin)

    def look(name: str, at=page) -> None:
        wrong[name] = _violations(at)

    page.goto("/users/new/")
    page.get_by_role("button", name="保存").click()
    look("errors")
    page.goto(f"/users/{users[Role.CLERK].pk}/")
    page.get_by_role("button", name="停用").click()
    look("dialog")
    page.goto("/users/")
    page.locator(".top .menu summary").click()
    look("menu")
    page.locator("h1").click()
    page.locator("summary", has_text="导出").click()
    look("export")
    page.locator("h1").click()
    page.keyboard.press("?")
    look("help")
    page.goto("/regions/import/")
    rows = "行政区划代码,名称\n150521101000,花吐古拉镇\n999,错\n"
    page.set_input_files("input[type=file]", {"name": "r.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.get_by_role("button", name="读取并比对").click()
    page.get_by_text("代码须为12位数字").wait_for()
    look("preview")
    watching = new_page(worker)
    watching.goto(f"/jobs/{job.pk}/")
    look("progress", watching)
    assert not any(wrong.values()), wrong


CHINESE = re.compile(r"[\u3400-\u9fff]+")


def test_english_view_has_no_chinese_but_data(new_page, users):
    """Names of people, offices, regions and the files' own words are data; everything else is English."""
    page = new_page(users[Role.ADMINISTRATOR], language="en")
    data = {u.name for u in users.values()} | {u.organisation.name for u in users.values()} | {"中文"}
    data |= set(Region.objects.values_list("name", flat=True))
    wrong = {}
    for path in (
        "/",
        "/profile/",
        "/jobs/",
        "/users/",
        "/users/new/",
        "/organisations/new/",
        "/regions/import/",
        "/password/",
    ):
        page.goto(path)
        text = page.locator("body").inner_text()
        for known in sorted(data, key=len, reverse=True):
            text = text.replace(known, "")
        wrong[path] = CHINESE.findall(text)
    assert not any(wrong.values()), wrong


def test_picture_for_the_readme(new_page, users, screenshot):
    """A claim's statement beside the law that it cites."""
    places = url_examples.make()
    page = new_page(users[Role.CASE_WORKER])
    page.goto(reverse("claims:claim", kwargs=places.arguments("claims:claim", ("pk",))))
    assert page.locator(".statement tbody tr").count() > 3
    screenshot(page)
