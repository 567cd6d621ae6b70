"""A GPU gives what the CPU gives: all of the torch room but the device is run here, on torch's CPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import DTypeLike

from evaluator.errors import UsageError
from evaluator.records import Volume
from evaluator.scoring import score_label_maps
from evaluator.scoring.device import CPU
from evaluator.scoring.devices import get_device
from evaluator.scoring.label_map import read_labels
from evaluator.scoring.torch_device import TorchDevice
from tests.phantoms import Box, make_grid, make_volume

TORCH = TorchDevice("cpu")
INTEGERS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_both_count_the_voxels_on_which_two_label_maps_agree(dtype: DTypeLike) -> None:
    rng = np.random.default_rng(3)
    grid = make_grid((9, 8, 7))
    most = 2 if dtype == "bool" else 5
    ours, theirs = (read_labels(Volume(rng.integers(0, most, grid.shape).astype(dtype), grid)) for _ in range(2))
    same = ours.volume.data[(ours.volume.data == theirs.volume.data) & (ours.volume.data != 0)]
    counted = {int(label): int((same == label).sum()) for label in np.unique(same)}
    assert CPU.agreement(ours, theirs) == TORCH.agreement(ours, theirs) == counted


@pytest.mark.parametrize(("queries", "targets"), [(50, 40), (5000, 4000), (300_000, 60)], ids=["few", "many", "pieces"])
def test_both_find_the_nearest_point(queries: int, targets: int) -> None:
    # "few" stays on the CPU, "many" is more than a search there is worth, "pieces" does not fit in memory at once.
    rng = np.random.default_rng(4)
    points, goals = (rng.uniform(-200, 200, (count, 3)) + np.array([0, 0, 1500]) for count in (queries, targets))
    assert TORCH.search(points, goals) == pytest.approx(CPU.search(points, goals), rel=1e-5)


def test_a_case_scored_on_either_has_the_same_numbers() -> None:
    grid = make_grid((60, 60, 60), spacing=(0.7, 0.7, 1.5))
    reference = make_volume(Box((2, 2, 2), (6, 6, 6), 2), Box((30, 30, 30), (20, 20, 20), 1), grid=grid)
    prediction = make_volume(Box((3, 2, 2), (6, 6, 6), 2), Box((0, 0, 0), (1, 60, 60), 1), grid=grid)
    ours = score_label_maps(reference, prediction, lesion_label=2)
    theirs = score_label_maps(reference, prediction, lesion_label=2, device=TORCH)
    assert theirs.structures["1"].hd == pytest.approx(ours.structures["1"].hd, rel=1e-5)
    assert theirs.structures["1"].assd_pooled == pytest.approx(ours.structures["1"].assd_pooled, rel=1e-5)
    assert theirs.structures["lesions"] == ours.structures["lesions"]


def test_cpu_needs_nothing_and_another_name_is_answered_with_the_names() -> None:
    assert get_device("cpu") is CPU
    with pytest.raises(UsageError, match="cpu, cuda"):
        get_device("tpu")


def test_cuda_is_a_gpu_or_a_sentence() -> None:
    if torch.cuda.is_available():
        assert isinstance(get_device("cuda"), TorchDevice)
    else:
        with pytest.raises(UsageError, match="torch sees no GPU here"):
            get_device("cuda")


def test_cuda_without_torch_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('no torch in this test')")
    code = (
        "import evaluator.errors, evaluator.scoring.devices as d\n"
        "try: d.get_device('cuda')\nexcept evaluator.errors.UsageError as e: print(e)"
    )
    place = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(Path(__file__).parents[3])!r}]\n"
    done = subprocess.run([sys.executable, "-c", place + code], capture_output=True, text=True, check=False)
    assert "torch, which is not installed" in done.stdout, done.stderr
