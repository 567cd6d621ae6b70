"""The starter kit holds what a team needs to begin: it is read here as a team's machine would."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.test import Client

from evaluator.cohort import read_cohort
from tests.leaderboard.stage import Stage

pytestmark = pytest.mark.django_db


def unpacked(client: Client, folder: Path, contract: str) -> Path:
    answer = client.get(f"/submissions/starter-kit/pancreas-ct/{contract}.zip")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as kit:
        kit.extractall(folder)
    return folder / "pancreas-ct"


@pytest.mark.parametrize("contract", ["folder", "grand-challenge"])
def test_everything_that_its_dockerfile_and_its_script_name_is_there(
    client: Client, stage: Stage, tmp_path: Path, contract: str
) -> None:
    kit = unpacked(client, tmp_path, contract)
    copied = [line.split()[1] for line in (kit / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    assert len(copied) == 2
    for source in copied:
        assert (kit / source).exists()
    assert len(read_cohort(kit / "sample").cases) == 2
    script = (kit / "check.sh").read_text()
    assert f"--contract {contract}" in script
    subprocess.run(["bash", "-n", str(kit / "check.sh")], check=True)
    assert "Pancreatic cancer" in (kit / "README.md").read_text()


def test_the_checker_in_it_is_the_engine_without_the_platform(client: Client, stage: Stage, tmp_path: Path) -> None:
    kit = unpacked(client, tmp_path, "folder")
    done = subprocess.run(
        [sys.executable, "-c", "import evaluator.cli, sys; print(evaluator.__file__); print('django' in sys.modules)"],
        cwd=kit / "checker",
        capture_output=True,
        text=True,
        check=True,
    )
    where, django = done.stdout.split()
    assert Path(where).is_relative_to(kit)
    assert django == "False"
    assert (kit / "checker/evaluator/container/seccomp.json").exists()


def test_another_contract_or_benchmark_has_none(client: Client, stage: Stage) -> None:
    assert client.get("/submissions/starter-kit/pancreas-ct/telepathy.zip").status_code == 404
    assert client.get("/submissions/starter-kit/nowhere/folder.zip").status_code == 404
