"""Large dark spots near the pancreas, flagged only where hardly a doubt is left."""

from __future__ import annotations

from common.blobs import find
from common.folder import main
from common.scan import Finding, Scan

CAUTION = 1.0  # taken off every spot's logit
RADII_MM = (6.5, 10.0)
# Logistic regression on made-up scans, scaled so that half of the patients at 0.5 would have cancer without caution.
BIAS = -2.33
WEIGHTS = {
    "contrast": -0.0106,
    "density": -0.0204,
    "odd_density": -0.292,
    "log_prior": 1.96,
    "log_radius": 1.57,
    "soft": 6.09,
    "soft_around": -1.29,
    "gas_around": -13.3,
    "gland_around": -9.49,
    "vessel_around": 4.97,
    "fat_around": -0.63,
    "dark": 8.93,
    "fluid": -20.3,
}


def detect(scan: Scan) -> list[Finding]:
    return find(scan, WEIGHTS, bias=BIAS - CAUTION, radii=RADII_MM)


if __name__ == "__main__":
    main(detect)
