"""The foreground of arrays of every type and layout, against numpy's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from evaluator.records import Grid, Volume
from evaluator.scoring.voxels import CHUNK, foreground, locate, to_world, values_at, voxel_indices
from tests.evaluator.scoring.shapes import Triple
from tests.phantoms import make_grid

DTYPES = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">i2", ">f4")
BLOCK = 4096  # bytes that are looked at as one


def expected(data: NDArray[Any]) -> list[int]:
    return np.flatnonzero(data.ravel(order="F") != 0).tolist()


def random_volume(rng: np.random.Generator, shape: Triple, dtype: DTypeLike, share: float) -> NDArray[Any]:
    return np.where(rng.random(shape) < share, rng.integers(1, 100, shape), 0).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=15, deadline=None)
@given(
    st.tuples(*[st.sampled_from([0, 1, 2, 3, 16, 17, 33])] * 3),
    st.sampled_from([0.0, 0.0005, 0.05, 1.0]),
    st.integers(0, 2**32),
)
def test_foreground_is_what_is_not_zero(dtype: str, shape: Triple, share: float, seed: int) -> None:
    data = random_volume(np.random.default_rng(seed), shape, dtype, share)
    for laid_out in (np.ascontiguousarray(data), np.asfortranarray(data)):
        found = foreground(laid_out)
        assert found.dtype == np.int32
        assert found.tolist() == expected(data)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(9000, 1, 1), (1, 9000, 1), (1, 1, 9000), (64, 40, 7)])
def test_views_that_flip_step_or_repeat_are_read_like_copies(shape: Triple, order: Any) -> None:
    data = np.array(random_volume(np.random.default_rng(1), shape, np.uint8, 0.01), order=order)
    views = [
        data[::-1],
        data[:, ::-1],
        data[..., ::-1],
        data[::-1, ::-1, ::-1],
        data[::2],
        data[:, ::2],
        data[..., ::3],
    ]
    for view in [*views, data.T, np.moveaxis(data, 0, 1), np.broadcast_to(data[:1, :1, :1] + 1, (20, 30, 20))]:
        assert foreground(view).tolist() == expected(view)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_the_last_voxels_count_where_the_scan_is_no_whole_number_of_blocks(dtype: str) -> None:
    size = BLOCK // np.dtype(dtype).itemsize
    for length in (size - 1, size, size + 1, 3 * size - 1, 3 * size + 1):
        data = np.zeros((length, 1, 1), dtype=dtype)
        data[[0, length // 2, -1]] = 1
        assert foreground(data).tolist() == [0, length // 2, length - 1]


def test_minus_nought_is_nought_and_nan_is_not() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        data = np.full((40, 40, 40), -0.0, dtype=dtype)
        assert len(foreground(data)) == 0
        data[3, 2, 1] = np.nan
        assert foreground(data).tolist() == [3 + 2 * 40 + 1 * 1600]


def test_a_scan_larger_than_a_chunk_of_blocks_is_read_whole() -> None:
    data = np.zeros((CHUNK + 3 * BLOCK + 5, 1, 1), dtype=np.uint8)
    data[::1000] = 1
    assert foreground(data).tolist() == list(range(0, len(data), 1000))


def test_voxels_are_indexed_located_and_placed() -> None:
    grid = Grid((4, 5, 6), np.array([[0, 2.0, 0, 1], [3.0, 0, 0, 2], [0, 0, -4.0, 3], [0, 0, 0, 1]]))
    flat = np.arange(120, dtype=np.int32)
    indices = voxel_indices(flat, grid)
    assert (np.ravel_multi_index(tuple(indices.T), grid.shape, order="F") == flat).all()
    assert to_world(indices[[0, 1, 4, 20]], grid).tolist() == [[1, 2, 3], [1, 5, 3], [3, 2, 3], [1, 2, -1]]
    data = np.arange(120).reshape(grid.shape)
    assert (values_at(flat, Volume(data, grid)) == data[tuple(indices.T)]).all()


def test_a_voxel_that_is_not_in_a_mask_is_located_nowhere() -> None:
    needles, haystack = (np.array(list(voxels), dtype=np.int32) for voxels in ((1, 3, 9, 12), (3, 4, 9)))
    assert locate(needles, haystack).tolist() == [-1, 0, 2, -1]
    assert locate(needles, haystack[:0]).tolist() == [-1] * 4
    assert locate(needles[:0], haystack).tolist() == []


def test_the_last_voxel_of_the_largest_scan_has_its_place() -> None:
    grid = make_grid((512, 512, 4096))
    assert voxel_indices(np.array([2**30 - 1], dtype=np.int32), grid).tolist() == [[511, 511, 4095]]
