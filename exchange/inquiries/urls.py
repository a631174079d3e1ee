"""Addresses of inquiries, under the exchange's own."""

from django.urls import path

from exchange.inquiries import views

urlpatterns = [
    path("inquiries/", views.Inquiries.as_view(), name="inquiries"),
    path("inquiries/<int:pk>/", views.inquiry, name="inquiry"),
    path("files/<int:pk>/inquiries/", views.download, name="inquiry_file"),
]
