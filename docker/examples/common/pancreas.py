"""Where the pancreas should be, from landmarks that are easy to find: the body, the spine, the bases of the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from common.scan import Scan

AIR, FAT, BONE = -500, (-160, -60), 170  # Hounsfield units
USUAL_FAT = -104.0
LUNG_SHARE = 0.06  # of the body's section: that height is the landmark
MARGIN_MM = 15.0
# The gland's course from tail to head, mm from (spine, middle of the body's depth, lung landmark).
COURSE_X = [-90, -60, -30, -10, 0, 10, 20, 40, 50]
COURSE_Y = [-18, -5, 16, 22, 21, 13, 10, 8, 8]
COURSE_Z = [-27, -28, -37, -43, -47, -58, -66, -69, -72]


@dataclass(frozen=True)
class Zone:
    """The part of a scan around the pancreas."""

    box: tuple[slice, slice, slice]  # in the scan
    hu: np.ndarray  # corrected so that fat is as dense as it usually is
    smooth: np.ndarray
    prior: np.ndarray  # 1 on the gland's usual course, falling off around it
    gland_hu: float
    spacing: np.ndarray

    def sigma(self, mm: float) -> np.ndarray:
        return mm / self.spacing

    def full(self, mask: np.ndarray, scan: Scan) -> np.ndarray:
        """A mask of the zone as a mask of the scan."""
        whole = np.zeros(scan.hu.shape, dtype=bool)
        whole[self.box] = mask
        return whole


def locate(scan: Scan) -> Zone:
    spacing = np.array(scan.spacing)
    prior = _prior(scan.hu.shape, spacing, _landmark(scan.hu, spacing))
    margin = np.ceil(MARGIN_MM / spacing).astype(int)
    (near,) = ndimage.find_objects((prior > 0.02).astype(np.uint8)) or [tuple(map(slice, (0, 0, 0), scan.hu.shape))]
    box = tuple(slice(max(0, side.start - more), side.stop + more) for side, more in zip(near, margin, strict=True))
    fat = scan.hu[(scan.hu > FAT[0]) & (scan.hu < FAT[1])]
    hu = scan.hu[box] - (float(np.median(fat)) - USUAL_FAT if fat.size else 0.0)
    smooth, prior = ndimage.gaussian_filter(hu, 1.2 / spacing), prior[box]
    likely = smooth[(prior > 0.4) & (smooth > 50) & (smooth < 190)]
    gland_hu = float(np.percentile(likely, 60)) if likely.size else 100.0
    return Zone(box=box, hu=hu, smooth=smooth, prior=prior, gland_hu=gland_hu, spacing=spacing)


def _landmark(hu: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    body = ndimage.binary_opening(hu > -300, iterations=2)
    labels, count = ndimage.label(body)
    if count:
        body = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    body = np.stack([ndimage.binary_fill_holes(section) for section in np.moveaxis(body, 2, 0)], axis=2)
    if not body.any():
        return np.array(hu.shape) * spacing / 2
    middle = [np.flatnonzero(body.any(axis=axes))[[0, -1]].mean() for axes in ((1, 2), (0, 2))]
    back = np.argwhere((body & (hu > BONE))[:, : int(middle[1])])[:, 0]
    spine = back[np.abs(back - middle[0]) * spacing[0] < 30]
    lungs = ((hu < AIR) & body).sum(axis=(0, 1)) / np.maximum(body.sum(axis=(0, 1)), 1)
    below = np.flatnonzero(lungs < LUNG_SHARE)
    height = below[-1] if below.size else hu.shape[2] - 1
    return np.array([np.median(spine) if spine.size else middle[0], middle[1], height]) * spacing


def _prior(shape: tuple[int, ...], spacing: np.ndarray, landmark: np.ndarray) -> np.ndarray:
    x, y, z = (np.arange(size) * step - origin for size, step, origin in zip(shape, spacing, landmark, strict=True))
    depth, height = (np.interp(x, COURSE_X, course)[:, None, None] for course in (COURSE_Y, COURSE_Z))
    reach = np.interp(x, [-10, 15], [9, 15])[:, None, None]  # the head is taller than the tail
    beyond = np.maximum(0, np.maximum(COURSE_X[0] + 5 - x, x - COURSE_X[-1] + 2))[:, None, None] / 8
    away = ((y[None, :, None] - depth) / 9) ** 2 + ((z[None, None, :] - height) / reach) ** 2 + beyond**2
    return np.exp(-0.5 * away).astype(np.float32)
