"""Whatever bytes a container writes: a prediction within its bounds, or a refusal in a sentence, and nothing else."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.contract import WrittenOutput, get_contract
from evaluator.errors import OutputRefused
from evaluator.records import Prediction, Volume
from evaluator.volumes import write_mha, write_nifti
from tests.evaluator.mutations import Bad, bad, few, for_long, spoil
from tests.tiny_cohorts import GRID

MAP = "images/pdac-detection-map"
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["likelihood", "label", "x"]), inner),
    max_leaves=8,
)
documents = (
    st.binary(max_size=60)
    | st.builds(lambda value: json.dumps(value).encode(), json_values)
    | st.builds(lambda acts: spoil(b'{"likelihood": 0.87}', acts), bad)
)
lists = documents | st.builds(lambda acts: spoil(b'[{"label": 1, "confidence": 0.87}]', acts), bad)


def good(suffix: str, dtype: str) -> bytes:
    data = np.zeros(GRID.shape, dtype=dtype)
    data[4:7, 5, 6] = 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"good{suffix}"
        (write_mha if suffix == ".mha" else write_nifti)(path, Volume(data, GRID))
        return path.read_bytes()


PLAIN = {dtype: gzip.decompress(good(".nii.gz", dtype)) for dtype in ("uint8", "int16", "float32", "float64")}
META = {dtype: good(".mha", dtype) for dtype in ("uint8", "float64")}


def read(contract: str, files: dict[str, bytes]) -> None:
    """Read them, and hold what is accepted to what the contract promises."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(data)
        try:
            found = get_contract(contract).read(
                WrittenOutput(folder=Path(folder), refused={}), "abc", grid=GRID, json_bytes=10_000
            )
        except OutputRefused as error:
            refusal = error
        else:
            require_sound(found)
            return
    assert str(refusal)
    assert folder not in str(refusal)


def require_sound(found: Prediction) -> None:
    assert found.lesions.data.shape == GRID.shape
    least, most = float(found.lesions.data.min()), float(found.lesions.data.max())
    assert 0 <= least <= most
    assert found.lesions.data.dtype.kind in "iu" or most <= 1
    assert found.likelihood is not None
    assert all(0 <= value <= 1 for value in (found.likelihood, *(found.confidences or {}).values()))


def read_nifti(dtype: str, acts: list[Bad], packed: bool, prediction: bytes, findings: bytes | None) -> None:
    if packed:
        lesions = spoil(gzip.compress(PLAIN[dtype]), acts)
    else:
        head, voxels = PLAIN[dtype][:352], PLAIN[dtype][352:]
        lesions = gzip.compress(spoil(head, acts) + voxels, 1)
    listed = {} if findings is None else {"abc/findings.json": findings}
    read("folder", {"abc/lesions.nii.gz": lesions, "abc/prediction.json": prediction, **listed})


def read_meta(dtype: str, acts: list[Bad], likelihood: bytes) -> None:
    read("grand-challenge", {f"{MAP}/a.mha": spoil(META[dtype], acts), "pdac-likelihood.json": likelihood})


NIFTI: dict[str, st.SearchStrategy[object]] = {
    "dtype": st.sampled_from(sorted(PLAIN)),
    "acts": bad,
    "packed": st.booleans(),
    "prediction": st.just(b'{"likelihood": 0.5}') | documents,
    "findings": st.none() | lists,
}
META_IMAGE: dict[str, st.SearchStrategy[object]] = {
    "dtype": st.sampled_from(sorted(META)),
    "acts": bad,
    "likelihood": st.just(b"0.5") | documents,
}


@few(150)
@given(**NIFTI)
def test_any_nifti_and_json_is_a_sound_prediction_or_a_refusal(**drawn: object) -> None:
    read_nifti(**drawn)  # type: ignore[arg-type]


@few(150)
@given(**META_IMAGE)
def test_any_metaimage_and_number_is_a_sound_prediction_or_a_refusal(**drawn: object) -> None:
    read_meta(**drawn)  # type: ignore[arg-type]


@pytest.mark.long("fuzz")
@pytest.mark.parametrize(
    ("what", "check", "strategies"),
    [("NIfTI and JSON", read_nifti, NIFTI), ("MetaImages", read_meta, META_IMAGE)],
    ids=["nifti", "metaimage"],
)
def test_the_same_for_minutes(
    what: str,
    check: Callable[..., None],
    strategies: dict[str, st.SearchStrategy[object]],
    record_property: Callable[[str, object], None],
) -> None:
    for_long(check, **strategies).holds(what, record_property)
