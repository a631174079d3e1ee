"""Doors: how a view says what it is for, and who may come in.

Every view of the site is one of three: `@requires(Act.X)` on a function, `ActView` for a class, `@public` for what
needs no login. The walk over all URLs (tests/test_url_walk.py) reads `view.act` and fails for a view that has none.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode, urlsplit

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.access import GRANTS, Act
from accounts.models import User
from accounts.vocabulary import Role

ViewFunction = Callable[..., HttpResponseBase]
M = TypeVar("M", bound=Model)


def public(view: ViewFunction) -> ViewFunction:
    """Marks a view that anyone may call, logged in or not."""
    view.act = None  # type: ignore[attr-defined]
    return view


def requires(act: Act) -> Callable[[ViewFunction], ViewFunction]:
    """Lets in whom one of the roles allows `act`.

    Nobody logged in → the login page with `next` (htmx: `HX-Redirect`); logged in without the act → a 403 page that
    says which role may.
    """

    def decorate(view: ViewFunction) -> ViewFunction:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = turned_away(request, act) or view(request, *args, **kwargs)
            # Personal data must not stay in the cache of an office's shared computer.
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        guarded.act = act  # type: ignore[attr-defined]
        return guarded

    return decorate


def turned_away(request: HttpRequest, act: Act) -> HttpResponse | None:
    """The answer to someone who may not come in; None for those who may."""
    if not request.user.is_authenticated:
        return to_login(request)
    assert isinstance(request.user, User)  # noqa: S101 - for the type checker: AUTH_USER_MODEL is ours
    return None if request.user.may(act) else refused(request, act)


def to_login(request: HttpRequest) -> HttpResponse:
    """To the login page and back to this address; a fragment sends the whole page there."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        here = htmx.current_url_abs_path or ""
    else:
        here = request.get_full_path() if request.method == "GET" else _page_of(request)
    url = resolve_url("accounts:login") + (f"?{urlencode({'next': here})}" if here else "")
    return go(request, url)


def _page_of(request: HttpRequest) -> str:
    """The page of this site from which a form was sent: where its draft is kept."""
    came = urlsplit(request.headers.get("Referer", ""))
    return came._replace(scheme="", netloc="", fragment="").geturl() if came.netloc == request.get_host() else ""


def go(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Redirect (arguments as for `django.shortcuts.redirect`) that moves the whole page, also when htmx asked."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(to, *args, **kwargs)})
    return redirect(to, *args, **kwargs)


def refused(request: HttpRequest, act: Act | None = None, why: str = "") -> HttpResponse:
    """The 403 page in the user's words: which roles may, or `why` not."""
    roles = [str(Role(role).label) for role, acts in GRANTS.items() if act in acts]
    text = why or _("您的角色没有这项权限。可以办理的角色：%(roles)s。") % {"roles": "、".join(roles)}
    return render(request, "403.html", {"why": text, "title": _("无权办理")}, status=403)


class ActView(View):
    """Class-based view behind `requires`: set `act`."""

    act: ClassVar[Act]
    request: HttpRequest

    @classmethod
    def as_view(cls, **initkwargs: Any) -> ViewFunction:  # type: ignore[override]
        return requires(cls.act)(super().as_view(**initkwargs))

    @property
    def user(self) -> User:
        """Who asks; `requires` has seen to it that somebody does."""
        assert isinstance(self.request.user, User)  # noqa: S101
        return self.request.user


def get_visible(request: HttpRequest, what: type[M] | QuerySet[M], **lookup: Any) -> M:
    """The object, if the user's role and region allow it; else 404, as if it were not there."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    return get_object_or_404(user.visible(what), **lookup)
