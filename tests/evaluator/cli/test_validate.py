from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.cli import app
from evaluator.errors import ImageRefused, UsageError
from tests.evaluator.container.archive_builder import Image, member, write


def test_a_refused_archive_is_told_with_every_check_up_to_the_one_that_failed(tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar.gz", Image(config={"architecture": "arm64"}).old_docker())
    done = CliRunner().invoke(app, ["validate", str(path), "--json"])
    assert isinstance(done.exception, ImageRefused)
    assert done.exception.exit_code == 4
    told = json.loads(done.stdout)
    assert (told["schema"], told["ok"], told["image"], told["try_out"]) == ("validation/1", False, None, None)
    assert [(check["check"], check["ok"]) for check in told["checks"][-2:]] == [("config", True), ("platform", False)]
    assert "amd64" in told["next"]


def test_the_same_is_told_to_a_person(tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar", Image(config={"os": "windows"}).oci())
    done = CliRunner().invoke(app, ["validate", str(path)])
    assert "REFUSED  platform" in done.stdout
    assert "windows/amd64" in done.stdout


def test_weights_that_are_none_are_told_as_the_check_that_they_fail(tmp_path: Path) -> None:
    image = write(tmp_path / "image.tar", Image().oci())
    link = member("model.pt", kind=tarfile.SYMTYPE, target="/etc/passwd")
    weights = write(tmp_path / "weights.tar", [(link, b"")])
    words = ["validate", str(image), "--weights", str(weights), "--state", str(tmp_path / "state"), "--json"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ImageRefused)
    told = json.loads(done.stdout)
    assert [(check["check"], check["ok"]) for check in told["checks"]] == [("weights", False)]
    assert "--dereference" in told["next"]
    assert list((tmp_path / "state").iterdir()) == []


def test_weights_are_added_to_an_archive_only(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["validate", "an-image", "--weights", "weights.tar", "--state", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    assert "docker save an-image" in done.exception.next_step


@pytest.mark.parametrize("wrong", [["--contract", "telepathy"], ["--memory", "lots"]])
def test_a_mistake_in_the_command_is_found_before_anything_is_read(tmp_path: Path, wrong: list[str]) -> None:
    done = CliRunner().invoke(app, ["validate", str(tmp_path / "absent.tar"), *wrong])
    assert isinstance(done.exception, UsageError)
