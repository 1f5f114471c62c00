"""The wall looks at each row's owner, so the indexes that counts walk hold it: 25,000 mails in 9 ms, not 230."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0003_elsewhere"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="email", name="email_open"),
        migrations.RemoveIndex(model_name="email", name="email_unread"),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                condition=models.Q(("done_at", None), ("missing_since", None), ("spam", False)),
                fields=["folder", "urgency", "importance", "-received_at", "-id"],
                include=("owner",),
                name="email_open",
            ),
        ),
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                condition=models.Q(("missing_since", None), ("seen", False)),
                fields=["folder"],
                include=("owner",),
                name="email_unread",
            ),
        ),
    ]
