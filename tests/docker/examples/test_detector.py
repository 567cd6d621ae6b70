"""Training is repeatable, and the detector answers a batch in a plain process as its image does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from common import folder
from evaluator.cohort import read_cohort
from evaluator.synthetic import synthesize
from unetpp import cases, detector, network, patches, record, region, score, train

CPU = torch.device("cpu")
TINY = record.Settings(steps=2, batch=2, seed=5, bfloat16=False)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Northgate, which was not trained on: two patients with, two without cancer."""
    out = tmp_path_factory.mktemp("scans") / "cohorts"
    return synthesize(out, hospitals=1, cases=4, seed=3003, coarseness=1.5, workers=1)[0]


@pytest.fixture(scope="module")
def read(cohort: Path) -> list[cases.Case]:
    found = read_cohort(cohort)
    return [cases.read_case(case, found) for found, case in cases.usable(found)]


def test_a_case_knows_its_gland_and_its_lesion(read: list[cases.Case]) -> None:
    assert {case.hospital for case in read} == {"northgate"}
    for case in read:
        glands = (case.classes == network.GLAND).sum() * score.VOXEL_ML
        assert 20 < glands < 150
        assert (case.classes == network.LESION).any() == case.cancer
        assert case.hu.shape == case.prior.shape == case.classes.shape


def test_two_steps_from_one_seed_give_the_same_weights(read: list[cases.Case]) -> None:
    first, second, other = (
        train.train(read, settings, device=CPU).network.state_dict() for settings in (TINY, TINY, replace(TINY, seed=6))
    )
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_a_batch_is_half_of_lesions_and_half_of_patients_without_cancer(read: list[cases.Case]) -> None:
    rng, among = np.random.default_rng(1), patches.Patches(read)
    batch = among.draw(among.choose(4, rng=rng), rng=rng)
    assert batch.images.shape == (4, network.INPUTS, *patches.PATCH)
    assert [bool((patch == network.LESION).any()) for patch in batch.classes] == [True, True, False, False]
    assert (batch.classes[2:] == network.GLAND).flatten(1).any(dim=1).all()


def test_who_looks_ill_without_cancer_is_drawn_more_often(read: list[cases.Case]) -> None:
    rng, among = np.random.default_rng(1), patches.Patches(read)
    for _ in range(20):
        among.learn(patches.Choice(ill=[0, 1], healthy=[0, 1]), [0.0, 0.0, 0.9, 0.1])
    drawn = among.choose(2000, rng=rng).healthy
    assert len(drawn) == 1000
    assert drawn.count(0) / drawn.count(1) == pytest.approx(0.9 / patches.CALM, rel=0.2)


def test_small_lesions_are_drawn_more_often(read: list[cases.Case]) -> None:
    rng, among = np.random.default_rng(1), patches.Patches(read)
    wide = int(among.width.argmax())
    drawn = among.choose(2000, rng=rng).ill
    assert drawn.count(wide) < drawn.count(1 - wide)


def test_what_is_resampled_to_the_region_and_back_is_where_it_was() -> None:
    shape, have = (40, 36, 24), np.array([2.0, 2.0, 3.0])
    grid = np.indices(shape).astype(np.float32)
    ball = sum((axis - middle) ** 2 for axis, middle in zip(grid, (20, 16, 11), strict=True)) < 36
    there = region.resample(ball, have, region.VOXEL_MM, (27, 24, 18))
    back = region.resample(there, region.VOXEL_MM, have, shape) >= 0.5
    assert 2 * (back & ball).sum() / (back.sum() + ball.sum()) > 0.9


def seen(lesion: np.ndarray) -> np.ndarray:
    """What the network says where all that is no lesion is gland."""
    return np.stack([np.zeros_like(lesion), 1 - lesion, lesion])


def test_an_image_without_a_lesion_still_has_a_most_suspicious_place() -> None:
    lesion = np.full((10, 10, 10), 0.01, dtype=np.float32)
    lesion[4:6, 4:6, 4:6] = 0.05
    [only] = score.candidates(seen(lesion), np.zeros_like(lesion))
    assert only.mask.sum() == 1
    assert only.contrast == 0
    assert score.Calibration(bias=0.0, peak=1.0, size=1.0, contrast=1.0).confidence(only) < 0.1


def test_candidates_come_most_suspicious_first() -> None:
    lesion = np.zeros((20, 20, 20), dtype=np.float32)
    lesion[2:7, 2:7, 2:7] = 0.6
    lesion[12:17, 12:17, 12:17] = 0.9
    first, second = score.candidates(seen(lesion), np.where(lesion > 0.7, 60, 80).astype(np.float32))
    assert first.peak > second.peak
    assert first.mask[14, 14, 14]
    assert second.mask[4, 4, 4]
    assert first.size == pytest.approx(np.log1p(125 * 0.9 * 0.036))
    assert first.contrast == pytest.approx((80 - 60) / 80)
    assert second.contrast == pytest.approx(0, abs=1e-6)


def test_a_batch_is_answered_as_the_contract_asks(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scans of four patients, one weights file; the sick score higher than the others."""
    found = read_cohort(cohort)
    listed = {"contract": "folder/1", "cases": [{"id": c.record.case, "ct": str(c.ct)} for c in found.cases]}
    (tmp_path / "cases.json").write_text(json.dumps(listed))
    monkeypatch.setattr(folder, "INPUT", tmp_path)
    monkeypatch.setattr(folder, "OUTPUT", tmp_path / "output")
    (tmp_path / "output").mkdir()
    folder.main(detector.make_detector(CPU))
    told: dict[bool, list[float]] = {True: [], False: []}
    for case in found.cases:
        out = tmp_path / "output" / case.record.case
        lesions, scan = (nib.Nifti1Image.from_filename(path) for path in (out / "lesions.nii.gz", case.ct))
        assert lesions.shape == scan.shape
        assert np.allclose(lesions.affine, scan.affine)
        labels = {one["label"] for one in json.loads((out / "findings.json").read_text())}
        assert labels == set(np.unique(np.asanyarray(lesions.dataobj))) - {0}
        told[case.record.cancer].append(json.loads((out / "prediction.json").read_text())["likelihood"])
    assert max(told[True]) > max(told[False])
    assert np.mean(told[True]) > np.mean(told[False])
