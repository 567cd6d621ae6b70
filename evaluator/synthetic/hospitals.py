"""Hospitals that truly differ: scanners, protocols, contrast phases, patients and tumours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Hospital:
    """What is typical of a hospital; its patients vary about it."""

    slug: str
    name: str
    prefix: str  # of its case and patient names
    scanners: tuple[str, ...]
    spacing_mm: tuple[float, float]  # in plane
    slice_mm: float
    noise_hu: float
    kernel_mm: float  # width of the in-plane point spread
    sharpening: float  # 0 a soft kernel; up to 1 noise without low frequencies
    offset_hu: float
    phases: tuple[tuple[str, float], ...]  # with their shares
    body_size: float
    fat_mm: float
    cancer_share: float
    diameter_mm: float  # median at diagnosis
    diameter_spread: float  # of its logarithm
    conspicuity: float  # tumour contrast, 1 is ordinary
    flips: tuple[int, int, int]  # voxel axes against right-anterior-superior


NORTHGATE = Hospital(
    slug="northgate",
    name="Northgate General Hospital",
    prefix="NG",
    scanners=("Boreal 64", "Boreal 128"),
    spacing_mm=(1.9, 1.9),
    slice_mm=3.0,
    noise_hu=11.0,
    kernel_mm=1.5,
    sharpening=0.2,
    offset_hu=0.0,
    phases=(("venous", 1.0),),
    body_size=1.0,
    fat_mm=20.0,
    cancer_share=0.5,
    diameter_mm=26.0,
    diameter_spread=0.5,
    conspicuity=1.0,
    flips=(-1, -1, 1),
)
HARBOUR = Hospital(
    slug="harbour",
    name="Harbour University Hospital",
    prefix="HU",
    scanners=("Zenith Dual", "Boreal 128"),
    spacing_mm=(1.7, 1.7),
    slice_mm=2.5,
    noise_hu=15.0,
    kernel_mm=1.1,
    sharpening=0.55,
    offset_hu=-6.0,
    phases=(("pancreatic", 0.7), ("venous", 0.3)),
    body_size=0.94,
    fat_mm=14.0,
    cancer_share=0.55,
    diameter_mm=19.0,
    diameter_spread=0.55,
    conspicuity=1.05,
    flips=(1, 1, 1),
)
LAKESIDE = Hospital(
    slug="lakeside",
    name="Lakeside Clinic",
    prefix="LC",
    scanners=("Aurora 16",),
    spacing_mm=(2.2, 2.2),
    slice_mm=5.0,
    noise_hu=13.0,
    kernel_mm=2.3,
    sharpening=0.0,
    offset_hu=9.0,
    phases=(("venous", 0.85), ("non-contrast", 0.15)),
    body_size=1.08,
    fat_mm=32.0,
    cancer_share=0.4,
    diameter_mm=30.0,
    diameter_spread=0.4,
    conspicuity=0.9,
    flips=(-1, -1, 1),
)
HILLCREST = Hospital(
    slug="hillcrest",
    name="Hillcrest Cancer Institute",
    prefix="HC",
    scanners=("Zenith Dual", "Aurora 40"),
    spacing_mm=(2.0, 2.0),
    slice_mm=3.5,
    noise_hu=20.0,
    kernel_mm=1.3,
    sharpening=0.4,
    offset_hu=-12.0,
    phases=(("arterial", 0.6), ("venous", 0.4)),
    body_size=0.98,
    fat_mm=17.0,
    cancer_share=0.6,
    diameter_mm=21.0,
    diameter_spread=0.6,
    conspicuity=0.95,
    flips=(-1, 1, 1),
)
SAMPLE = Hospital(
    slug="sample",
    name="Public sample cases",
    prefix="SA",
    scanners=("Boreal 64",),
    spacing_mm=(2.0, 2.0),
    slice_mm=3.0,
    noise_hu=12.0,
    kernel_mm=1.5,
    sharpening=0.2,
    offset_hu=0.0,
    phases=(("venous", 1.0),),
    body_size=0.98,
    fat_mm=18.0,
    cancer_share=0.5,
    diameter_mm=28.0,
    diameter_spread=0.3,
    conspicuity=1.0,
    flips=(-1, -1, 1),
)
CALIBRATION = Hospital(
    slug="calibration",
    name="Riverside Imaging Centre",
    prefix="RI",
    scanners=("Aurora 40", "Boreal 64"),
    spacing_mm=(2.0, 2.0),
    slice_mm=3.0,
    noise_hu=14.0,
    kernel_mm=1.4,
    sharpening=0.25,
    offset_hu=0.0,
    phases=(("venous", 0.6), ("pancreatic", 0.4)),
    body_size=1.0,
    fat_mm=20.0,
    cancer_share=0.1,
    diameter_mm=25.0,
    diameter_spread=0.5,
    conspicuity=1.0,
    flips=(1, -1, 1),
)
NAMED = (NORTHGATE, HARBOUR, LAKESIDE, HILLCREST)


def choose_hospitals(count: int, *, seed: int) -> tuple[Hospital, ...]:
    """The named four first, then as many more as are asked for, each drawn anew."""
    return tuple(NAMED[n] if n < len(NAMED) else _draw(n, seed=seed) for n in range(count))


def _draw(number: int, *, seed: int) -> Hospital:
    rng = np.random.default_rng([seed, number, 0])
    spacing = round(float(rng.uniform(1.7, 2.3)), 1)
    first, second, _ = rng.permutation(["venous", "pancreatic", "arterial"])
    share = round(float(rng.uniform(0.5, 1.0)), 2)
    return Hospital(
        slug=f"hospital-{number + 1}",
        name=f"Hospital {number + 1}",
        prefix=f"H{number + 1}",
        scanners=tuple(
            str(name) for name in rng.choice(["Aurora 16", "Aurora 40", "Boreal 64", "Zenith Dual"], 2, replace=False)
        ),
        spacing_mm=(spacing, spacing),
        slice_mm=float(rng.choice([2.5, 3.0, 3.5, 4.0, 5.0])),
        noise_hu=float(rng.uniform(9, 22)),
        kernel_mm=float(rng.uniform(1.0, 2.3)),
        sharpening=float(rng.uniform(0, 0.6)),
        offset_hu=float(rng.normal(0, 8)),
        phases=((str(first), share), (str(second), 1 - share)),
        body_size=float(rng.uniform(0.92, 1.1)),
        fat_mm=float(rng.uniform(12, 34)),
        cancer_share=float(rng.uniform(0.4, 0.6)),
        diameter_mm=float(rng.uniform(18, 30)),
        diameter_spread=float(rng.uniform(0.4, 0.6)),
        conspicuity=float(rng.uniform(0.85, 1.05)),
        flips=(int(rng.choice([-1, 1])), int(rng.choice([-1, 1])), 1),
    )
