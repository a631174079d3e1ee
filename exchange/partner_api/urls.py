"""Addresses of keys; part of `exchange.urls`."""

from django.urls import path

from exchange.partner_api import views

urlpatterns = [
    path("keys/", views.Keys.as_view(), name="keys"),
    path("keys/new/", views.key_new, name="key_new"),
    path("keys/<int:pk>/", views.key, name="key"),
    path("keys/<int:pk>/rotate/", views.key_rotate, name="key_rotate"),
    path("keys/<int:pk>/revoke/", views.key_revoke, name="key_revoke"),
]
