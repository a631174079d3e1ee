"""All addresses of the site, room by room."""

from django.contrib import admin
from django.urls import include, path

from config import views
from config.operations import views as operations

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("accounts.urls")),
    path("reports/", include("accounts.report_urls")),
    path("enrolment/", include("beneficiaries.enrolment.urls")),
    path("persons/", include("beneficiaries.urls")),
    path("claims/later/", include("claims.later.urls")),
    path("claims/unregistered/", include("claims.unregistered.urls")),
    path("fund/", include("claims.fund.urls")),
    path("claims/", include("claims.urls")),
    path("assistance/", include("assistance.urls")),
    path("monitoring/", include("monitoring.urls")),
    path("exchange/", include("exchange.urls")),
    path("policies/trials/", include("claims.trials.urls")),
    path("policies/", include("policies.urls")),
    path("api/v1/", include("config.api")),
    path("admin/", admin.site.urls),
    path("favicon.ico", views.favicon, name="favicon"),
    path("healthz", operations.healthz, name="healthz"),
    path("readyz", operations.readyz, name="readyz"),
    path("metrics", operations.metrics, name="metrics"),
]

handler403 = "accounts.views.refused"
handler404 = "accounts.views.missing"
handler500 = "accounts.views.broken"
