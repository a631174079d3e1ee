"""The line that each request leaves in the log: what was asked and how it went, never of whom."""

import logging
import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

Handler = Callable[[HttpRequest], HttpResponseBase]
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET = frozenset({"healthz", "readyz", "metrics"})
logger = logging.getLogger("tuodi.request")


def request_log(get_response: Handler) -> Handler:
    """Logs method, name of the page, status, milliseconds and the account's number under the request's id.

    Names of pages, not addresses: a search or an export carries names of people in its query.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = get_response(request)
            match = request.resolver_match
            page = match.view_name if match else ""
            if page not in QUIET:
                logger.info(
                    "request",
                    extra={
                        "page": page,
                        "method": request.method,
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - started) * 1000, 1),
                        "account": getattr(getattr(request, "user", None), "pk", None),
                    },
                )
        response.headers["X-Request-ID"] = request_id
        return response

    return middleware
