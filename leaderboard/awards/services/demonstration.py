"""The demonstration up to where the workers take over: hospitals, people, the benchmark, submissions handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.core.files import File

from evaluator.synthetic import synthesize
from evaluator.synthetic.hospitals import CALIBRATION, SAMPLE, choose_hospitals
from leaderboard.accounts.models import Membership, Team, User
from leaderboard.accounts.services import team_add, team_create
from leaderboard.awards.models import Finalist
from leaderboard.awards.services.criteria import criteria_create
from leaderboard.awards.services.finalists import finalist_name
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.selectors import get_terms
from leaderboard.benchmarks.services import calibration_set, pancreas_benchmark_create
from leaderboard.hospitals.models import Cohort, Hospital, Stewardship
from leaderboard.hospitals.services import cohort_import
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_create

HOSPITALS, CASES, SEED = 4, 16, 7
STEWARDED = "lakeside"  # where leading models agree on places that are no lesion, so that its steward finds a queue
FALSE_ALARM_SHARE = 0.1  # what ten or so calibration patients without cancer can promise
COUNTRY = "Made up"


@dataclass(frozen=True, kw_only=True)
class Person:
    """One for each part that is played here; the address's name is the part."""

    part: str
    name: str
    team: str = ""
    organiser: bool = False
    reviewer: bool = False

    @property
    def email(self) -> str:
        return f"{self.part}@demo.example"


@dataclass(frozen=True, kw_only=True)
class Example:
    """How an example archive (`docker/examples/<folder>`) is handed in."""

    model: str
    part: str
    contract: str = "folder"
    declared_prevalence: float | None = None
    finalist: bool = False


PEOPLE = (
    Person(part="team", name="Tess Team", team="Demo Team"),
    Person(part="rival", name="Rolf Rival", team="Rival Team"),
    Person(part="organiser", name="Olga Organiser", organiser=True),
    Person(part="funder", name="Frida Funder", reviewer=True),
    Person(part="reviewer", name="Rune Reviewer", reviewer=True),
    Person(part="steward", name="Stig Steward"),
)
EXAMPLES = {
    "blobs": Example(model="Blobs", part="team", finalist=True),
    "threshold": Example(model="Threshold", part="team"),
    "cautious": Example(model="Cautious", part="rival"),
    "grand-challenge": Example(
        model="Grand Challenge", part="rival", contract="grand-challenge", declared_prevalence=0.5, finalist=True
    ),
}


def demonstration_create(*, folder: Path, say: Callable[[str], None]) -> Benchmark:
    """Hospitals, people and the benchmark; what is there already is kept."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    drawn: list[None] = []

    def one_more() -> None:
        drawn.append(None)
        if len(drawn) % CASES == 0:
            say(f"{len(drawn)} scans drawn")

    say(f"{HOSPITALS} hospitals and one for calibration, of {CASES} scans each, in {folder}")
    paths = synthesize(folder, hospitals=HOSPITALS, cases=CASES, seed=SEED, progress=one_more, calibration=CASES)
    made = (*choose_hospitals(HOSPITALS, seed=SEED), CALIBRATION, SAMPLE)
    names = {hospital.slug: hospital.name for hospital in made}
    purposes = {SAMPLE.slug: Cohort.Purpose.SAMPLE, CALIBRATION.slug: Cohort.Purpose.CALIBRATION}
    cohorts: dict[str, list[Cohort]] = {purpose: [] for purpose in Cohort.Purpose.values}
    for path in paths:
        hospital, _ = Hospital.objects.get_or_create(
            slug=path.name, defaults={"name": names[path.name], "country": COUNTRY}
        )
        purpose = purposes.get(path.name, Cohort.Purpose.HELD_OUT)
        cohorts[purpose].append(cohort_import(hospital=hospital, folder=path, by=None, purpose=purpose))
    held_out, [sample] = cohorts[Cohort.Purpose.HELD_OUT], cohorts[Cohort.Purpose.SAMPLE]
    people_create(Hospital.objects.get(slug=STEWARDED))
    benchmark = pancreas_benchmark_create(cohorts=held_out, sample=sample, demonstration=True)
    if not benchmark.submissions.exists():
        calibration_set(
            benchmark=benchmark, cohorts=cohorts[Cohort.Purpose.CALIBRATION], false_alarm_share=FALSE_ALARM_SHARE
        )
    criteria_create(benchmark=benchmark)
    say(f"{benchmark}: {len(held_out)} hospitals, {sum(cohort.cases.count() for cohort in held_out)} held-out scans")
    return benchmark


def people_create(stewarded: Hospital) -> None:
    for person in PEOPLE:
        user = User.objects.filter(email=person.email).first() or User.objects.create_user(
            person.email, name=person.name, is_organiser=person.organiser, is_reviewer=person.reviewer
        )
        if person.team:
            team = Team.objects.filter(name=person.team).first()
            if team is None:
                team_create(name=person.team, owner=user)
            else:
                team_add(team=team, user=user, role=Membership.Role.OWNER)
        if person.part == "steward":
            Stewardship.objects.get_or_create(user=user, hospital=stewarded)


def demonstration_submit(*, benchmark: Benchmark, archives: Path, say: Callable[[str], None]) -> list[Submission]:
    """Hand in every saved example that its team has not handed in yet; all of the demonstration's submissions."""
    submissions = []
    for path in sorted(archives.glob("*.tar")):
        example = EXAMPLES.get(path.stem) or Example(model=path.stem.replace("-", " ").capitalize(), part="team")
        person = next(person for person in PEOPLE if person.part == example.part)
        team = Team.objects.get(name=person.team)
        known = Submission.objects.filter(team=team, benchmark=benchmark, model=example.model)
        submission = known.exclude(state__in=Submission.GONE).first()
        if submission is None:
            with path.open("rb") as file:
                submission = submission_create(
                    team=team,
                    benchmark=benchmark,
                    model=example.model,
                    archive=File(file, name=path.name),
                    contract=example.contract,
                    threshold=0.5,
                    declared_prevalence=example.declared_prevalence,
                    trained_on=(),
                    terms=get_terms().version,
                    by=User.objects.get(email=person.email),
                )
            say(f"{submission.model} handed in by {team}: {submission.archive_bytes / 1e6:.0f} MB")
        submissions.append(submission)
    return submissions


def demonstration_name_finalists(*, submissions: list[Submission]) -> None:
    """Each team names the example that is meant for it, unless it has named one."""
    finalists = {example.model: example.part for example in EXAMPLES.values() if example.finalist}
    for submission in submissions:
        part = finalists.get(submission.model)
        known = Finalist.objects.filter(benchmark=submission.benchmark, team=submission.team).exists()
        if part and not known and submission.state == Submission.State.ACCEPTED:
            person = next(person for person in PEOPLE if person.part == part)
            finalist_name(submission=submission, by=User.objects.get(email=person.email))
