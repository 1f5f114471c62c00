"""Pages of mail."""

from django.urls import include, path

from mail.views.body import body
from mail.views.doctor import doctor
from mail.views.inbox import inbox
from mail.views.matrix import matrix
from mail.views.message import show
from mail.views.parts import show_part
from mail.views.source import source

_MAIL = [
    path("<int:pk>/", show, name="show"),
    path("<int:pk>/body/", body, name="body"),
    path("<int:pk>/parts/<int:index>/", show_part, name="part"),
    path("<int:pk>/source/", source, name="source"),
]
urlpatterns = [
    path("", matrix, name="matrix"),
    path("inbox/", inbox, name="inbox"),
    path("accounts/<int:pk>/doctor/", doctor, name="doctor"),
    path("mail/", include((_MAIL, "mail"))),
]
