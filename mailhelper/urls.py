"""Which page is where."""

from django.contrib import admin
from django.urls import include, path

from mailhelper.privacy import page

urlpatterns = [
    path("settings/privacy/", page.privacy, name="privacy"),
    path("", include("mail.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
handler500 = "mailhelper.errors.server_error"
