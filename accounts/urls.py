from django.urls import path

from accounts.papers import views as papers
from accounts.views import people, places, session, trail

app_name = "accounts"
urlpatterns = [
    path("login/", session.login, name="login"),
    path("logout/", session.leave, name="logout"),
    path("language/", session.language, name="language"),
    path("password/", session.password_change, name="password_change"),
    path("profile/", session.profile, name="profile"),
    path("papers/<uuid:pk>/", papers.paper, name="paper"),
    path("jobs/", session.Jobs.as_view(), name="jobs"),
    path("jobs/<int:pk>/", session.job, name="job"),
    path("users/", people.Users.as_view(), name="users"),
    path("users/new/", people.user_new, name="user_new"),
    path("users/<int:pk>/", people.user, name="user"),
    path("users/<int:pk>/edit/", people.user_edit, name="user_edit"),
    path("users/<int:pk>/deactivate/", people.user_deactivate, name="user_deactivate"),
    path("users/<int:pk>/activate/", people.user_activate, name="user_activate"),
    path("users/<int:pk>/reset/", people.user_reset, name="user_reset"),
    path("organisations/", places.Organisations.as_view(), name="organisations"),
    path("organisations/new/", places.organisation_new, name="organisation_new"),
    path("organisations/<int:pk>/", places.organisation, name="organisation"),
    path("regions/", places.Regions.as_view(), name="regions"),
    path("regions/import/", places.regions_import, name="regions_import"),
    path("regions/import/confirm/", places.regions_confirm, name="regions_confirm"),
    path("audit/", trail.Changes.as_view(), name="audit"),
    path("audit/reads/", trail.Reads.as_view(), name="reads"),
    path("audit/<str:label>/<int:pk>/", trail.event, name="audit_event"),
]
