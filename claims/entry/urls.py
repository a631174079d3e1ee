"""Addresses of entered claims; part of `claims.urls`."""

from django.urls import path

from claims.entry import views

urlpatterns = [
    path("new/", views.new_claim, name="new"),
    path("preview/", views.preview, name="preview"),
    path("entries/", views.Entries.as_view(), name="entries"),
    path("entries/persons/", views.persons, name="entry_persons"),
    path("entries/<int:pk>/", views.entry, name="entry"),
    path("entries/<int:pk>/edit/", views.edit, name="entry_edit"),
    path("entries/<int:pk>/confirm/", views.confirm, name="entry_confirm"),
    path("entries/<int:pk>/return/", views.return_, name="entry_return"),
    path("entries/<int:pk>/withdraw/", views.withdraw, name="entry_withdraw"),
    path("entries/<int:pk>/papers/<uuid:paper>/withdraw/", views.withdraw_paper, name="entry_paper_withdraw"),
]
