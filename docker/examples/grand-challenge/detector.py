"""Spots near the pancreas that are darker than what is around them, weighed by all that is measured of them."""

from __future__ import annotations

from common.blobs import find
from common.grand_challenge import main
from common.scan import Finding, Scan

# Logistic regression on made-up scans, scaled so that half of the patients at 0.5 have cancer.
BIAS = 14.05
WEIGHTS = {
    "contrast": 0.0591,
    "density": -0.121,
    "odd_density": -0.152,
    "log_prior": 1.14,
    "log_radius": 0.566,
    "soft": 3.32,
    "soft_around": -0.347,
    "gas_around": -64.3,
    "gland_around": -18.9,
    "vessel_around": -1.23,
    "fat_around": -10.9,
    "dark": 0.266,
    "fluid": -21.1,
}


def detect(scan: Scan) -> list[Finding]:
    return find(scan, WEIGHTS, bias=BIAS)


if __name__ == "__main__":
    main(detect)
