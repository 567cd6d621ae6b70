"""Drawing patients is a product of two matrices; where it is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import UsageError

Matrix = NDArray[Any]
Product = Callable[[Matrix, Matrix], Matrix]
DEVICES = ("cpu", "cuda")


def on_processor(draws: Matrix, answers: Matrix) -> Matrix:
    return np.asarray(draws @ answers)


def product_on(device: str) -> Product:
    """How often each replicate's patients are right, (replicates, models), of draws and answers, on a device.

    Raises
    ------
    UsageError
        There is no such device here, or no torch to reach it with.
    """
    if device not in DEVICES:
        raise UsageError(f"There is no device {device!r}.", next_step=f"Choose one of {', '.join(DEVICES)}.")
    if device == "cpu":
        return on_processor
    try:
        import torch  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise UsageError(
            "The device cuda needs torch, which is not installed.",
            next_step="pip install 'cancer-imaging-leaderboard[torch]'.",
        ) from error
    if not torch.cuda.is_available():
        raise UsageError("There is no CUDA device here.", next_step="Leave --device out, or use a machine with a GPU.")
    return torch_product("cuda")


def torch_product(device: str) -> Product:
    """The product by torch. Sums of 0 and 1 in float32 are exact, so that every device gives the same ranking."""
    import torch  # noqa: PLC0415 - an extra, and slow to import

    def product(draws: Matrix, answers: Matrix) -> Matrix:
        found = torch.from_numpy(np.ascontiguousarray(draws)).to(device)
        found = found @ torch.from_numpy(np.ascontiguousarray(answers)).to(device)
        return np.asarray(found.cpu().numpy())

    return product
