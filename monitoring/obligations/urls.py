from django.urls import path

from monitoring.obligations import views

urlpatterns = [
    path("", views.obligations, name="obligations"),
    path("record/", views.record, name="obligation_record"),
    path("records/<int:pk>/undo/", views.undo, name="obligation_undo"),
]
