"""Doors for machines: a load balancer, a watchman, a collector of figures. None shows anything of a person."""

import ipaddress
from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django_prometheus import exports
from prometheus_client import CollectorRegistry, generate_latest

from accounts.doors import public
from config.operations import health
from config.operations.figures import Figures


@public
@require_GET
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process serves and reaches its database, else 503."""
    return HttpResponse("ok\n", "text/plain") if health.alive() else HttpResponse("down\n", "text/plain", 503)


@public
@require_GET
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Every part that the work needs: 200 when all are well, else 503 with the names of those that are not."""
    found = health.checks()
    content = {
        "status": "ok" if all(check.ok for check in found) else "failing",
        "checks": {check.name: {"ok": check.ok, "detail": check.detail, "seconds": check.seconds} for check in found},
    }
    return JsonResponse(content, status=200 if content["status"] == "ok" else 503)


@public
@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures: for the bearer of METRICS_TOKEN; without such a token for this machine alone."""
    if not _may_read(request):
        return HttpResponse("forbidden\n", "text/plain", 403)
    requests = exports.ExportToDjangoView(request)
    registry = CollectorRegistry()
    registry.register(Figures())
    return HttpResponse(requests.content + generate_latest(registry), requests.headers["Content-Type"])


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    # Behind a proxy every caller comes from the proxy's address, so only the token tells them apart.
    if settings.SECURE_PROXY_SSL_HEADER:
        return False
    return ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "0.0.0.0").is_loopback  # noqa: S104
