"""Which page is where."""

from django.contrib import admin
from django.urls import include, path

from mailhelper.leaving import views
from mailhelper.privacy import page

urlpatterns = [
    path("settings/privacy/", page.privacy, name="privacy"),
    path("", include("mail.urls")),
    path("", include("accounts.urls")),
    path("settings/leaving/", views.leaving, name="leaving"),
    path("settings/leaving/progress/", views.progress, name="leaving_progress"),
    path("settings/leaving/export/", views.export, name="leaving_export"),
    path("settings/leaving/import/", views.bring_in, name="leaving_import"),
    path("settings/leaving/delete/", views.delete, name="leaving_delete"),
    path("admin/", admin.site.urls),
]
handler500 = "mailhelper.errors.server_error"
