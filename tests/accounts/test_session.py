"""Login, lock-out, the end of a session, forced change of password, language."""

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.models import User
from accounts.vocabulary import Role
from config.settings import PASSWORD_HASHERS
from tests.factories import PASSWORD, make_user

LOGIN = "/login/"


@pytest.fixture
def worker(tongliao):
    return make_user(Role.CASE_WORKER, username="wang")


def log_in(client, password=PASSWORD, username="wang", next_url=""):
    return client.post(LOGIN + (f"?next={next_url}" if next_url else ""), {"username": username, "password": password})


def test_login_leads_to_the_page_that_was_asked_for(client, worker):
    assert client.get("/profile/").headers["Location"] == "/login/?next=%2Fprofile%2F"
    response = log_in(client, next_url="/profile/")
    assert (response.status_code, response.headers["Location"]) == (302, "/profile/")
    assert "wang" in client.get("/profile/").content.decode()


def test_login_goes_to_no_other_site(client, worker):
    assert log_in(client, next_url="https://elsewhere.example/").headers["Location"] == "/"


@pytest.mark.parametrize("username, password", [("wang", "wrong"), ("nobody", PASSWORD)])
def test_wrong_login_says_what_to_do_and_not_which_was_wrong(client, worker, username, password):
    text = log_in(client, password, username).content.decode()
    assert "用户名或密码不正确" in text
    assert "请核对大小写" in text


def test_deactivated_account_cannot_log_in(client, worker):
    User.objects.update(is_active=False)
    assert "用户名或密码不正确" in log_in(client).content.decode()


@pytest.mark.parametrize("language, words", [("zh-hans", "暂停登录15分钟"), ("en", "15 minutes")])
def test_five_failures_lock_the_account_out_here_even_with_the_right_password(client, worker, language, words):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        response = log_in(client, "wrong")
    assert response.status_code == 429
    locked = log_in(client)
    assert locked.status_code == 429
    assert words in locked.content.decode()
    assert not client.session.get("_auth_user_id")


def test_success_forgets_earlier_failures(client, worker):
    log_in(client, "wrong")
    log_in(client)
    assert not AccessAttempt.objects.exists()


def idle(client):
    """As if the last page had been asked for more than an hour ago."""
    log_in(client)
    client.get("/profile/")
    session = client.session
    session["seen"] -= settings.SESSION_IDLE_SECONDS + 1
    session.save()


def test_idle_session_ends(client, worker):
    idle(client)
    response = client.get("/profile/")
    assert response.headers["Location"] == "/login/?next=/profile/"
    assert "长时间未操作" in client.get(response.headers["Location"]).content.decode()
    assert not client.session.get("_auth_user_id")


def test_idle_session_sends_the_whole_page_away_from_a_fragment(client, worker):
    idle(client)
    response = client.get("/jobs/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/login/?next=/jobs/")


def test_session_ends_with_the_browser(client, worker):
    log_in(client)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["max-age"] == "" and cookie["httponly"] and cookie["samesite"] == "Lax"


def test_logout_is_a_post(client, worker):
    log_in(client)
    assert client.get(reverse("accounts:logout")).status_code == 405
    assert client.post(reverse("accounts:logout")).headers["Location"] == LOGIN
    assert client.get("/profile/").status_code == 302


def test_initial_password_must_be_changed_first(client, worker):
    User.objects.update(must_change_password=True)
    log_in(client)
    for path in ("/", "/profile/", "/jobs/"):
        assert client.get(path).headers["Location"] == "/password/"
    page = client.get("/password/").content.decode()
    assert "初始密码" in page
    assert 'href="/jobs/"' not in page.split('id="nav"')[1].split("</nav>")[0]
    new = "Kezuo-banner-77"
    response = client.post("/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert response.headers["Location"] == "/"
    assert client.get("/").status_code == 200  # still logged in
    worker.refresh_from_db()
    assert worker.check_password(new) and not worker.must_change_password


@pytest.mark.parametrize(
    "old, new, again, words",
    [
        ("wrong", "Kezuo-banner-77", "Kezuo-banner-77", "原密码不正确"),
        (PASSWORD, "Kezuo-banner-77", "Kezuo-banner-78", "两次输入的新密码不一致"),
        (PASSWORD, "short", "short", "10"),
        (PASSWORD, "2023053120", "2023053120", "数字"),
    ],
)
def test_password_errors_stand_beside_the_field(client, worker, old, new, again, words):
    client.force_login(worker)
    response = client.post("/password/", {"old_password": old, "new_password1": new, "new_password2": again})
    wrong = [line for line in response.content.decode().split("<") if 'class="wrong"' in line]
    assert response.status_code == 200
    assert wrong
    assert words in response.content.decode()
    worker.refresh_from_db()
    assert worker.check_password(PASSWORD)


def test_passwords_are_kept_with_argon2():
    assert import_string(PASSWORD_HASHERS[0])().encode("x", "saltsaltsalt").startswith("argon2$argon2id$")


def test_language_is_kept_by_cookie_and_account(client, worker):
    client.force_login(worker)
    response = client.post("/language/", {"language": "en", "next": "/profile/"})
    assert response.headers["Location"] == "/profile/"
    assert 'lang="en"' in client.get("/profile/").content.decode()
    worker.refresh_from_db()
    assert worker.language == "en"
    client.logout()
    client.cookies.clear()
    log_in(client)  # another browser: the account knows
    assert 'lang="en"' in client.get("/profile/").content.decode()


def test_browser_language_changes_nothing(client, worker):
    assert 'lang="zh-hans"' in client.get(LOGIN, headers={"Accept-Language": "en-US,en"}).content.decode()


@pytest.mark.parametrize("to", ["https://elsewhere.example/", "//elsewhere.example/", ""])
def test_language_switch_leads_to_no_other_site(client, to):
    assert client.post("/language/", {"language": "en", "next": to}).headers["Location"] == "/"


def test_unknown_language_is_ignored(client, worker):
    response = client.post("/language/", {"language": "xx", "next": "/login/"})
    assert settings.LANGUAGE_COOKIE_NAME not in response.cookies


def test_pages_with_data_are_not_cached(client, worker):
    client.force_login(worker)
    assert "no-store" in client.get("/profile/").headers["Cache-Control"]


def test_post_after_the_session_ended_comes_back_to_the_form(client, tongliao):
    response = client.post("/users/new/", {}, headers={"Referer": "http://testserver/users/new/?a=1"})
    assert response.headers["Location"] == "/login/?next=%2Fusers%2Fnew%2F%3Fa%3D1"
