"""The second wall: PostgreSQL shows a transaction the rows of its owner only."""

from django.db import migrations

from accounts.rowsecurity import Guard


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_accounts_complete")]
    operations = [
        Guard("SecurityEvent"),
        Guard("MailAccount"),
        Guard("BackupCode"),
        Guard("Identity"),
        Guard("ContentKey"),
        Guard("Transfer"),
        Guard("ReaderSession"),
        Guard("Grant"),
        Guard("KnownDevice"),
    ]
