"""The workbench: what waits for the user in every room."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import Act
from accounts.doors import requires
from config.calendar import month_of
from config.navigation import waiting
from monitoring.figures import selectors as figures


@requires(Act.HOME)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    items = sorted(
        (line for lines in waiting(request.user).values() for line in lines),
        key=lambda item: (item.due is None, item.due, -item.count),
    )
    month = month_of(request.user, timezone.localdate())
    today = timezone.localdate()
    context = {
        "cards": figures.cards(request.user, today),
        "title": _("工作台"),
        "items": items,
        "month": month,
        "may_see_duties": request.user.may(Act.OBLIGATION_READ),
    }
    return render(request, "home.html", context)
