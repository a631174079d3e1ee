"""The workbench: what waits for the user in every room. And the picture that browsers ask of every site."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_safe

from accounts.access import Act
from accounts.doors import public, requires
from accounts.once import page
from config.calendar import month_of
from config.navigation import waiting
from monitoring.figures import selectors as figures


@requires(Act.HOME)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    with page():
        found = waiting(request.user)
        month = month_of(request.user, today)
    items = sorted(
        (line for lines in found.values() for line in lines),
        key=lambda item: (item.due is None, item.due, -item.count),
    )
    context = {
        "cards": figures.cards(request.user, today),
        "title": _("工作台"),
        "items": items,
        "month": month,
        "may_see_duties": request.user.may(Act.OBLIGATION_READ),
    }
    return render(request, "home.html", context)


@public
@require_safe
@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Where a page names no picture (Django's admin, a PDF), browsers ask for this address."""
    return redirect(static("tuodi/icon.svg"))
