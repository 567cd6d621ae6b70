"""Dark blobs of several sizes in the pancreas' zone, each described by a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.special import expit

from common.pancreas import Zone, locate
from common.scan import Finding, Scan

RADII_MM = (2.5, 4.0, 6.5, 10.0)
TUMOUR_HU = 48.0
MOST = 25  # of each size
LEAST_CONTRAST = 3.0


@dataclass(frozen=True)
class Blob:
    """Shares are of the neighbourhood, 0 to 1; a neighbourhood is as wide as the blob or, if ``around``, twice."""

    centre: tuple[int, int, int]
    radius_mm: float
    contrast: float  # HU that it is darker than what is around it
    density: float  # its own HU
    below_gland: float  # HU that it is darker than the gland
    prior: float
    soft: float
    soft_around: float
    gas_around: float
    gland_around: float
    vessel_around: float
    fat_around: float
    dark: float  # between fluid and gland
    fluid: float

    @property
    def log_prior(self) -> float:
        return float(np.log(self.prior))

    @property
    def log_radius(self) -> float:
        return float(np.log(self.radius_mm))

    @property
    def odd_density(self) -> float:
        """How far from a tumour's, in squares of 20 HU."""
        return ((self.density - TUMOUR_HU) / 20) ** 2

    @property
    def clear_contrast(self) -> float:
        """No blob is the likelier for being darker than this: fluid is."""
        return min(self.contrast, 25.0)


def find(
    scan: Scan, weights: Mapping[str, float], *, bias: float, radii: Sequence[float] = RADII_MM, least: float = 0.1
) -> list[Finding]:
    """Weigh every dark blob by logistic regression; the likeliest is always told, others from ``least`` on."""
    zone = locate(scan)
    weighed = []
    for blob in dark_blobs(zone, radii):
        logit = bias + sum(weight * getattr(blob, name) for name, weight in weights.items())
        weighed.append((blob, float(expit(logit))))
    return [
        Finding(mask=zone.full(outline(zone, blob), scan), confidence=confidence)
        for blob, confidence in distinct(weighed, zone, least=least)
    ]


def dark_blobs(zone: Zone, radii: Sequence[float] = RADII_MM) -> list[Blob]:
    smooth, gland = zone.smooth, zone.gland_hu
    soft = ((smooth > -10) & (smooth < 240)).astype(np.float32)
    surroundings = {
        "gas_around": smooth < -300,
        "gland_around": (smooth > gland - 18) & (smooth < gland + 25),
        "vessel_around": smooth > gland + 30,
        "fat_around": (smooth > -300) & (smooth < -40),
    }
    inside = {"dark": (smooth > 5) & (smooth < gland - 18), "fluid": (smooth > -10) & (smooth < 32)}
    found = []
    for radius in radii:
        # Means over soft tissue only: fat beside a gland would make every edge look like a blob.
        near, wide = _mean(soft, zone, radius), _mean(soft, zone, 2 * radius)
        density = _mean(zone.hu * soft, zone, radius) / np.maximum(near, 0.05)
        contrast = _mean(zone.hu * soft, zone, 2 * radius) / np.maximum(wide, 0.05) - density
        score = contrast * np.sqrt(np.maximum(zone.prior, 0.02)) * ((near > 0.5) & (zone.prior > 0.02))
        window = 2 * np.ceil(0.8 * zone.sigma(radius)).astype(int) + 1
        peaks = np.argwhere((score == ndimage.maximum_filter(score, window)) & (score > LEAST_CONTRAST))
        peaks = peaks[np.argsort(-score[tuple(peaks.T)])][:MOST]
        shares = {name: _mean(mask.astype(np.float32), zone, 2 * radius) for name, mask in surroundings.items()}
        shares |= {name: _mean(mask.astype(np.float32), zone, radius) for name, mask in inside.items()}
        found += [
            Blob(
                centre=at,
                radius_mm=radius,
                contrast=float(contrast[at]),
                density=float(density[at]),
                below_gland=float(gland - density[at]),
                prior=float(zone.prior[at]),
                soft=float(near[at]),
                soft_around=float(wide[at]),
                **{name: float(share[at]) for name, share in shares.items()},
            )
            for at in map(tuple, peaks)
        ]
    return found


def outline(zone: Zone, blob: Blob) -> np.ndarray:
    """The dark voxels that hang together with a blob's centre, within reach of it."""
    offsets = np.indices(zone.smooth.shape, sparse=True)
    away = sum(((grid - at) * step) ** 2 for grid, at, step in zip(offsets, blob.centre, zone.spacing, strict=True))
    level = blob.density + blob.contrast * 0.6
    mask = (zone.smooth < level) & (zone.smooth > -10) & (away < (2.4 * blob.radius_mm) ** 2)
    mask |= away < (0.6 * blob.radius_mm) ** 2
    labels, _ = ndimage.label(mask)
    return labels == labels[blob.centre]


def distinct(blobs: list[tuple[Blob, float]], zone: Zone, *, least: float) -> list[tuple[Blob, float]]:
    """The likeliest first, leaving out what lies within another."""
    kept: list[tuple[Blob, float]] = []
    for blob, confidence in sorted(blobs, key=lambda item: -item[1]):
        gaps = [np.linalg.norm((np.array(blob.centre) - other.centre) * zone.spacing) for other, _ in kept]
        apart = all(gap > 2 * max(blob.radius_mm, other.radius_mm) for gap, (other, _) in zip(gaps, kept, strict=True))
        if apart and (confidence >= least or not kept):
            kept.append((blob, confidence))
    return kept


def _mean(array: np.ndarray, zone: Zone, mm: float) -> np.ndarray:
    return ndimage.gaussian_filter(array, zone.sigma(mm), truncate=2.0)
