"""Spots near the pancreas that are darker than what is around them, weighed by all that is measured of them."""

from __future__ import annotations

from common.blobs import find
from common.grand_challenge import main
from common.scan import Finding, Scan

# Logistic regression on made-up scans, scaled so that half of the patients at 0.5 have cancer.
BIAS = 17.69
WEIGHTS = {
    "contrast": 0.053,
    "density": -0.133,
    "odd_density": 0.063,
    "log_prior": 0.979,
    "log_radius": 0.707,
    "soft": 3.34,
    "soft_around": -4.25,
    "gas_around": -66.1,
    "gland_around": -17.2,
    "vessel_around": -3.28,
    "fat_around": -13.7,
    "dark": 0.424,
    "fluid": -22.2,
}


def detect(scan: Scan) -> list[Finding]:
    return find(scan, WEIGHTS, bias=BIAS)


if __name__ == "__main__":
    main(detect)
