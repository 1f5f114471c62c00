"""The second wall: PostgreSQL shows a transaction the rows of its owner only."""

from django.db import migrations

from accounts.rowsecurity import Guard


class Migration(migrations.Migration):
    dependencies = [("rules", "0001_initial")]
    operations = [
        Guard("Rule"),
        Guard("RuleRun"),
    ]
