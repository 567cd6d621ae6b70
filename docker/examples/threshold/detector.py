"""A naive detector: anything in the middle of the body that is darker than organs and brighter than fluid.

It knows nothing of the pancreas, so bowel, vessels and muscle alarm it as well.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from common.folder import main
from common.scan import Finding, Scan

DARK = (35, 72)  # Hounsfield units of a tumour after contrast medium
MIDDLE = ((0.33, 0.68), (0.42, 0.70), (0.20, 0.75))  # of the body: right to left, back to front, bottom to top
SMALLEST_ML, LARGEST_ML = 0.3, 60.0
USUAL_ML = 5.0  # the largest dark piece of an ordinary patient
MOST = 8


def detect(scan: Scan) -> list[Finding]:
    box = middle_of_body(scan.hu)
    smooth = ndimage.gaussian_filter(scan.hu[box], scan.sigma(2.0))
    dark = ndimage.binary_opening((smooth > DARK[0]) & (smooth < DARK[1]), iterations=1)
    labels, _ = ndimage.label(dark)
    volumes = np.bincount(labels.ravel())[1:] * scan.voxel_ml
    findings = []
    for label in np.argsort(-volumes)[:MOST] + 1:
        volume = volumes[label - 1]
        if SMALLEST_ML < volume < LARGEST_ML:
            mask = np.zeros(scan.hu.shape, dtype=bool)
            mask[box] = labels == label
            findings.append(Finding(mask=mask, confidence=float(volume / (volume + USUAL_ML))))
    return findings


def middle_of_body(hu: np.ndarray) -> tuple[slice, ...]:
    body = hu > -300
    box = []
    for axis, (start, stop) in enumerate(MIDDLE):
        others = tuple(other for other in range(3) if other != axis)
        inside = np.flatnonzero(body.mean(axis=others) > 0.05)
        first, length = (inside[0], len(inside)) if inside.size else (0, 0)
        box.append(slice(first + int(start * length), first + int(stop * length)))
    return tuple(box)


if __name__ == "__main__":
    main(detect)
