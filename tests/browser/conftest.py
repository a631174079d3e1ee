"""A real browser: Chromium through Playwright against a live server.

One browser serves the whole run of a process, each test has a context of its own. A test fails on any error in the
browser's console and on any request to another host. Where Chromium is absent the tests are skipped, loudly; with
TUODI_REQUIRE_BROWSER=1 they fail. TUODI_SCREENSHOTS=1 lets `screenshot` write the picture of the README.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client

from accounts.models import User

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --lang=zh-CN --font-render-hinting=none"
).split()
SCREEN = {"width": 1366, "height": 768}
PICTURE = Path(__file__).resolve().parents[2] / "docs" / "screenshot.png"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator:
    if not CHROMIUM.exists():
        words = f"NO BROWSER: {CHROMIUM} is missing, what people see was not tested (install the chromium package)"
        if os.environ.get("TUODI_REQUIRE_BROWSER") == "1":
            pytest.fail(words)
        pytest.skip(words)
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread; the tests' own queries are synchronous all the same.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield one
        one.close()


@pytest.fixture
def new_page(browser, live_server) -> Iterator[Callable]:
    """Makes pages: `new_page(user, scheme="dark")`, logged in without the login page; watched for errors."""
    contexts, wrong = [], []
    expected: list[str] = []

    def make(user: User | None = None, scheme: str = "light", language: str = "zh-hans", **options):
        context = browser.new_context(
            base_url=live_server.url, viewport=SCREEN, color_scheme=scheme, locale="zh-CN", **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        cookies = {django_settings.LANGUAGE_COOKIE_NAME: language}
        if user is not None:
            client = Client()
            client.force_login(user)
            cookies[django_settings.SESSION_COOKIE_NAME] = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        page = context.new_page()
        host = urlsplit(live_server.url).netloc
        page.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: wrong.append(f"script: {e}"))
        page.on(
            "request",
            lambda r: (
                wrong.append(f"elsewhere: {r.url}")
                if urlsplit(r.url).netloc != host and not r.url.startswith(("data:", "blob:", "about:"))
                else None
            ),
        )
        page.expected = expected
        return page

    yield make
    for context in contexts:
        context.close()
    unexpected = [line for line in wrong if not any(words in line for words in expected)]
    assert not unexpected


@pytest.fixture
def screenshot() -> Callable:
    """Writes the picture of the README when asked for by TUODI_SCREENSHOTS=1."""

    def take(page) -> None:
        if os.environ.get("TUODI_SCREENSHOTS") == "1":
            PICTURE.parent.mkdir(exist_ok=True)
            page.screenshot(path=PICTURE)

    return take
