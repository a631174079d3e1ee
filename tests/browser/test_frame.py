"""The frame in a real browser: login, keyboard, lists, drafts, dialogs, progress, print."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.jobs import create_job
from accounts.models import Job, User
from accounts.vocabulary import Role
from tests.factories import PASSWORD, make_user


def test_login_by_keyboard_leads_to_the_workbench(new_page, users, screenshot):
    page = new_page()
    page.goto("/profile/")
    assert page.url.endswith("/login/?next=%2Fprofile%2F")
    page.keyboard.type(users[Role.CASE_WORKER].username)  # the first field has the focus
    page.keyboard.press("Enter")  # moves on, does not send
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/profile/")
    assert page.locator("h1").inner_text() == "个人资料"
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(re.compile(r"/$"))
    assert page.locator("nav.side [aria-current=page]").inner_text().strip().startswith("工作台")


def test_wrong_password_is_said_in_words(new_page, users):
    page = new_page()
    page.goto("/login/")
    page.get_by_label("用户名").fill("nobody")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    assert "用户名或密码不正确" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("用户名").input_value() == "nobody"


def test_list_by_keyboard(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    here = page.locator("tr.here")
    assert here.count() == 1
    name = here.locator("td").first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/users/\d+/$"))
    assert page.locator("h1").inner_text() == name


def test_keys_do_nothing_while_typing_and_help_shows_all(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/")
    page.get_by_label("姓名或用户名").fill("")
    page.get_by_label("姓名或用户名").press_sequentially("gh?")
    assert page.url.endswith("/users/") or "q=gh" in page.url
    assert not page.locator("#keys-help").is_visible()
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.locator("#keys-help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys-help").is_visible()


def test_filter_swaps_the_table_and_keeps_the_address(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/")
    with page.expect_response(lambda r: "role=clerk" in r.url) as answer:
        page.get_by_role("combobox", name="角色").select_option("clerk")
    assert "<html" not in answer.value.text()
    page.wait_for_url("**/users/?role=clerk")
    assert page.locator("[data-row]").count() == 1
    page.locator("#list .scroll[tabindex]").wait_for(state="attached")  # given once the swapped table has settled
    swapped = page.locator("#list").inner_html()
    page.reload()
    assert page.locator("#list").inner_html() == swapped
    assert page.get_by_role("combobox", name="角色").input_value() == "clerk"
    page.go_back()
    page.locator("[data-row]").nth(1).wait_for()


def test_sort_page_and_back_through_many_rows(new_page, users):
    for n in range(120):
        make_user(Role.CLERK, username=f"u{n:03d}")
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/?role=clerk")
    page.get_by_role("link", name="用户名").click()
    page.wait_for_url("**sort=-username**")
    first = page.locator("[data-row] .mono").first
    assert first.inner_text() == "u119"
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url("**page=2**")
    assert first.inner_text() == "u069"
    assert "第 2 页" in page.locator(".pages").inner_text()
    page.get_by_role("link", name="上一页").click()
    page.wait_for_url("**before=**")
    assert first.inner_text() == "u119"


def test_chosen_columns_stay_in_the_address(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/")
    page.locator("summary", has_text="列").click()
    page.get_by_role("checkbox", name="股室").uncheck()
    page.wait_for_url("**cols=name**")
    expect(page.locator("thead th", has_text="股室")).to_have_count(0)  # the address changes before the table does
    expect(page.locator("thead th", has_text="姓名")).to_have_count(1)


def test_folded_navigation_is_remembered(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/")
    label = page.locator("nav.side .label").first
    assert label.is_visible()
    page.get_by_role("button", name="收起或展开导航").click()
    assert not label.is_visible()
    page.reload()
    assert not page.locator("nav.side .label").first.is_visible()


def test_draft_survives_leaving_and_the_end_of_the_session(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/new/")
    page.get_by_label("用户名").fill("zhao")
    page.get_by_label("系统管理员").check()
    page.goto("/users/")
    page.goto("/users/new/")
    assert page.get_by_label("用户名").input_value() == "zhao"
    assert page.get_by_label("系统管理员").is_checked()
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("姓名", exact=True).fill("赵一")
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**/login/?next=%2Fusers%2Fnew%2F")
    page.get_by_label("用户名").fill(users[Role.ADMINISTRATOR].username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/users/new/")
    assert page.get_by_label("姓名", exact=True).input_value() == "赵一"


def test_sent_draft_is_gone_and_the_initial_password_is_shown_once(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/new/")
    page.get_by_label("用户名").fill("zhao")
    page.get_by_label("姓名", exact=True).fill("赵一")
    page.get_by_label("机构").select_option(index=1)
    page.get_by_label("复核").check()
    page.get_by_role("button", name="保存").click()
    page.wait_for_url(re.compile(r"/users/\d+/$"))
    secret = page.locator(".secret").inner_text()
    user = User.objects.get(username="zhao")
    assert user.check_password(secret) and user.must_change_password
    page.reload()
    assert page.locator(".secret").count() == 0
    page.goto("/users/new/")
    assert page.get_by_label("用户名").input_value() == ""


def test_confirmation_asks_and_the_toast_offers_undo(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    other = users[Role.REVIEWER]
    page.goto(f"/users/{other.pk}/")
    page.get_by_role("button", name="停用").click()
    dialog = page.get_by_role("dialog", name="停用账户")
    dialog.get_by_role("button", name="取消").click()
    assert User.objects.get(pk=other.pk).is_active
    page.get_by_role("button", name="停用").click()
    dialog.get_by_role("button", name="停用账户").click()
    toast = page.locator(".toast-line", has_text="账户已停用")
    toast.wait_for()
    assert not User.objects.get(pk=other.pk).is_active
    toast.get_by_role("button", name="撤销").click()
    page.locator(".toast-line", has_text="账户已启用").wait_for()
    assert User.objects.get(pk=other.pk).is_active


def test_error_stands_beside_its_field(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/new/")
    page.get_by_label("姓名", exact=True).fill("赵一")
    page.get_by_role("button", name="保存").click()
    field = page.get_by_label("用户名")
    assert field.get_attribute("aria-invalid") == "true"
    error = page.locator(f"#{field.get_attribute('aria-describedby').split()[-1]}")
    assert error.is_visible()
    assert page.get_by_label("姓名", exact=True).input_value() == "赵一"


def test_progress_runs_and_goes_to_the_result(new_page, users):
    user = users[Role.CASE_WORKER]
    job = create_job(kind="import", title="导入名单", region="150500000000", actor=user, url="/profile/")
    page = new_page(user)
    page.goto("/jobs/")
    page.get_by_role("link", name="导入名单").click()
    page.locator(".progress-box", has_text="等待后台处理").wait_for()
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, step="比对登记簿", done=30, total=120)
    page.locator(".progress-box", has_text="比对登记簿 · 30 / 120").wait_for()
    assert page.locator("progress").get_attribute("value") == "25"
    page.goto("/")  # it may be left
    page.goto(f"/jobs/{job.pk}/")
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, done=120)
    page.wait_for_url("**/profile/")


def test_failed_job_says_why(new_page, users):
    user = users[Role.CASE_WORKER]
    job = create_job(kind="import", title="导入名单", region="150500000000", actor=user)
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, message="第 3 行的代码没有这个地区")
    page = new_page(user)
    page.goto(f"/jobs/{job.pk}/")
    assert "第 3 行的代码没有这个地区" in page.get_by_role("alert").inner_text()


def test_print_is_black_on_white_without_controls(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR], scheme="dark")
    page.goto("/users/")
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate(
        "() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('td')).color]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    for hidden in (".side", ".filters", ".list-tools", ".search-space + .menu, .search + .menu"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".print-foot").is_visible()
    assert len(page.pdf()) > 5000


def test_session_that_ended_sends_the_whole_page_to_login(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto("/users/?role=clerk")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("combobox", name="角色").select_option("reviewer")
    page.wait_for_url("**/login/?next=%2Fusers%2F%3Frole%3Dclerk")


@pytest.mark.parametrize("url, status, words", [("/nothing/here/", 404, "没有找到"), ("/audit/", 403, "监管")])
def test_what_is_not_there_or_not_allowed_is_said(new_page, users, url, status, words):
    page = new_page(users[Role.CASE_WORKER])
    page.expected.append(f"status of {status}")
    assert page.goto(url).status == status
    assert words in page.locator("main").inner_text()
    page.get_by_role("link", name="回到工作台").click()
    page.wait_for_url(re.compile(r"/$"))


def test_switch_to_english_and_back(new_page, users):
    page = new_page(users[Role.ADMINISTRATOR])
    page.goto(reverse("accounts:users"))
    page.locator(".top .menu summary").click()
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("html[lang=en]")
    assert page.url.endswith("/users/")
    page.locator(".top .menu summary").click()
    page.get_by_role("button", name="中文").click()
    page.wait_for_selector("html[lang=zh-hans]")
