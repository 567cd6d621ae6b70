"""The table of the rate limits' cache (settings.CACHES): `migrate` makes it, so that nobody has to remember to."""

from __future__ import annotations

from django.core.management import call_command
from django.db import migrations


def make(apps, schema_editor) -> None:
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
