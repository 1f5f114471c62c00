"""An index for mail from where its account was before: mostly there is none, and every sync asks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mail", "0002_row_security")]

    operations = [
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                condition=models.Q(("uidvalidity__lt", 0)), fields=["account"], name="email_elsewhere"
            ),
        ),
    ]
