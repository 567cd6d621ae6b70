"""A disk that is full while an output is read: never the submission's fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluator.container.limits import MIB
from evaluator.contract import WrittenOutput
from evaluator.contract.reader import OutputReader
from evaluator.errors import PlatformFault
from tests.engines import require_root, small_disk
from tests.evaluator.contract.test_reader import NOTHING, read, write

pytestmark = pytest.mark.containers


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file:
        for size in (MIB, 4096):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


@pytest.mark.parametrize("lesions", [NOTHING, np.ones_like(NOTHING)], ids=["only the answer", "voxels"])
@pytest.mark.parametrize("likelihood", [0.5, 7], ids=["a prediction", "a refusal"])
def test_what_cannot_be_kept_is_told_as_that(tmp_path: Path, lesions: np.ndarray, likelihood: float) -> None:
    require_root()
    with small_disk(tmp_path / "small", size=4 * MIB) as disk, OutputReader() as reader:
        write(disk / "output/abc", lesions, likelihood=likelihood)
        output = WrittenOutput(folder=disk / "output", refused={})
        fill(disk)
        with pytest.raises(PlatformFault, match="could not be kept"):
            read(reader, output)
        (disk / "ballast").unlink()
        if likelihood == 0.5:
            assert read(reader, output).likelihood == 0.5
