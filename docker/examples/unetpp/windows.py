"""Sliding-window inference: overlapping windows, weighted so that a window's rim counts least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor

WINDOW = (72, 48, 40)  # voxels: one of them holds the region of most patients
STEP = (24, 24, 24)  # a multiple of the network's, so that all windows pool the same voxels together


def slide(
    predict: Callable[[Tensor], Tensor],
    image: np.ndarray,
    *,
    device: torch.device,
    window: Sequence[int] = WINDOW,
    step: Sequence[int] = STEP,
) -> np.ndarray:
    """``predict`` on every window of ``image`` [input, x, y, z]; the weighted mean, [class, x, y, z].

    Where the windows reach beyond the image, its last voxels are repeated.
    """
    size = image.shape[1:]
    starts = [starts_along(*lengths) for lengths in zip(size, window, step, strict=True)]
    padding = [(0, max(0, first[-1] + wide - length)) for first, wide, length in zip(starts, window, size, strict=True)]
    padded = torch.from_numpy(np.pad(image, [(0, 0), *padding], mode="edge")).to(device)
    weight = tent(window).to(device)
    total: Tensor | None = None
    weights = torch.zeros(padded.shape[1:], device=device)
    with torch.inference_mode():
        for corner in product(*starts):
            box = tuple(slice(first, first + wide) for first, wide in zip(corner, window, strict=True))
            part = padded[(slice(None), *box)][None].contiguous(memory_format=torch.channels_last_3d)
            answer = predict(part)[0].float() * weight
            if total is None:
                total = torch.zeros((answer.shape[0], *padded.shape[1:]), device=device)
            total[(slice(None), *box)] += answer
            weights[box] += weight
    assert total is not None
    mean: np.ndarray = (total / weights).cpu().numpy()
    return mean[(slice(None), *(slice(0, length) for length in size))]


def starts_along(length: int, window: int, step: int) -> list[int]:
    """Where windows begin, so that every voxel is in one."""
    return list(range(0, max(length - window, 0) + step, step)) if length > window else [0]


def tent(window: Sequence[int]) -> Tensor:
    """1 in the middle and falling off to the rim, where it is not quite 0."""
    sides = [1 - (torch.arange(wide) - (wide - 1) / 2).abs() / (wide / 2) for wide in window]
    return sides[0][:, None, None] * sides[1][None, :, None] * sides[2][None, None, :]
