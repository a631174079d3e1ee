"""Addresses of contradictions and audit; part of `claims.urls`."""

from django.urls import path

from claims.contradictions import views

urlpatterns = [
    path("contradictions/", views.Worklist.as_view(), name="contradictions"),
    path("contradictions/find/", views.find, name="contradictions_find"),
    path("contradictions/answer/", views.answer_many, name="contradictions_answer"),
    path("contradictions/<int:pk>/", views.contradiction, name="contradiction"),
    path("differences/", views.Differences.as_view(), name="differences"),
    path("protection/", views.Protection.as_view(), name="protection"),
]
