"""`run` end to end: a real scan where one is at hand, tumours put into its pancreas, real containers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluator import results
from evaluator.cli import app
from evaluator.cohort import CohortHeader, read_cohort, write_header, write_manifest, write_table
from evaluator.errors import FailureClass
from evaluator.records import Grid, Volume
from evaluator.volumes import read_volume, write_nifti
from tests.containers.submissions import FOLDER_DETECTOR, GRAND_CHALLENGE_DETECTOR, Images, between
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = pytest.mark.containers

REAL = Path(__file__).parents[3] / "shared" / "data" / "torso-ct"
PANCREAS = 7
TUMOUR = -300  # darker than any soft tissue, lighter than lung: a detector of two thresholds finds it
CASES = 4


def torso() -> tuple[Volume, Volume]:
    """A CT and its organs: the real one beside the repository, else a cylinder of tissue with a bar for a pancreas."""
    if (REAL / "ct.nii.gz").is_file():
        return read_volume(REAL / "ct.nii.gz"), read_volume(REAL / "organs.nii.gz")
    grid = Grid((64, 64, 40), np.diag([4.0, 4.0, 5.0, 1.0]))
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, side) for side in grid.shape), indexing="ij")
    noise = np.random.default_rng(3).normal(40, 10, grid.shape)
    ct = np.where(x**2 + y**2 < 0.8, noise, -1000).astype(np.int16)
    organs = np.where((abs(x) < 0.4) & (abs(y) < 0.15) & (abs(z) < 0.2), PANCREAS, 0).astype(np.uint8)
    return Volume(ct, grid), Volume(organs, grid)


def ball(grid: Grid, centre: np.ndarray, radius_mm: float) -> np.ndarray:
    offsets = (np.indices(grid.shape).reshape(3, -1).T - centre) * grid.spacing
    inside: np.ndarray = (np.linalg.norm(offsets, axis=1) <= radius_mm).reshape(grid.shape)
    return inside


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four patients of one torso; the first two have a tumour of 12 and 20 mm radius in the pancreas."""
    path = tmp_path_factory.mktemp("hospital") / "torso"
    ct, organs = torso()
    voxels = np.argwhere(organs.data == PANCREAS)
    centre = voxels[np.argmin(np.linalg.norm(voxels - voxels.mean(axis=0), axis=1))]
    rows: list[dict[str, object]] = []
    for number in range(CASES):
        name, positive = f"torso{number}", number < 2
        data = np.clip(ct.data, -1024, 3071).astype(np.int16)
        data[(data > -350) & (data < -250)] = -400  # nothing else has the tumour's value
        (path / "images" / name).mkdir(parents=True)
        if positive:
            lesion = ball(ct.grid, centre, (12, 20)[number])
            data[lesion] = TUMOUR
            (path / "references" / name).mkdir(parents=True)
            write_nifti(path / "references" / name / "lesions.nii.gz", Volume(lesion.astype(np.uint8), ct.grid))
        write_nifti(path / "images" / name / "ct.nii.gz", Volume(data, ct.grid))
        rows.append(
            {"case": name, "patient": f"p{number}", "cancer": positive, "index_scan": True, "sex": "M", "age": 61}
        )
    write_header(path, CohortHeader(schema="cohort/1", hospital="torso", name="torso", version="1"))
    write_table(path / "cases.csv", rows)
    write_manifest(read_cohort(path))
    return path


@pytest.mark.parametrize(
    ("contract", "script"), [("folder", FOLDER_DETECTOR), ("grand-challenge", GRAND_CHALLENGE_DETECTOR)]
)
def test_a_detector_finds_the_tumours_of_a_real_scan_in_real_containers(
    images: Images, hospital: Path, tmp_path: Path, contract: str, script: str
) -> None:
    image, out = images.of(between(script, -310, -290)), tmp_path / "results.json"
    arguments = ["run", image, str(hospital), "--contract", contract, "--out", str(out), "--memory", "1g"]

    done = CliRunner().invoke(app, [*arguments, "--state", str(tmp_path / "state"), "--model", "thresholds"])

    assert done.exit_code == 0, done.output
    written = results.read(out)
    (cohort,) = written.cohorts
    assert (written.submission.model, written.submission.image) == ("thresholds", image)
    assert [case.failure for case in cohort.cases] == [None] * CASES
    assert [case.likelihood for case in cohort.cases] == [1.0, 1.0, 0.0, 0.0]
    assert [[lesion.hit for lesion in case.lesions] for case in cohort.cases] == [[True], [True], [], []]
    assert [case.structures["lesions"].dice for case in cohort.cases][:2] == [1.0, 1.0]
    assert [len(case.findings) for case in cohort.cases] == [1, 1, 0, 0]
    assert cohort.containers == (1 if contract == "folder" else CASES)
    assert not list((tmp_path / "state" / "run").iterdir())
    assert not list((tmp_path / "state" / "output").iterdir())


def test_an_image_that_produces_nothing_at_all_ends_with_exit_code_4(images: Images, tmp_path: Path) -> None:
    write_tiny_cohort(tmp_path / "tiny", cases=2)
    out = tmp_path / "results.json"
    arguments = [
        "run",
        images.of("pass"),
        str(tmp_path / "tiny"),
        "--out",
        str(out),
        "--state",
        str(tmp_path / "state"),
    ]

    done = CliRunner().invoke(app, arguments)

    assert getattr(done.exception, "exit_code", None) == 4
    (cohort,) = results.read(out).cohorts
    assert {case.failure for case in cohort.cases} == {FailureClass.OUTPUT_MISSING}
