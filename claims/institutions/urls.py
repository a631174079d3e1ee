"""Addresses of institutions; part of `claims.urls`."""

from django.urls import path

from claims.institutions import views

urlpatterns = [
    path("", views.Institutions.as_view(), name="institutions"),
    path("new/", views.new, name="institution_new"),
    path("import/", views.institutions_import, name="institutions_import"),
    path("import/confirm/", views.institutions_confirm, name="institutions_confirm"),
    path("report/", views.report, name="institution_report"),
    path("<int:pk>/", views.institution, name="institution"),
    path("<int:pk>/edit/", views.edit, name="institution_edit"),
    path("<int:pk>/recovery/", views.recovery, name="institution_recovery"),
]
