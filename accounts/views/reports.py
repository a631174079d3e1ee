"""The page 报表: one list of all reports that the role may open."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import Act
from accounts.doors import requires
from accounts.reports import grouped_for


@requires(Act.REPORT_READ)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Reports by heading: title, what it answers, the provisions behind it."""
    groups = [
        (heading or _("其他"), [(report, reverse(report.view_name)) for report in reports])
        for heading, reports in grouped_for(request.user)
    ]
    return render(request, "accounts/reports.html", {"title": _("报表"), "groups": groups})
