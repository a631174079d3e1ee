"""The door to a paper: those who may see what it belongs to."""

import uuid
from typing import cast

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts.access import Act
from accounts.doors import requires
from accounts.models import ReadRecord, User
from accounts.papers.models import StoredFile
from accounts.papers.selectors import may_see
from accounts.papers.services import content_of
from accounts.services import record_read


@requires(Act.HOME)
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": ["'self'"]})
def paper(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The paper itself, in the page of this site (`?save=1`: to keep); every look is in the record of reads."""
    user = cast(User, request.user)
    found = get_object_or_404(StoredFile, pk=pk, withdrawn_at=None)
    if not may_see(user, found):
        raise Http404
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"paper:{found.pk}", request=request)
    response = HttpResponse(content_of(found), content_type=found.media_type)
    response.headers["Content-Disposition"] = content_disposition_header("save" in request.GET, found.name) or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
