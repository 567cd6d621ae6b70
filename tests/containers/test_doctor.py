"""The doctor on the real engine: every promise looked at from inside, every limit measured, nothing left behind."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.container.certificate import FILE, VALID_SECONDS, require_fit
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.doctor import LAYER, diagnose
from evaluator.container.engine import ContainerSpec
from evaluator.errors import InputRefused, PlatformFault
from tests.containers.conftest import GVISOR
from tests.evaluator.cli.shell import call

pytestmark = pytest.mark.containers


@pytest.mark.parametrize("runtime", ["", GVISOR], ids=["runc", "gvisor"])
def test_this_engine_is_fit_and_every_limit_was_measured(engine: DockerEngine, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    found = diagnose(engine, state=state)
    layer = next(finding for finding in found.findings if finding.check == LAYER)
    assert [finding.sentence for finding in found.findings if not finding.ok and finding is not layer] == []
    assert found.fit
    assert len(found.findings) == 32
    if layer.ok:
        assert found.sentence == "Fit for held-out scans: all 32 checks passed."
    else:  # most engines' disks cannot
        assert found.sentence == f"Fit for held-out scans, but not: {LAYER}."
        assert "Instead, who leaves less than 2 GiB of the disk free is stopped." in layer.seen
    assert found.facts.runtime == engine.facts().runtime
    assert set(found.visible) == {"kernel", "boot", "clock", "cpus"}
    assert list(state.iterdir()) == []


class Loose(DockerEngine):
    """An engine that does not keep the limit of processes."""

    def start(self, spec: ContainerSpec) -> None:
        super().start(replace(spec, limits=replace(spec.limits, pids=2000)))


@pytest.mark.parametrize("runtime", ["", GVISOR], ids=["runc", "gvisor"])
def test_a_limit_that_is_not_kept_makes_the_machine_unfit(engine: DockerEngine, tmp_path: Path) -> None:
    found = diagnose(Loose(runtime=engine.facts().runtime), state=tmp_path)
    assert not found.fit
    seen = {finding.check: finding.seen for finding in found.findings if not finding.ok}
    failed = list(seen)
    assert failed == ["processes are limited", *([] if found.caps_layers else [LAYER])], seen
    assert found.sentence == f"NOT fit for held-out scans: {'; '.join(failed)}."


def test_a_runtime_that_is_not_there_is_said() -> None:
    with pytest.raises(PlatformFault, match="no runtime 'kata'") as fault:
        DockerEngine(runtime="kata").facts()
    assert "runc" in fault.value.why


def test_without_a_base_image_it_says_what_to_do(engine: DockerEngine) -> None:
    with pytest.raises(InputRefused, match="no image 'nothing:here'"):
        diagnose(engine, base="nothing:here")


def test_the_command_tells_people_and_programs(engine: DockerEngine) -> None:
    told = call("doctor", "--json")
    found = json.loads(told.out)
    assert (told.code, found["schema"], found["fit"]) == (0, "evaluator-doctor/1", True)
    assert {"check", "ok", "seen", "essential"} == set(found["findings"][0])
    plain = call("doctor")
    assert "Fit for held-out scans" in plain.out
    assert "Visible all the same: kernel" in plain.out


class Counting(DockerEngine):
    """Counts the containers that the doctor starts."""

    def __init__(self) -> None:
        super().__init__()
        self.started = 0

    def start(self, spec: ContainerSpec) -> None:
        self.started += 1
        super().start(spec)


def test_a_machine_is_looked_at_once_a_day_and_when_it_is_another(engine: DockerEngine, tmp_path: Path) -> None:
    counting = Counting()
    require_fit(counting, state=tmp_path)
    assert counting.started == 6
    require_fit(counting, state=tmp_path)
    assert counting.started == 6
    path = tmp_path / FILE
    yesterday = json.loads(path.read_text()) | {"at": time.time() - VALID_SECONDS - 1}
    for stale in (json.dumps(yesterday), "not a certificate"):
        path.write_text(stale)
        counting.started = 0
        require_fit(counting, state=tmp_path)
        assert counting.started == 6


def test_an_unfit_machine_gets_no_held_out_scan_and_no_certificate(engine: DockerEngine, tmp_path: Path) -> None:
    with pytest.raises(PlatformFault, match="gets no held-out scans") as refused:
        require_fit(Loose(), state=tmp_path)
    assert "processes are limited" in refused.value.why
    assert not (tmp_path / FILE).exists()
    with pytest.raises(PlatformFault, match="was not verified"):
        require_fit(engine, state=tmp_path, base="nothing:here")
