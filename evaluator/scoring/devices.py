"""Which device a name stands for."""

from __future__ import annotations

from evaluator.errors import UsageError
from evaluator.scoring.device import CPU, Device

DEVICES = ("cpu", "cuda")


def get_device(name: str) -> Device:
    """The device of a name.

    Raises
    ------
    UsageError
        There is no such device here.
    """
    if name == "cpu":
        return CPU
    if name != "cuda":
        raise UsageError(f"There is no device {name!r}.", next_step=f"Choose one of {', '.join(DEVICES)}.")
    try:
        from evaluator.scoring.torch_device import TorchDevice  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise UsageError(
            "The device cuda needs torch, which is not installed.",
            next_step="pip install 'cancer-imaging-leaderboard[torch]'.",
        ) from error
    return TorchDevice.gpu()
