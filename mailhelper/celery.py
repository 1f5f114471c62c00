"""The Celery application. Beat's entries are rows made by a migration: `beat_schedule` stays empty."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailhelper.settings")

app = Celery("mailhelper")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
