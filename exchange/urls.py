"""Addresses of the exchange."""

from django.urls import include, path

from exchange import views

app_name = "exchange"
urlpatterns = [
    path("", views.Files.as_view(), name="list"),
    path("arrivals/", views.arrivals, name="arrivals"),
    path("upload/", views.upload, name="upload"),
    path("files/<int:pk>/", views.file, name="file"),
    path("files/<int:pk>/confirm/", views.confirm, name="confirm"),
    path("files/<int:pk>/decide/", views.decide, name="decide"),
    path("files/<int:pk>/prepare/", views.prepare, name="prepare"),
    path("files/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("files/<int:pk>/undo/", views.undo, name="undo"),
    path("files/<int:pk>/errors/", views.errors, name="errors"),
    path("", include("exchange.inquiries.urls")),
    path("", include("exchange.outbound_urls")),
    path("", include("exchange.partner_api.urls")),
]
