from django.urls import path

from accounts.views import session

app_name = "accounts"
urlpatterns = [
    path("login/", session.login, name="login"),
    path("logout/", session.leave, name="logout"),
    path("language/", session.language, name="language"),
    path("password/", session.password_change, name="password_change"),
    path("profile/", session.profile, name="profile"),
    path("jobs/", session.Jobs.as_view(), name="jobs"),
    path("jobs/<int:pk>/", session.job, name="job"),
]
