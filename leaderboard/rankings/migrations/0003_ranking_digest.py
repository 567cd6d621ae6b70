from __future__ import annotations

from typing import Any

from django.db import migrations, models

from leaderboard.lib.files import json_digest


def name_them(apps: Any, schema_editor: Any) -> None:
    """Rankings made before get the ID that they would have been given."""
    snapshots = apps.get_model("rankings", "Snapshot").objects.select_related("benchmark")
    for snapshot in snapshots.iterator(chunk_size=10):
        frozen = ("number", "seed", "versions", "inputs", "ranking", "report")
        said = {"benchmark": snapshot.benchmark.slug} | {name: getattr(snapshot, name) for name in frozen}
        snapshot.sha256 = json_digest(said)
        snapshot.save(update_fields=["sha256"])


class Migration(migrations.Migration):
    dependencies = [("rankings", "0002_final_ranking")]

    operations = [
        migrations.AddField(
            model_name="snapshot",
            name="sha256",
            field=models.CharField(
                default="", editable=False, help_text="Of everything above that it was made of or says.", max_length=64
            ),
            preserve_default=False,
        ),
        migrations.RunPython(name_them, migrations.RunPython.noop),
    ]
