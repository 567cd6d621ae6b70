"""The examples are built as a team would build them, and pass what the server asks of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.cli import app
from evaluator.synthetic import synthesize

pytestmark = pytest.mark.containers

EXAMPLES = Path(__file__).parents[2] / "docker" / "examples"
BASE = "cil-base:latest"
LARGE = {"unetpp"}  # with torch; tests/containers/test_unetpp.py builds it when asked to
NAMES = sorted({path.parent.name for path in EXAMPLES.glob("*/Dockerfile")} - LARGE)


def contract_of(name: str) -> str:
    return "grand-challenge" if name == "grand-challenge" else "folder"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scans") / "cohorts"
    return synthesize(out, hospitals=1, cases=4, seed=5, coarseness=2.0)[-1]


@pytest.fixture(scope="module")
def built() -> dict[str, str]:
    """Name and image ID, as the script prints them."""
    done = subprocess.run(["bash", str(EXAMPLES / "build.sh"), BASE], capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


def test_every_example_but_the_large_is_built(built: dict[str, str]) -> None:
    assert set(NAMES) >= {"threshold", "blobs", "grand-challenge"}
    assert set(built) == {f"cancer-imaging-example/{name}" for name in NAMES}


def test_an_example_that_is_not_there_is_a_sentence() -> None:
    done = subprocess.run(
        ["bash", str(EXAMPLES / "build.sh"), "--only", "nnunet"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("There is no example nnunet: ")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_valid_under_its_contract(built: dict[str, str], sample: Path, tmp_path: Path, name: str) -> None:
    image = built[f"cancer-imaging-example/{name}"]
    words = ["validate", image, "--contract", contract_of(name), "--sample", str(sample)]
    done = CliRunner().invoke(app, [*words, "--state", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["ok"]
    assert told["image"] == image
    cases = told["try_out"]["cases"]
    assert len(cases) == 4
    assert all(0 <= case["likelihood"] < 1 for case in cases)
    assert len({case["likelihood"] for case in cases}) > 1


def test_an_image_under_the_other_contract_fails_with_its_log_shown(
    built: dict[str, str], sample: Path, tmp_path: Path
) -> None:
    image = built["cancer-imaging-example/grand-challenge"]
    done = CliRunner().invoke(app, ["validate", image, "--sample", str(sample), "--state", str(tmp_path)])
    assert done.exit_code != 0
    assert "exit-code" in done.stdout
    assert "Traceback" in done.stdout


def test_a_saved_example_passes_every_check_of_an_archive(built: dict[str, str], sample: Path, tmp_path: Path) -> None:
    archive = tmp_path / "threshold.tar"
    subprocess.run(["docker", "save", "--output", str(archive), built["cancer-imaging-example/threshold"]], check=True)
    words = ["validate", str(archive), "--sample", str(sample), "--state", str(tmp_path / "state"), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    checks = [check["check"] for check in json.loads(done.stdout)["checks"]]
    assert checks[0] == "file"
    assert checks[-1] == "engine"
