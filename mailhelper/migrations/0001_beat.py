"""Beat's entries, made once: they are the operators' to change from then on."""

from django.db import migrations

ENTRIES = {
    "Queue the syncs that are due": ("mail.dispatch_syncs", 15),
    "Keep house at the door": ("accounts.housekeeping", 60),
    "Drop what mail and syncs leave behind": ("mail.housekeeping", 900),
}


def make(apps, schema_editor):
    schedules = apps.get_model("django_celery_beat", "IntervalSchedule").objects
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects
    for name, (task, seconds) in ENTRIES.items():
        every, _ = schedules.get_or_create(every=seconds, period="seconds")
        tasks.get_or_create(name=name, defaults={"task": task, "interval": every, "queue": "interactive"})
    changes = apps.get_model("django_celery_beat", "PeriodicTasks").objects
    changes.get_or_create(ident=1, defaults={"last_update": "2000-01-01T00:00:00Z"})


class Migration(migrations.Migration):
    dependencies = [("django_celery_beat", "0019_alter_periodictasks_options")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop, elidable=False)]
