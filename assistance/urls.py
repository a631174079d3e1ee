from django.urls import path

from assistance.views import case, departments, intake, listing, moves, panel, prints

app_name = "assistance"
urlpatterns = [
    path("", listing.Applications.as_view(), name="list"),
    path("queue/", listing.Queue.as_view(), name="queue"),
    path("board/", listing.board, name="board"),
    path("notices/", listing.Notices.as_view(), name="notices"),
    path("notices/read/", listing.read_notices, name="read_notices"),
    path("questions/", listing.Questions.as_view(), name="questions"),
    path("questions/<int:pk>/", departments.question, name="question"),
    path("referrals/", listing.Referrals.as_view(), name="referrals"),
    path("referrals/<int:pk>/", departments.referral, name="referral"),
    path("new/", intake.new, name="new"),
    path("new/<int:pk>/", intake.register, name="register"),
    path("meetings/", panel.Meetings.as_view(), name="meetings"),
    path("meetings/new/", panel.meeting_new, name="meeting_new"),
    path("meetings/<int:pk>/", panel.meeting, name="meeting"),
    path("meetings/<int:pk>/minutes/", prints.minutes, name="minutes"),
    path("opinions/<int:pk>/", panel.opinion, name="opinion"),
    path("letters/<int:pk>/", prints.letter, name="letter"),
    path("<int:pk>/", case.case, name="case"),
    path("<int:pk>/papers/", intake.papers, name="papers"),
    path("<int:pk>/household/", intake.household, name="household"),
    path("<int:pk>/household/<str:what>/<int:row>/remove/", intake.remove_row, name="remove_row"),
    path("<int:pk>/household/<str:what>/<int:row>/verify/", intake.verify_row, name="verify_row"),
    path("<int:pk>/preview/", moves.preview, name="preview"),
    path("<int:pk>/sheet/", prints.sheet, name="sheet"),
    path("<int:pk>/do/<str:did>/", moves.move, name="move"),
]
