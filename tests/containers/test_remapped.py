"""An engine that remaps users ("userns-remap"): the doctor finds it fit, and faults cost what they cost elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evaluator.cohort import Cohort
from evaluator.container import labels
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.doctor import LAYER, diagnose
from tests.containers.conftest import FIRST_ID, SECOND, Second
from tests.containers.submissions import FOLDER, Images
from tests.containers.test_faults import (  # noqa: F401 - its tests, on this module's engine
    cohort,
    failures,
    run,
    test_a_container_that_crashes_on_one_case_costs_that_case_and_not_the_run,
    test_an_exit_code_with_a_meaning_has_its_class,
)

pytestmark = [pytest.mark.containers, SECOND]


@pytest.fixture
def engine(second: Second, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerEngine]:
    monkeypatch.setenv("DOCKER_HOST", second.address)  # loading an image connects anew
    yield second.engine
    assert [owned for owned in second.engine.owned() if owned.supervisor == labels.supervisor()] == []


@pytest.fixture
def images(second: Second) -> Images:
    return second.images


def test_it_is_fit_for_held_out_scans(engine: DockerEngine) -> None:
    found = diagnose(engine)
    assert found.fit
    assert [finding.check for finding in found.findings if not finding.ok] == [LAYER]  # its disk is memory
    assert found.facts.first_ids == (FIRST_ID, FIRST_ID)


def test_who_is_root_or_anybody_in_a_container_is_nobody_on_the_host(
    engine: DockerEngine,
    images: Images,
    cohort: Cohort,  # noqa: F811
) -> None:
    script = f"assert open('/proc/self/uid_map').read().split() == ['0', '{FIRST_ID}', '65536']\n"
    image = images.of(FOLDER + script + "for case in cases: answer(case)\n")
    assert set(failures(run(engine, image, cohort))) == {None}
