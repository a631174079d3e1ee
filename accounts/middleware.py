"""What every request carries: its language, its session's limits, and who acts (for the audit triggers)."""

import time
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponse]
LANGUAGE_COOKIE = settings.LANGUAGE_COOKIE_NAME


def language(get_response: Handler) -> Handler:
    """Chinese whatever the browser prefers; English when the user has chosen it (kept in a cookie)."""
    known = dict(settings.LANGUAGES)

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
        with translation.override(chosen if chosen in known else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = translation.get_language()
            response = get_response(request)
            response.headers.setdefault("Content-Language", request.LANGUAGE_CODE or settings.LANGUAGE_CODE)
            return response

    return middleware


def session_limits(get_response: Handler) -> Handler:
    """Ends a session after an idle hour; sends people whose password must be changed to that page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get("seen", now)
            if now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
                return _away(
                    request, f"{resolve_url(settings.LOGIN_URL)}?next={request.path}", _("长时间未操作，请重新登录")
                )
            if now - seen > 60 or "seen" not in request.session:
                request.session["seen"] = now
            change = reverse("accounts:password_change")
            if request.user.must_change_password and request.path not in (change, reverse("accounts:logout")):
                return _away(request, change, _("请先修改初始密码"))
        return get_response(request)

    return middleware


def _away(request: HttpRequest, url: str, text: str) -> HttpResponse:
    """Redirects a whole page, also when htmx asked for a piece of one."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    if hasattr(request, "_messages"):
        messages.warning(request, text)
    return redirect(url)


def audit_context(get_response: Handler) -> Handler:
    """Every change made during the request is recorded with user, roles and path by the audit triggers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return _recorded(get_response, request) if request.user.is_authenticated else get_response(request)

    return middleware


def _recorded(get_response: Handler, request: HttpRequest) -> HttpResponse:
    user = request.user
    with pghistory.context(
        user=user.pk,
        username=user.get_username(),
        roles=list(user.roles),  # type: ignore[union-attr]
        via="web",
        method=request.method,
        path=request.path,
    ):
        return get_response(request)
