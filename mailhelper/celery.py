"""The Celery application. Beat's entries are rows made by a migration: `beat_schedule` stays empty."""

import os
from typing import Any

from celery import Celery, signals
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailhelper.settings")

app = Celery("mailhelper")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.task_prerun.connect
def use_no_dead_connection(**_: Any) -> None:
    """A connection is kept over many tasks: one that the database ended must not fail them all."""
    close_old_connections()
