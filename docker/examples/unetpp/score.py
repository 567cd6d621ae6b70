"""From the network's probabilities to findings, and how sure to be of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.special import expit, logit

from unetpp.network import GLAND, LESION
from unetpp.region import VOXEL_ML, VOXEL_MM

SEEN = 0.25  # a lesion's probability from which on a voxel may belong to a finding
SMOOTH_MM = 3.0
SURE = 1e-4  # probabilities are kept this far from 0 and 1
MOST = 5
USUAL_HU = 100.0  # of a gland, where none is found
MOST_CONTRAST = 0.6  # fluid and fat are no likelier tumours for being darker still


@dataclass(frozen=True)
class Candidate:
    mask: np.ndarray  # on the region's grid
    peak: float  # logit of the highest smoothed probability
    size: float  # logarithm of 1 + mL
    contrast: float  # how much darker than the gland, as a share of the gland's density; 0 if there is no more to see

    def features(self) -> tuple[float, float, float]:
        return self.peak, self.size, self.contrast


@dataclass(frozen=True)
class Calibration:
    """A logistic regression on validation hospitals, half of the patients at 0.5 having cancer."""

    bias: float
    peak: float
    size: float
    contrast: float

    def confidence(self, candidate: Candidate) -> float:
        weights = self.peak, self.size, self.contrast
        return float(expit(self.bias + np.dot(weights, candidate.features())))


def candidates(found: np.ndarray, hu: np.ndarray) -> list[Candidate]:
    """The pieces of what looks like a lesion, most suspicious first; at least the most suspicious voxel.

    ``found``: probabilities [class, x, y, z].
    """
    lesion, gland = found[LESION], hu[found[GLAND] >= 0.5]
    usual = max(float(np.median(gland)), 1.0) if gland.size else USUAL_HU
    smooth = ndimage.gaussian_filter(lesion, SMOOTH_MM / VOXEL_MM)
    labels, count = ndimage.label(lesion >= SEEN)
    if nothing := not count:
        labels[np.unravel_index(smooth.argmax(), smooth.shape)] = count = 1
    numbers = np.arange(1, count + 1)
    peaks = ndimage.maximum(smooth, labels, numbers)
    weights = ndimage.sum_labels(lesion, labels, numbers)
    densities = ndimage.sum_labels(lesion * hu, labels, numbers) / np.maximum(weights, SURE)
    contrasts = np.clip((usual - densities) / usual, 0, MOST_CONTRAST) * (not nothing)
    order = np.argsort(-np.asarray(peaks))[:MOST]
    return [
        Candidate(
            mask=labels == numbers[at],
            peak=float(logit(np.clip(peaks[at], SURE, 1 - SURE))),
            size=float(np.log1p(weights[at] * VOXEL_ML)),
            contrast=float(contrasts[at]),
        )
        for at in order
    ]
