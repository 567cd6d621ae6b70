"""The side of the browser tests that may use the models; runs in a process of its own, a line of JSON an act."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management import call_command
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.accounts.services import team_add
from leaderboard.awards.models import Call, Criterion, Letter
from leaderboard.awards.services import review_assign, review_save, seat_add
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, Received, Run
from leaderboard.evaluations.services import audit_acknowledge
from leaderboard.hospitals.models import Case, CohortCheck, Enrolment, Hospital
from leaderboard.lib import encrypted
from leaderboard.notices.announcements import announcement_publish
from leaderboard.notices.models import Announcement
from leaderboard.rankings.services import private_numbers_make
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import statements_keep, submission_create
from leaderboard.webhooks.models import Delivery, Hook
from tests import factories, letters
from tests.leaderboard.stage import make_stage

PASSWORD = "a long enough sentence"
LOG = "loading weights\nTraceback (most recent call last):\nFileNotFoundError: /opt/ml/model/weights.pt\n"
SAMPLE = [
    {"case": f"sample-{number}", "cancer": number < 2, "likelihood": None, "lesions": int(number < 2), "hit": 0}
    | {"findings": 0, "seconds": None, "failure": "exit-code", "reason": "The container ended with exit code 1."}
    for number in range(4)
]


def furnish(*, folder: str) -> None:
    """Two hospitals of real tiny scans, people, a ranking of three models, one that was refused and one that failed."""
    call_command("migrate", verbosity=0)
    team = factories.TeamFactory.create(name="Uppsala Imaging", slug="uppsala-imaging")
    member = person("member", name="Mira Member")
    team_add(team=team, user=member)
    team_add(team=factories.TeamFactory.create(name="Rivals", slug="rivals"), user=person("rival", name="Rita Rival"))
    person("organiser", name="Olga Organiser", is_organiser=True)
    person("funder", name="Frida Funder", is_reviewer=True)
    for part, name in (("reviewer", "Rune Reviewer"), ("second", "Siv Second"), ("third", "Tora Third")):
        person(part, name=name, is_reviewer=True)
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
    suspects()
    audits()
    desks()
    award(benchmark)
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
        try_out=SAMPLE,
        checks=[{"check": "the archive holds one image", "ok": True, "detail": "linux/amd64, 4 layers"}],
    )
    private = factories.SubmissionFactory.create(**given, model="Private", accepted=True, public=False)
    private_numbers_make(pk=factories.make_done(private, misses=1).pk)
    careful = Submission.objects.get(model="Careful")
    texts = {"technology": "A 3D U-Net.", "limitations": "Small tumours in the tail were few."}
    statements_keep(submission=careful, texts=texts, by=member)
    slow = factories.make_done(factories.SubmissionFactory.create(**given, model="Slow", accepted=True))
    failed, waiting = slow.runs.order_by("pk")
    Run.objects.filter(pk=failed.pk).update(
        state=Run.State.FAILED, failure="time-limit", fault="submission", reason="Case limit of 60 s exceeded."
    )
    Run.objects.filter(pk=waiting.pk).update(state=Run.State.WAITING, cases_done=0)
    Evaluation.objects.filter(pk=slow.pk).update(state=Evaluation.State.RUNNING)


def suspects() -> None:
    """Three at the hospital whose data steward looks at them."""
    hospital = Hospital.objects.get(slug="harbour")
    hospital.stewards.add(person("steward", name="Stig Steward"))
    agreeing = [Evaluation.objects.get(submission__model=model) for model in ("Careful", "Wolf")]
    for name in ("case00", "case01", "case03"):
        factories.make_suspect(Case.objects.get(cohort__hospital=hospital, case=name), agreeing)


def award(benchmark: Benchmark) -> None:
    """A call in review: of one letter Rune has a draft and Siv's review is locked, of the other Rune has said
    nothing; and a call that is open."""
    member, rival, organiser, rune, siv = (
        User.objects.get(email=f"{part}@example.org") for part in ("member", "rival", "organiser", "reviewer", "second")
    )
    call = letters.make_call(benchmark, by=organiser)
    for reviewer in (rune, siv):
        seat_add(call=call, user=reviewer, decides=reviewer == rune, by=organiser)
    careful = Submission.objects.get(model="Careful")
    letters.letter_row(call, member.teams.get(), by=member, submissions=[careful])
    letters.letter_row(call, rival.teams.get(), by=rival)
    letters.close(call)
    own, other = call.letters.select_related("call", "team").order_by("pk")
    for letter in (own, other):
        letters.review_by(letter, siv, asked_by=organiser)
    letters.clear(own, rune, organiser)
    draft = review_assign(letter=own, reviewer=rune, by=organiser)
    review_save(review=draft, by=rune, importance=2, importance_why="Small tumours can be cured.")
    letters.make_call(benchmark, by=organiser, slug="open", title="Fewer false alarms")


def close_call(*, slug: str) -> None:
    """Two weeks pass for it."""
    letters.close(Call.objects.get(slug=slug))


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


def desks() -> None:
    """What organisers and data stewards look after: a faulty folder, a machine of its own, news, a web-hook."""
    organiser = User.objects.get(email="organiser@example.org")
    seaside = Hospital.objects.create(slug="seaside", name="Seaside", country="Portugal")
    now = timezone.now()
    gpu = {"name": "NVIDIA H100 80GB HBM3", "memory_bytes": 85_899_345_920}
    said = {"version": "0.1.0", "engine": "docker 28.5.1", "fit": True, "slots": 1, "gpus": [gpu]}
    Enrolment.objects.create(
        hospital=seaside, public_key="0" * 44, joined_at=now, last_seen=now, presence=said, presence_serial=7
    )
    for kind, count in (("joined", 1), ("cohort", 1), ("presence", 2880)):
        text = '{"schema":"evaluator-report/1"}'
        Received.objects.create(
            hospital=seaside,
            kind=kind,
            serial=count,
            sent=now,
            size=len(text),
            sha256=f"{count:064x}",
            text=text,
            count=count,
        )
    where = {"what": "'old' is not a number from 0 to 125", "where": "cases.csv row 3, column age"}
    missing = {"what": "is missing", "where": "images/case-with-a-rather-long-name-0017/ct.nii.gz"}
    faults = [{"why": "", "next_step": "", **fault} for fault in (where, missing)]
    CohortCheck.objects.create(
        hospital=Hospital.objects.get(slug="lakeside"),
        folder="/srv/cohorts/lakeside-2026",
        state=CohortCheck.State.FAULTY,
        faults=faults,
        cases_total=8,
        cases_done=8,
        finished=now,
        by=organiser,
    )
    old = Announcement(
        title="The first final opens in January", text="Every team names its finalist before.\n\nSee you!", public=True
    )
    announcement_publish(announcement=old, by=organiser)
    secret = encrypted.encrypt("a secret of some length")
    hook = Hook.objects.create(
        name="Pager", url="https://pager.example.org/hooks/1", events=["alert.raised"], secret=secret
    )
    body = '{"id": "1", "event": "alert.raised", "alert": {"hospital": "seaside", "kind": "refused"}}'
    Delivery.objects.create(
        hook=hook,
        event="alert.raised",
        body=body,
        state="delivered",
        status=204,
        attempt=1,
        next_attempt_at=None,
        delivered_at=now,
    )
    Delivery.objects.create(
        hook=hook,
        event="alert.raised",
        body=body,
        state="failed",
        status=500,
        error="It answers 500.",
        attempt=8,
        next_attempt_at=None,
    )


def rows() -> dict[str, int]:
    """The keys of what the pages of organisers are about."""
    return {
        "check": CohortCheck.objects.earliest("pk").pk,
        "hook": Hook.objects.earliest("pk").pk,
        "person": User.objects.get(email="member@example.org").pk,
    }


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
            benchmark=Benchmark.objects.get(slug="pancreas-ct"),
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
    """The key of every model's submission, of the two letters in review, and a hospital of the panel."""
    own, other = Letter.objects.filter(call__slug="early-tumours").order_by("pk")
    found = {submission.model: str(submission.pk) for submission in Submission.objects.all()}
    hospital = Benchmark.objects.get(slug="pancreas-ct").cohorts.earliest("pk").hospital
    return found | {"letter": str(own.pk), "undeclared": str(other.pk), "hospital": hospital.slug}


def gallery() -> dict[str, str]:
    """The keys of a case, and of its cohort, at the steward's hospital."""
    case = Case.objects.get(cohort__hospital__slug="harbour", case="case00")
    return {"case": str(case.pk), "cohort": str(case.cohort_id)}


ACTS = {act.__name__: act for act in (furnish, login_link, hand_in, rows, submissions, gallery, close_call)}


def serve() -> None:
    for line in sys.stdin:
        act, given = json.loads(line)
        answer = ACTS[act](**given)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
