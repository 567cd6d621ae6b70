"""The pancreas' region on one grid for all scanners, as the network sees it, and the way back to the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from common.pancreas import Zone, locate
from common.scan import Scan

VOXEL_MM = np.array([3.0, 3.0, 4.0])
VOXEL_ML = float(np.prod(VOXEL_MM)) / 1000.0
MIDDLE_HU, SCALE_HU = 60.0, 60.0
LEAST, MOST = -3.0, 3.0  # of the scaled densities: fat and bone are told apart no further


@dataclass(frozen=True)
class Region:
    zone: Zone
    hu: np.ndarray  # float32, smoothed a little and corrected for the scanner's offset
    prior: np.ndarray

    def image(self) -> np.ndarray:
        """What the network gets: [input, x, y, z]."""
        return inputs(self.hu, self.prior)

    def to_scan(self, array: np.ndarray, scan: Scan) -> np.ndarray:
        """Numbers on the region's grid, interpolated on the scan's; 0 outside."""
        whole = np.zeros(scan.hu.shape, dtype=np.float32)
        whole[self.zone.box] = resample(array, VOXEL_MM, self.zone.spacing, self.zone.smooth.shape)
        return whole


def take(scan: Scan) -> Region:
    zone = locate(scan)
    return Region(zone=zone, hu=to_grid(zone.smooth, zone), prior=to_grid(zone.prior, zone))


def to_grid(array: np.ndarray, zone: Zone) -> np.ndarray:
    shape = tuple(np.ceil(np.array(array.shape) * zone.spacing / VOXEL_MM - 1e-6).astype(int))
    return resample(array, zone.spacing, VOXEL_MM, shape)


def resample(array: np.ndarray, have: np.ndarray, want: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Linear interpolation between two grids whose first voxels share their outer corner."""
    ratio = np.asarray(want, dtype=float) / have
    return ndimage.affine_transform(
        array.astype(np.float32), ratio, offset=0.5 * ratio - 0.5, output_shape=shape, order=1, mode="nearest"
    )


def inputs(hu: np.ndarray, prior: np.ndarray) -> np.ndarray:
    scaled = np.clip((hu - MIDDLE_HU) / SCALE_HU, LEAST, MOST)
    return np.stack([scaled, prior]).astype(np.float32)
