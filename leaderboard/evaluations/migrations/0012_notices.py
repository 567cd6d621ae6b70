from django.db import migrations, models
from django.db.models import F


def told_long_ago(apps, schema_editor):
    """What ended before there were notices is no news."""
    evaluations = apps.get_model("evaluations", "Evaluation").objects.filter(state__in=("done", "failed"))
    evaluations.update(noticed_at=F("state_since"))


class Migration(migrations.Migration):
    dependencies = [
        ("evaluations", "0011_documents"),
    ]

    operations = [
        migrations.AddField(
            model_name="evaluation",
            name="noticed_at",
            field=models.DateTimeField(blank=True, help_text="When its team was told how it ended.", null=True),
        ),
        migrations.RunPython(told_long_ago, migrations.RunPython.noop),
    ]
