"""Authenticators get a table of ours, with their secrets under the server's key; django-otp's is left."""

import accounts.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts import serverkeys
from accounts.ids import draw_ids
from accounts.sealing import Place

OLD = "otp_totp_totpdevice"
_COLUMNS = (
    "user_id, name, confirmed, key, drift, last_t, "
    "throttling_failure_timestamp, throttling_failure_count, last_used_at"
)


def move(apps, schema_editor):
    """Seal each secret, where there was a table before, and drop that."""
    connection = schema_editor.connection
    if OLD not in connection.introspection.table_names():
        return
    model = apps.get_model("accounts", "Authenticator")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM {OLD} ORDER BY id")
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    ids = draw_ids(model, len(rows)) if rows else []
    # Of a reader's several that are in one state, the first was asked for.
    model.objects.bulk_create((_sealed(model, *pair) for pair in zip(ids, rows, strict=True)), ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {OLD}")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'otp_totp'")


def _sealed(model, key, row):
    secret = bytes.fromhex(row.pop("key"))
    place = Place("server", row["user_id"], "accounts.authenticator", "secret", key)
    return model(pk=key, secret=serverkeys.seal(settings.GRANT_KEYS, secret, place), **row)


class Migration(migrations.Migration):
    dependencies = [
        ('accounts', '0003_row_security'),
    ]

    operations = [
        migrations.CreateModel(
            name='Authenticator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('throttling_failure_timestamp', models.DateTimeField(blank=True, default=None, help_text='A timestamp of the last failed verification attempt. Null if last attempt succeeded.', null=True)),
                ('throttling_failure_count', models.PositiveIntegerField(default=0, help_text='Number of successive failed attempts.')),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('secret', accounts.fields.ServerField()),
                ('drift', models.SmallIntegerField(default=0)),
                ('last_t', models.BigIntegerField(default=-1)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'confirmed'), name='authenticator_one_a_state')],
            },
        ),
        migrations.RunPython(move),
    ]
