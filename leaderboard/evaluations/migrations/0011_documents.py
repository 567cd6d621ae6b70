"""Cohort results become documents in the data folder; what pages ask of them stays in the row."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from leaderboard.lib import documents


def write_documents(apps: Any, schema_editor: Any) -> None:
    results = apps.get_model("evaluations", "CohortResult").objects.order_by("pk")
    for result in results.iterator(chunk_size=20):
        cohort = result.payload["cohorts"][0]
        result.document = documents.keep_json(result.payload)
        result.cases = len(cohort["cases"])
        result.failed = sum(case.get("failure") is not None for case in cohort["cases"])
        result.audit = cohort.get("audit")
        result.save(update_fields=["document", "cases", "failed", "audit"])


def write_payloads(apps: Any, schema_editor: Any) -> None:
    results = apps.get_model("evaluations", "CohortResult").objects.order_by("pk")
    for result in results.iterator(chunk_size=20):
        result.payload = documents.read_json(result.document)
        result.save(update_fields=["payload"])


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0010_hospitals_own_machines")]

    operations = [
        migrations.AlterField(
            model_name="cohortresult",
            name="sha256",
            field=models.CharField(help_text="Of what was received; the audit log has it too.", max_length=64),
        ),
        migrations.AddField(
            model_name="cohortresult",
            name="document",
            field=models.CharField(default="", help_text="Of the file in the data folder.", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="cohortresult", name="cases", field=models.PositiveIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="cohortresult",
            name="failed",
            field=models.PositiveIntegerField(default=0, help_text="Of the cases."),
        ),
        migrations.AddField(
            model_name="cohortresult",
            name="audit",
            field=models.JSONField(
                blank=True, help_text="`evaluator.records.Audit`; empty where none was made.", null=True
            ),
        ),
        migrations.AlterField(model_name="cohortresult", name="payload", field=models.JSONField(default=dict)),
        migrations.RunPython(write_documents, write_payloads),
        migrations.RemoveField(model_name="cohortresult", name="payload"),
    ]
