"""UNet++ beside the hand-made detectors at hospitals that none of them has seen, by the platform's own ranking."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evaluator.cli import app
from evaluator.synthetic import synthesize
from evaluator.synthetic.hospitals import choose_hospitals

pytestmark = [pytest.mark.containers, pytest.mark.long("unetpp")]

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docker" / "examples"
HANDMADE = ("blobs", "cautious", "threshold")
HOSPITALS, CASES, SEED = 6, 24, 3107
PANEL_MINIMUM = 3  # as the demonstration's


def build(*arguments: str) -> dict[str, str]:
    """Name and image ID, as the script prints them."""
    done = subprocess.run(["bash", str(EXAMPLES / "build.sh"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(line.removeprefix("cancer-imaging-example/").split() for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def images() -> dict[str, str]:
    made = subprocess.run(
        ["bash", "-c", f'source "{ROOT}/docker/setup.sh"; ME=unetpp; mkdir -p "$LOGS"; need_torch_image'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return build("cil-base:latest") | build("--only", "unetpp", "cil-torch:latest")


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return synthesize(tmp_path_factory.mktemp("scans") / "test", hospitals=HOSPITALS, cases=CASES, seed=SEED)[:-1]


def characters(seed: int, slugs: list[str]) -> list[tuple[Any, ...]]:
    """Scanner, protocol and patients of hospitals made by a seed; the first four are the same for all seeds."""
    numbered = choose_hospitals(100, seed=seed)
    return [
        (one.spacing_mm, one.slice_mm, one.noise_hu, one.kernel_mm, one.offset_hu, one.diameter_mm, one.conspicuity)
        for one in numbered
        if one.slug in slugs
    ]


def test_no_test_hospital_was_trained_or_validated_on(cohorts: list[Path]) -> None:
    data = json.loads((EXAMPLES / "unetpp" / "training.json").read_text())["data"]
    seen = [cohort for part in data.values() for cohort in part["cohorts"]]
    assert SEED not in {cohort["order"]["seed"] for cohort in seen}
    known = {one for cohort in seen for one in characters(cohort["order"]["seed"], cohort["hospitals"])}
    tested = characters(SEED, [cohort.name for cohort in cohorts])
    assert len(tested) == HOSPITALS
    assert len(known) > 20
    assert not known & set(tested)


def test_unetpp_is_ranked_first(
    images: dict[str, str], cohorts: list[Path], tmp_path: Path, record_property: Any
) -> None:
    files = []
    for name in ("unetpp", *HANDMADE):
        files.append(str(tmp_path / f"{name}.json"))
        words = ["run", images[name], *map(str, cohorts), "--out", files[-1], "--model", name]
        done = CliRunner().invoke(app, [*words, "--state", str(tmp_path / "state"), "--start-limit", "60"])
        assert done.exit_code == 0, done.output
        cases = [case for cohort in json.loads(Path(files[-1]).read_text())["cohorts"] for case in cohort["cases"]]
        assert len(cases) == HOSPITALS * CASES
        assert [case["failure"] for case in cases if case["failure"]] == []
    rank = ["rank", *files, "--panel-minimum", str(PANEL_MINIMUM)]
    record_property("shown", CliRunner().invoke(app, rank).output)
    done = CliRunner().invoke(app, [*rank, "--json"])
    assert done.exit_code == 0, done.output
    ranking = json.loads(done.stdout)
    assert len(ranking["models"]) == 1 + len(HANDMADE)
    first = ranking["models"][0]
    assert first["model"] == "unetpp"
    assert first["rank_set"][0] == 1
    assert all(first["score"] > other["score"] for other in ranking["models"][1:])
