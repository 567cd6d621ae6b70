"""145 hospitals at work, for half a minute or for twenty: every case result counts once, and no message is lost.

PostgreSQL, RabbitMQ, the platform's worker with beat, its intake, each hospital's user, queue, exchange, key, journal
and outbox are real; in place of containers there is a fake engine (`tests.hospitals.crowd`). Nothing is asserted of
time: figures are shown.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker, Settings

from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.hospitals.models import Alert, Enrolment
from leaderboard.rankings.models import Snapshot
from tests.engines import require_root
from tests.hospitals import gauges
from tests.hospitals.central import Central, central, database_at
from tests.hospitals.load import CASES, REFUSED, SENT, UNSENT, Plan, open_crowd
from tests.hospitals.measured_load import Load
from tests.hospitals.services import Services, services

# Two cores start a dozen hospitals in some seconds; for 145 they need longer than all of the half minute.
SHORT = Plan(hospitals=12, submissions=4, every=8.0)
LONG = Plan(hospitals=145, submissions=13, every=100.0)  # the last one comes after twenty minutes
PRODUCTION = {
    "REGISTRY_URL": "",
    "LEASE_SECONDS": "60",
    "HOSPITAL_LEASE_SECONDS": "120",
    "RECONCILE_SECONDS": "10",
    "RETRY_SECONDS": "30",
    "RING_AGAIN_SECONDS": "60",
    "ORDER_AGAIN_SECONDS": "60",
    "DOCKER_HOST": "unix:///nowhere",  # nobody's engine has a part in this
}
STOP_SECONDS = 120.0


@pytest.fixture
def own() -> Iterator[Services]:
    require_root()  # PostgreSQL runs as another user
    with tempfile.TemporaryDirectory(prefix="cil-load-") as folder:
        Path(folder).chmod(0o711)
        with services(Path(folder)) as found:
            gauges.observe_statements(found)
            yield found


@pytest.fixture
def database(own: Services, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    url = own.create_database("platform")
    with django_db_blocker.unblock(), database_at(url):
        call_command("migrate", verbosity=0)
        yield url


@pytest.fixture
def platform(own: Services, database: str, data_folder: Path, tmp_path: Path, settings: Settings) -> Iterator[Central]:
    settings.CELERY_BROKER_URL, settings.BROKER_ADMIN_URL = own.broker_url, own.admin_url
    with central(own, data=data_folder, database=database, logs=tmp_path, **PRODUCTION) as found:
        found.start()
        yield found


def carry_through(load: Load) -> None:
    """Everything that must be so whatever the speed."""
    load.carry_out()
    plan = load.plan
    assert set(Run.objects.values_list("state", "attempt")) == {(Run.State.DONE, 1)}
    assert set(Evaluation.objects.values_list("state", flat=True)) == {Evaluation.State.DONE}
    assert load.looks
    assert load.overdue == 0
    _count_once(plan)
    _lose_nothing(load)
    assert not Alert.objects.exists()
    for process in (load.platform.worker, load.platform.intake, load.crowd.worker):
        assert "Traceback" not in process.said()
        assert "ALERT" not in process.said()


def _count_once(plan: Plan) -> None:
    """Every case result exactly once."""
    results = CohortResult.objects.select_related("run__cohort", "run__evaluation__submission")
    counted = Counter(
        (result.run.evaluation.submission.model, result.run.cohort_id, case["case"]["case"])
        for result in results
        for case in result.payload["cohorts"][0]["cases"]
    )
    assert len(counted) == plan.runs * CASES
    assert set(counted.values()) == {1}


def _lose_nothing(load: Load) -> None:
    """As many messages were read as were sent, both ways, none waits, and hospitals refused none."""
    load.crowd.worker.stop(seconds=STOP_SECONDS)  # what waits in outboxes is sent
    assert load.crowd.count(UNSENT) == 0
    assert load.crowd.count(REFUSED) == 0
    reports, orders = load.crowd.count(SENT), sum(Enrolment.objects.values_list("serial", flat=True))

    def settled() -> bool:
        found = gauges.queues(load.own)
        work = [queue for queue in found if queue.name.startswith("work.")]
        results = [queue for queue in found if queue.name.startswith("results.")]
        return (
            sum(queue.waiting for queue in found) == 0
            and sum(queue.taken for queue in work) == sum(queue.published for queue in work) == orders
            and sum(queue.taken for queue in results) == sum(queue.published for queue in results) == reports
        )

    load.platform.intake.wait_until(settled)


@pytest.fixture
def loaded(
    own: Services,
    platform: Central,
    database: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> Callable[[Plan], None]:
    """Carries a plan through, and shows its figures."""

    def carried(plan: Plan) -> None:
        with open_crowd(tmp_path, hospitals=plan.hospitals) as crowd:
            load = Load(plan=plan, own=own, platform=platform, crowd=crowd, database=database)
            carry_through(load)
            assert Snapshot.objects.exists()
            record_property("shown", load.shown())

    return carried


def test_hospitals_under_load_every_case_counts_once(loaded: Callable[[Plan], None]) -> None:
    loaded(SHORT)


@pytest.mark.long("load")
def test_all_145_hospitals_for_twenty_minutes(loaded: Callable[[Plan], None]) -> None:
    loaded(LONG)
