"""Publishing a ranking for good: everybody gets the table of patients that it can be computed from again."""

from __future__ import annotations

import hashlib
import io
import logging
import zipfile
from typing import Any

from django.db import transaction

from evaluator.errors import EvaluatorError
from evaluator.ranking import Entry as Answered
from evaluator.ranking.snapshot import RECORD, TABLE, freeze_entries
from evaluator.ranking.snapshot import Snapshot as Record
from evaluator.results import dump, to_builtins
from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.lib.cells import csv_text
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import Entry, FinalRanking, Snapshot
from leaderboard.rankings.selectors import answers_of
from leaderboard.rankings.services.make import inputs_of
from leaderboard.rankings.services.numbers import numbers_of
from leaderboard.rankings.signals import ranking_published

logger = logging.getLogger(__name__)

NAMES, MANUAL = "models.csv", "README.txt"
CONSTANT = (2000, 1, 1, 0, 0, 0)  # the same content is the same archive
HELP = """{title}, ranking {number}
ranking  {ranking}
record   {id}

snapshot.json  the ranking: every number, the inputs by digest, the versions of the rules, the seed
patients.csv   a row for each patient under a number that means nothing outside this file; what few share is "withheld"
models.csv     which submission is which model

Compute it again and compare every number:  python -m evaluator rank --verify FOLDER
"""


@transaction.atomic
def ranking_publish_final(*, snapshot: Snapshot, by: User | None) -> FinalRanking:
    """Publish it with its table of patients. It cannot be taken back; published again, it stays as it is.

    Raises
    ------
    Refusal
        It is not published or not the newest, it or what it was made of has changed since, or nothing in it was ranked.
    """
    snapshot = Snapshot.objects.select_for_update().select_related("benchmark").get(pk=snapshot.pk)
    if known := FinalRanking.objects.filter(snapshot=snapshot).first():
        return known
    if not snapshot.published:
        raise Refusal(f"{snapshot} cannot be final.", why="It is not published.")
    if later := Snapshot.objects.filter(
        benchmark=snapshot.benchmark, number__gt=snapshot.number, published=True
    ).first():
        raise Refusal(
            f"{snapshot} cannot be final.",
            why=f"Ranking {later.number} has come since: what is over is not made final afterwards.",
            next_step="Publish the newest one for good.",
        )
    if snapshot.keeps_strata:
        raise Refusal(
            f"{snapshot} cannot be final.",
            why="Its strata are kept for the benchmark's final, and the table of patients would tell them.",
            next_step="Open the final first: manage.py open_final.",
        )
    if snapshot.digest() != snapshot.sha256:
        raise Refusal(f"{snapshot} cannot be final.", why="It does not say what it said when it was made.")
    entries = entries_in(snapshot)
    try:
        frozen, table = record_of(snapshot, entries)
    except EvaluatorError as error:
        raise Refusal(f"{snapshot} cannot be final.", why=str(error)) from error
    archive = packed(snapshot, frozen, table)
    final = FinalRanking(
        snapshot=snapshot,
        record_id=frozen.id,
        archive=archive,
        sha256=hashlib.sha256(archive).hexdigest(),
        published_by=by,
    )
    final.full_clean()
    final.save()
    logger.info("%s is final as %s by user %s", snapshot, frozen.id, by and by.pk)
    ranking_published.send(sender=Snapshot, snapshot_id=snapshot.pk, final=True)
    record(
        "ranking.final", f"{snapshot.benchmark.slug} ranking {snapshot.number}", by=by.pk if by else None, id=frozen.id
    )
    return final


def entries_in(snapshot: Snapshot) -> list[Answered]:
    """What the ranking was made of, if that is still what it was."""
    evaluations = [entry.evaluation for entry in snapshot.entries.select_related("evaluation__submission")]
    evaluations.sort(key=lambda evaluation: (evaluation.submission.created, evaluation.pk))
    inputs = inputs_of(snapshot.benchmark, evaluations)
    if json_digest(inputs) != snapshot.inputs_sha256:
        raise Refusal(
            f"{snapshot} cannot be final.",
            why="A cohort result, the benchmark's rules or this program changed since it was made.",
            next_step="Publish the newest ranking instead; it is made by itself when something changes.",
        )
    return answers_of(
        [
            numbers_of(snapshot.benchmark, evaluation, given=given)
            for evaluation, given in zip(evaluations, inputs["submissions"], strict=True)
        ]
    )


def record_of(snapshot: Snapshot, entries: list[Answered]) -> tuple[Record, bytes]:
    """The engine's snapshot. The numbers of patients are dealt by chance, and nobody keeps the seed of that."""
    benchmark = snapshot.benchmark
    inputs = {
        name_of(one["submission"], cohort): cohort["sha256"]
        for one in snapshot.inputs["submissions"]
        for cohort in one["cohorts"]
    }
    frozen, table = freeze_entries(
        entries,
        panel_minimum=benchmark.panel_minimum,
        public_minimum=benchmark.public_minimum,
        replicates=benchmark.replicates,
        seed=snapshot.seed,
        inputs={name: f"sha256:{digest}" for name, digest in inputs.items()},
    )
    if to_builtins(frozen.ranking) != snapshot.ranking:
        raise Refusal(
            f"{snapshot} cannot be final.",
            why="Computed again here, its numbers differ: another version of a library made them.",
            next_step="Publish the newest ranking instead.",
        )
    return frozen, table


def name_of(submission: str, cohort: dict[str, Any]) -> str:
    """Of a cohort result; one that only an operating point was frozen on says so."""
    name = f"{submission} at {cohort['hospital']}, {cohort['cohort']} {cohort['version']}"
    return f"{name}, calibration" if cohort["calibrates"] else name


def packed(snapshot: Snapshot, record: Record, table: bytes) -> bytes:
    said: dict[str, Any] = {
        "title": snapshot.benchmark.title,
        "number": snapshot.number,
        "ranking": f"sha256:{snapshot.sha256}",
        "id": record.id,
    }
    files = {MANUAL: HELP.format(**said).encode(), RECORD: dump(record), TABLE: table, NAMES: names_in(snapshot)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, CONSTANT), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def names_in(snapshot: Snapshot) -> bytes:
    entries = Entry.objects.filter(snapshot=snapshot).select_related("evaluation__submission__team")
    submissions = (entry.evaluation.submission for entry in entries)
    rows = [(str(one.pk), one.model, one.team.name, one.image) for one in submissions]
    return csv_text([("submission", "model", "team", "image"), *rows]).encode()
