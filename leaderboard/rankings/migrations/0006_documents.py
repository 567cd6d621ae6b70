"""Rankings become documents in the data folder; what the leaderboard shows of them stays in its entries."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from evaluator.records import Rate
from evaluator.statistics.mean import mean_of
from leaderboard.lib import documents

PARTS = ("models", "pairs", "kendall_tau", "leave_one_hospital_out", "new_hospital", "attributes")
BY_CONTENT = 1


def write_documents(apps: Any, schema_editor: Any) -> None:
    for snapshot in apps.get_model("rankings", "Snapshot").objects.order_by("pk").iterator(chunk_size=5):
        fill_entries(apps, snapshot)
        ranking, report = dict(snapshot.ranking), dict(snapshot.report)
        models_of = report.pop("models", [])
        snapshot.rules = snapshot.inputs.get("rules", {})
        snapshot.documents = {
            "inputs": documents.keep_json(snapshot.inputs),
            "ranking": {
                **{name: documents.keep_json(ranking.pop(name)) for name in PARTS if name in ranking},
                "rest": documents.keep_json(ranking),
            },
            "models": [[model["model"], documents.keep_json(model)] for model in models_of],
            "report": documents.keep_json(report),
        }
        snapshot.scheme = BY_CONTENT  # its digest is of what the documents say
        snapshot.save(update_fields=["rules", "documents", "scheme"])


def fill_entries(apps: Any, snapshot: Any) -> None:
    entries = list(
        apps.get_model("rankings", "Entry").objects.filter(snapshot=snapshot).select_related("evaluation")
    )
    at = {str(entry.evaluation.submission_id): entry for entry in entries}
    for pair in snapshot.ranking.get("pairs", []):
        if pair["low"] is not None and pair["low"] <= 0 <= pair["high"] and pair["a"] in at and pair["b"] in at:
            at[pair["a"]].ties.append(at[pair["b"]].position)
            at[pair["b"]].ties.append(at[pair["a"]].position)
    for model in snapshot.ranking.get("models", []):
        if model["model"] in at:
            at[model["model"]].transfer = transfer_of(model)
    for entry in entries:
        entry.ties.sort()
        entry.save(update_fields=["ties", "transfer"])


def transfer_of(model: dict[str, Any]) -> dict[str, Any]:
    rates = {
        name: Rate(value=one["value"], low=one["low"], high=one["high"], k=None, n=None, method=one["method"])
        for name, one in model["hospitals"].items()
    }
    score, worst = mean_of(list(rates.values())), model["worst_hospital"]["hospital"]
    return {
        "score": vars(score),
        "worst": vars(rates[worst]),
        "worst_patients": model["hospitals"][worst]["patients"],
        "hospitals": len(rates),
    }


def write_columns(apps: Any, schema_editor: Any) -> None:
    for snapshot in apps.get_model("rankings", "Snapshot").objects.order_by("pk").iterator(chunk_size=5):
        named = dict(snapshot.documents["ranking"])
        rest = documents.read_json(named.pop("rest"))
        snapshot.inputs = documents.read_json(snapshot.documents["inputs"])
        snapshot.ranking = rest | {name: documents.read_json(digest) for name, digest in named.items()}
        models_of = [documents.read_json(digest) for _, digest in snapshot.documents["models"]]
        snapshot.report = documents.read_json(snapshot.documents["report"]) | {"models": models_of}
        snapshot.save(update_fields=["inputs", "ranking", "report"])


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0011_documents"), ("rankings", "0005_sealed")]

    operations = [
        migrations.AddField(
            model_name="snapshot",
            name="rules",
            field=models.JSONField(default=dict, help_text="Of its inputs: what the submissions were held to."),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="snapshot", name="documents", field=models.JSONField(default=dict), preserve_default=False
        ),
        migrations.AddField(
            model_name="snapshot",
            name="scheme",
            field=models.PositiveSmallIntegerField(
                default=2, help_text="1: digested with all that its documents say; 2: with their digests."
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="transfer",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="The score and the worst hospital's with intervals, and of how many.",
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="ties",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Positions that are not significantly different from this one.",
            ),
        ),
        migrations.CreateModel(
            name="EvaluationNumbers",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                (
                    "answers",
                    models.CharField(
                        blank=True, help_text="Document of `evaluator.ranking.packed`.", max_length=64
                    ),
                ),
                (
                    "report",
                    models.CharField(
                        blank=True, help_text="Document of `evaluator.report.ModelReport`.", max_length=64
                    ),
                ),
                (
                    "overall",
                    models.JSONField(
                        help_text="The overall block of the report, without what only a report card shows."
                    ),
                ),
                ("counts", models.JSONField(default=dict, help_text="As `Entry.counts`.")),
                ("made", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "evaluation",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty of nulls.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="numbers",
                        to="evaluations.evaluation",
                    ),
                ),
            ],
            options={"verbose_name_plural": "evaluation numbers", "ordering": ("made",)},
        ),
        *(
            migrations.AlterField(model_name="snapshot", name=name, field=models.JSONField(default=dict))
            for name in ("inputs", "ranking", "report")
        ),
        migrations.RunPython(write_documents, write_columns),
        *(migrations.RemoveField(model_name="snapshot", name=name) for name in ("inputs", "ranking", "report")),
    ]
