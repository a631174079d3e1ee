from django.urls import path

from claims.later import claim_views, views

app_name = "later"
urlpatterns = [
    path("", views.Cases.as_view(), name="list"),
    path("prepare/", views.prepare, name="prepare"),
    path("version/<int:pk>/", views.version, name="version"),
    path("adjustments/", views.Adjustments.as_view(), name="adjustments"),
    path("year-end/", views.YearEnds.as_view(), name="year_end"),
    path("year-end/run/", views.run_year_end, name="run_year_end"),
    path("<int:pk>/", views.case, name="case"),
    path("<int:pk>/lines/", views.lines, name="lines"),
    path("<int:pk>/confirm/", views.confirm, name="confirm"),
    path("<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("claim/<int:pk>/reverse/", claim_views.reverse_claim, name="reverse"),
    path("claim/<int:pk>/correct/", claim_views.correct, name="correct"),
    path("claim/<int:pk>/except/", claim_views.allow, name="except"),
    path("claim/<int:pk>/other/", claim_views.other, name="other"),
    path("claim/<int:pk>/take-back/", claim_views.take_back, name="take_back"),
    path("year/<int:pk>/", claim_views.year, name="year"),
]
