"""Large dark spots near the pancreas, flagged only where hardly a doubt is left."""

from __future__ import annotations

from common.blobs import find
from common.folder import main
from common.scan import Finding, Scan

CAUTION = 1.0  # taken off every spot's logit
RADII_MM = (6.5, 10.0)
# Logistic regression on made-up scans, scaled so that half of the patients at 0.5 would have cancer without caution.
BIAS = -3.08
WEIGHTS = {
    "contrast": 0.00468,
    "density": -0.001,
    "odd_density": -0.351,
    "log_prior": 1.68,
    "log_radius": 0.624,
    "soft": 6.09,
    "soft_around": -0.442,
    "gas_around": -12.7,
    "gland_around": -9.23,
    "vessel_around": 3.48,
    "fat_around": 0.781,
    "dark": 7.37,
    "fluid": -16.1,
}


def detect(scan: Scan) -> list[Finding]:
    return find(scan, WEIGHTS, bias=BIAS - CAUTION, radii=RADII_MM)


if __name__ == "__main__":
    main(detect)
