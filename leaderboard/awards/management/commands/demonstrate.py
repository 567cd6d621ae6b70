"""Set the demonstration up and watch it until every example is ranked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluator.errors import EvaluatorError
from leaderboard.adjudication.models import Search, Suspect
from leaderboard.adjudication.services import search_run
from leaderboard.awards.services import (
    demonstration_calls,
    demonstration_create,
    demonstration_name_finalists,
    demonstration_submit,
)
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.selectors import worker_states
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import eligible, newest_snapshot
from leaderboard.rankings.services import ranking_publish_final, search_missing, snapshot_make
from leaderboard.submissions.models import Submission

LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 600.0


class Command(BaseCommand):
    help = (
        "Draw four hospitals, hand in the example archives, wait until workers have ranked them, and call for letters. "
        "Again, it keeps what is there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--folder", type=Path, help="where the cohorts lie (default: demo/cohorts in the data folder)"
        )
        parser.add_argument("--archives", type=Path, help="saved example images (default: examples in the data folder)")

    def handle(self, *args: Any, **options: Any) -> None:
        archives: Path = options["archives"] or settings.DATA / "examples"
        try:
            benchmark = demonstration_create(
                folder=options["folder"] or settings.DATA / "demo" / "cohorts", say=self.say
            )
            submissions = demonstration_submit(benchmark=benchmark, archives=archives, say=self.say)
        except (Refusal, EvaluatorError) as error:
            raise CommandError(str(error)) from error
        if not submissions:
            raise CommandError(
                f"No example is in {archives}. Build and save them: bash docker/examples/build.sh --save DIR"
            )
        self.watch(benchmark, [submission.pk for submission in submissions])
        demonstration_calls(benchmark=benchmark, say=self.say)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def watch(self, benchmark: Benchmark, pks: list[Any]) -> None:
        """Say what changes; end when nothing is left to wait for."""
        said: dict[str, str] = {}
        scans = 0
        changed = time.monotonic()
        warned = False
        while True:
            rows = list(Submission.objects.filter(pk__in=pks).order_by("created"))
            news = {row.model: line for row in rows if said.get(row.model) != (line := standing(row))}
            for model, line in news.items():
                self.say(f"{model}: {line}")
            said |= news
            if news:
                demonstration_name_finalists(submissions=rows)  # once accepted, before anything is known of it
            if news or scans != (scans := scans_done(rows)):
                changed = time.monotonic()
            if all(is_over(submission) for submission in rows) and nothing_is_unranked(benchmark):
                return self.conclude(benchmark, rows)
            silence = time.monotonic() - changed
            if not warned and silence > settings.LEASE_SECONDS and not any(one.alive for one in worker_states()):
                warned = True
                self.say("No worker is there. Start one: celery -A leaderboard worker --beat -Q platform,hospitals")
            if silence > PATIENCE_SECONDS:
                raise CommandError(
                    f"Nothing has happened for {PATIENCE_SECONDS / 60:.0f} minutes. Look at the workers' log."
                )
            time.sleep(LOOK_SECONDS)

    def conclude(self, benchmark: Benchmark, rows: list[Submission]) -> None:
        missed = [row for row in rows if not is_ranked(row)]
        if missed:
            raise CommandError("; ".join(f"{row.model}: {standing(row)}" for row in missed))
        snapshot_make(benchmark=benchmark)  # an earlier version of this program may have made the newest
        snapshot = newest_snapshot(benchmark)
        if snapshot is not None:
            try:
                final = ranking_publish_final(snapshot=snapshot, by=None)
            except Refusal as refusal:
                raise CommandError(str(refusal)) from refusal
            self.say(
                f"Ranking {snapshot.number} is published with {len(rows)} submissions, as final: {final.record_id}"
            )
            self.look_for_suspects(benchmark, snapshot)

    def look_for_suspects(self, benchmark: Benchmark, snapshot: Snapshot) -> None:
        """As a worker does after any ranking; here the gallery is not to be empty when the command ends."""
        search_missing(benchmark)
        search_run(pk=Search.objects.get(benchmark=benchmark, ranking=snapshot.number).pk)
        count = Suspect.objects.filter(benchmark=benchmark).count()
        self.say(
            f"Leading models agree on {count} places where no lesion is drawn: organisers find them in the gallery"
        )


def standing(submission: Submission) -> str:
    """Where a submission is, in a line."""
    if submission.state in Submission.GONE:
        return f"{submission.get_state_display()} {submission.reason}".strip()
    evaluation = Evaluation.objects.filter(submission=submission).first()
    if evaluation is None:
        retried = f" ({submission.reason} Tried again.)" if submission.reason else ""
        return f"{submission.get_state_display()}{retried}"
    runs = list(evaluation.runs.all())
    if evaluation.operating_point is None and not any(run.state == Run.State.FAILED for run in runs):
        return "its operating point is being frozen on calibration patients"
    runs = [run for run in runs if not run.calibrates or run.state == Run.State.FAILED]
    done = sum(run.state == Run.State.DONE for run in runs)
    failed = "; ".join(run.reason for run in runs if run.state == Run.State.FAILED)
    line = f"{evaluation.get_state_display()}, {done} of {len(runs)} hospitals"
    return f"{line}: {failed}" if failed else line


def scans_done(submissions: list[Submission]) -> int:
    runs = Run.objects.filter(evaluation__submission__in=submissions)
    return sum(runs.values_list("cases_done", flat=True))


def is_over(submission: Submission) -> bool:
    if submission.state in Submission.GONE:
        return True
    ended = (Evaluation.State.DONE, Evaluation.State.FAILED, Evaluation.State.CANCELLED)
    return Evaluation.objects.filter(submission=submission, state__in=ended).exists()


def is_ranked(submission: Submission) -> bool:
    return Evaluation.objects.filter(submission=submission, state=Evaluation.State.DONE).exists()


def nothing_is_unranked(benchmark: Benchmark) -> bool:
    snapshot = newest_snapshot(benchmark)
    listed = list(snapshot.entries.values_list("evaluation_id", flat=True)) if snapshot else []
    return not eligible(benchmark).exclude(pk__in=listed).exists()
