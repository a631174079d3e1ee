"""What someone sees when something is not there, not allowed, or broken: in words, with what to do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    why = str(exception) if exception and str(exception) else _("您没有办理这件事的权限，请联系系统管理员。")
    return render(request, "403.html", {"title": _("无权办理"), "why": why}, status=403)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", {"title": _("没有找到")}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Uses no database and no user: either may be what broke."""
    return render(None, "500.html", {"title": _("系统出错")}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", {"title": _("页面已过期")}, status=403)
