"""Papers of a case as PDF."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import Act
from accounts.doors import get_visible, requires
from assistance import letters
from assistance.models import Application, Decision, Meeting


@requires(Act.APPLICATION_READ)
@require_GET
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter of a decision."""
    rows = Decision.objects.select_related("application__person", "application__region", "application__version")
    found = get_visible(request, rows, pk=pk)
    return letters.letter_of(found).response(f"{_('决定书')}-{found.application.number}.pdf")


@requires(Act.APPLICATION_READ)
@require_GET
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The application with its check and decisions."""
    rows = Application.objects.select_related("person", "region", "version", "office")
    found = get_visible(request, rows, pk=pk)
    return letters.sheet_of(found, found.checks.select_related("checked_by").first()).response(f"{found.number}.pdf")


@requires(Act.PANEL_READ)
@require_GET
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """The minutes of a meeting."""
    found = get_visible(request, Meeting.objects.select_related("region", "convened_by"), pk=pk)
    return letters.minutes_of(found).response(f"{_('会商纪要')}-{found.held_on:%Y%m%d}.pdf")
