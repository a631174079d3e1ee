"""Addresses of 报表."""

from django.urls import path

from accounts.views import reports

app_name = "reports"
urlpatterns = [path("", reports.index, name="list")]
