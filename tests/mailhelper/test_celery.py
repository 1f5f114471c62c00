"""The worker's hold on its database."""

import psycopg
import pytest
from celery.signals import task_prerun
from django.db import connection


@pytest.mark.django_db(transaction=True)
def test_a_task_after_the_database_ended_the_connection_gets_a_new_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (before,) = cursor.fetchone()
    settings = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{name: settings[name] for name in names if name in settings}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [before])
    task_prerun.send(sender="a test")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (before,)
