"""The statements as PDF: what the page shows, on paper."""

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.doors import get_visible, requires
from accounts.models import ReadRecord, User
from accounts.services import record_read
from claims import selectors
from claims.later import year_statement
from claims.models import PersonYear
from claims.papers import claim_paper, year_paper


@requires(Act.CLAIM_READ)
def claim_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """One claim; `?settlement=` prints a superseded one."""
    claim, user = get_visible(request, selectors.claims(), pk=pk), cast(User, request.user)
    history = selectors.history(claim)
    asked = request.GET.get("settlement", "")
    shown = next((one for one in history if str(one.settlement.pk) == asked), next(iter(history), None))
    if shown is None:
        raise Http404(_("这笔费用还没有结算"))
    subject = f"person:{claim.person_id}"
    record_read(actor=user, what=ReadRecord.What.EXPORT, subject=subject, request=request)
    return claim_paper(user, claim, shown).response(_("结算单 %(no)s") % {"no": claim.claim_no} + ".pdf")


@requires(Act.CLAIM_READ)
def year_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's year."""
    years = PersonYear.objects.select_related("person__region", "version").defer("version__body")
    year, user = get_visible(request, years, pk=pk), cast(User, request.user)
    subject = f"person:{year.person_id}"
    record_read(actor=user, what=ReadRecord.What.EXPORT, subject=subject, request=request)
    paper = year_paper(user, year, year_statement.of_year(year))
    return paper.response(_("%(name)s %(year)s 年度结算单") % {"name": year.person.name, "year": year.year} + ".pdf")
