"""A book may be there more than once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="book",
            name="copies",
            field=models.PositiveSmallIntegerField(default=1),
        )
    ]
