"""All addresses of the site, room by room."""

from django.urls import include, path

urlpatterns: list = [
    path("", include("accounts.urls")),
]
