"""The side of the browser tests that may use the models; runs in a process of its own, a line of JSON an act."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management import call_command

from leaderboard.accounts.models import User
from leaderboard.accounts.services import team_add
from leaderboard.awards.models import Criterion
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services import audit_acknowledge
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_create
from tests import factories
from tests.leaderboard.stage import make_stage

PASSWORD = "a long enough sentence"
LOG = "loading weights\nTraceback (most recent call last):\nFileNotFoundError: /opt/ml/model/weights.pt\n"


def furnish(*, folder: str) -> None:
    """Two hospitals of real tiny scans, people, a ranking of three models, one that was refused and one that failed."""
    call_command("migrate", verbosity=0)
    team = factories.TeamFactory.create(name="Uppsala Imaging", slug="uppsala-imaging")
    member = person("member", name="Mira Member")
    team_add(team=team, user=member)
    team_add(team=factories.TeamFactory.create(name="Rivals", slug="rivals"), user=person("rival", name="Rita Rival"))
    person("organiser", name="Olga Organiser", is_organiser=True)
    person("funder", name="Frida Funder", is_reviewer=True)
    # A new second factor ends a person's other sessions, so those who get one are nobody else in these tests.
    person("keyholder", name="Kim Keyholder")
    person("appholder", name="Ada Appholder")
    benchmark = make_stage(Path(folder), team=team, member=member).benchmark
    # Standard goals need 45 patients and more; these can be told apart with eight.
    for metric, stratum, badge in (
        ("sensitivity", "all", False),
        ("specificity", "all", False),
        ("sensitivity", "le20", True),
    ):
        label = f"{metric} ({stratum}) above 50 %".capitalize()
        Criterion.objects.create(
            benchmark=benchmark, metric=metric, stratum=stratum, badge=badge, goal=0.5, label=label, source="Made up"
        )
    factories.make_ranked(benchmark)
    audits()
    given = {"team": team, "benchmark": benchmark, "created_by": member}
    factories.SubmissionFactory.create(
        **given,
        model="Crashing",
        state=Submission.State.REFUSED,
        failure="exit-code",
        fault="submission",
        reason="The container ended with exit code 1 on the sample cases.",
        next_step="Read the log of the try-out, correct the image, and hand it in again.",
        try_out_log=LOG,
        checks=[{"check": "the archive holds one image", "ok": True, "detail": "linux/amd64, 4 layers"}],
    )
    slow = factories.make_done(factories.SubmissionFactory.create(**given, model="Slow", accepted=True))
    failed, waiting = slow.runs.order_by("pk")
    Run.objects.filter(pk=failed.pk).update(
        state=Run.State.FAILED, failure="time-limit", fault="submission", reason="Case limit of 60 s exceeded."
    )
    Run.objects.filter(pk=waiting.pk).update(state=Run.State.WAITING, cases_done=0)
    Evaluation.objects.filter(pk=slow.pk).update(state=Evaluation.State.RUNNING)


def audits() -> None:
    """One that differs, one that broke down, and one that an organiser has acknowledged."""
    blind, wolf = (Evaluation.objects.get(submission__model=model) for model in ("Blind", "Wolf"))
    factories.make_marked(blind, "dice", "volume_prediction_ml", "number of findings")
    factories.make_marked(wolf, error="MemoryError: Unable to allocate 6.02 GiB for an array of 3 × 512 × 512 × 514")
    other = factories.SubmissionFactory.create(
        team=wolf.submission.team, benchmark=blind.submission.benchmark, model="Old", accepted=True, public=False
    )
    marked = factories.make_marked(factories.make_done(other), "assd_pooled")
    audit_acknowledge(evaluation=marked, by=User.objects.get(email="organiser@example.org"))


def person(part: str, **given: Any) -> User:
    user = factories.UserFactory.create(email=f"{part}@example.org", **given)
    user.set_password(PASSWORD)
    user.save()
    return user


def login_link(*, part: str) -> str:
    """As an organiser makes one on the command line."""
    said = io.StringIO()
    call_command("login_link", f"{part}@example.org", stdout=said)
    return said.getvalue().strip()


def hand_in(*, archive: str, model: str) -> str:
    member = User.objects.get(email="member@example.org")
    with Path(archive).open("rb") as file:
        submission = submission_create(
            team=member.teams.get(),
            benchmark=Benchmark.objects.get(),
            model=model,
            archive=File(file, name=Path(archive).name),
            contract="folder",
            threshold=0.5,
            trained_on=(),
            terms=1,
            by=member,
        )
    return str(submission.pk)


def submissions() -> dict[str, str]:
    """The key of every model's submission."""
    return {submission.model: str(submission.pk) for submission in Submission.objects.all()}


ACTS = {act.__name__: act for act in (furnish, login_link, hand_in, submissions)}


def serve() -> None:
    for line in sys.stdin:
        act, given = json.loads(line)
        answer = ACTS[act](**given)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
