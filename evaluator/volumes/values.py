"""Values of a volume: checked against a range, or read as a quantised detection map."""

from __future__ import annotations

import math

import numpy as np

from evaluator.errors import VolumeRefused
from evaluator.records import Volume


def require_within(volume: Volume, low: float, high: float, *, what: str) -> None:
    """Raise VolumeRefused if a value is NaN, infinite or outside ``low`` to ``high``; ``what`` names the volume."""
    least, most = float(volume.data.min()), float(volume.data.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        raise VolumeRefused(
            f"{what} holds NaN or infinity.", next_step=f"Write finite values from {low:g} to {high:g}."
        )
    if least < low or most > high:
        raise VolumeRefused(
            f"{what} holds values outside {low:g} to {high:g}.",
            why=f"They run from {least:g} to {most:g}.",
            next_step="Write probabilities as floats, labels as integers.",
        )


def as_detection_map(volume: Volume, *, what: str = "The detection map") -> Volume:
    """A detection map from 0 to 1, of floats as they are or of eight bits that stand for 0 to 1.

    A file of eight bits without a scale cannot be told from labels, so whoever reads it must say that it is a map. A
    NIfTI whose header carries the slope 1/255 says so itself and is already read as floats.

    Parameters
    ----------
    volume : Volume
        Floats, or uint8 of which 255 stands for 1.
    what : str
        Names the volume in the error.

    Returns
    -------
    Volume
        The floats as they were; uint8 as float32, each value k/255 rounded once, so that 255 is exactly 1.

    Raises
    ------
    VolumeRefused
        The voxels are integers of another size.
    """
    if volume.data.dtype.kind == "f":
        return volume
    if volume.data.dtype != np.uint8:
        raise VolumeRefused(
            f"{what} cannot be told from labels.",
            why=f"Its voxels are {volume.data.dtype}.",
            next_step="Write floats from 0 to 1, or uint8 of which 255 stands for 1.",
        )
    return Volume(np.divide(volume.data, np.float32(255), dtype=np.float32), volume.grid)
