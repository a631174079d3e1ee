"""Addresses of the way out; part of `exchange.urls`."""

from django.urls import path

from exchange import outbound_views as views

urlpatterns = [
    path("deliveries/", views.Deliveries.as_view(), name="deliveries"),
    path("deliveries/<uuid:pk>/", views.delivery, name="delivery"),
    path("deliveries/<uuid:pk>/list.csv", views.delivery_file, name="delivery_file"),
    path("deliveries/<uuid:pk>/list.csv.sha256", views.delivery_sha256, name="delivery_sha256"),
    path("deliveries/<uuid:pk>/resend/", views.resend, name="resend"),
    path("partners/", views.Partners.as_view(), name="partners"),
    path("partners/new/", views.partner_new, name="partner_new"),
    path("partners/<int:pk>/", views.partner, name="partner"),
    path("partners/<int:pk>/rotate/", views.partner_rotate, name="partner_rotate"),
    path("partners/<int:pk>/retire/", views.partner_retire, name="partner_retire"),
    path("partners/<int:pk>/host-key/", views.partner_host_key, name="partner_host_key"),
    path("partners/<int:pk>/test/", views.partner_test, name="partner_test"),
]
