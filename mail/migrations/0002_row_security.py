"""The second wall: PostgreSQL shows a transaction the rows of its owner only."""

from django.db import migrations

from accounts.rowsecurity import Guard


class Migration(migrations.Migration):
    dependencies = [("mail", "0001_initial")]
    operations = [
        Guard("Thread"),
        Guard("Email"),
        Guard("Message"),
        Guard("MessageRef"),
        Guard("Folder"),
        Guard("SyncRun"),
    ]
