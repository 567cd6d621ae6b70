"""The frozen records that one room hands to the next.

Lengths are millimetres, volumes millilitres, coordinates RAS world coordinates in millimetres, identifiers start at 1.
Arrays are indexed ``[i, j, k]`` as in the NIfTI header, whatever their memory order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import FailureClass

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """k of n with an interval. ``value`` is None where n is 0; a transformed rate (PPV) has no k and n."""

    value: float | None
    low: float | None
    high: float | None
    k: int | None
    n: int | None
    method: str


@dataclass(frozen=True, eq=False)
class Grid:
    """Where a volume's voxels lie: shape and the 4×4 affine from voxel index to RAS millimetres."""

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @property
    def spacing(self) -> tuple[float, float, float]:
        x, y, z = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return float(x), float(y), float(z)

    @property
    def voxel_ml(self) -> float:
        return abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000.0


@dataclass(frozen=True, eq=False)
class Volume:
    """An array on a grid."""

    data: NDArray[Any]
    grid: Grid


class TruthSource(StrEnum):
    """Whether a case has a lesion mask to localise against, or only the patient's diagnosis."""

    MASK = "mask"
    DIAGNOSIS = "diagnosis"


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """One scan with its reference, as the cohort's ``cases.csv`` has it. Unknown attributes are None, never a group."""

    case: str
    patient: str
    cancer: bool
    index_scan: bool
    reference: TruthSource
    sex: str | None = None
    age: int | None = None
    race: str | None = None
    phase: str | None = None
    scanner: str | None = None
    slice_thickness_mm: float | None = None
    lead_time_months: float | None = None


@dataclass(frozen=True, kw_only=True)
class StructureScore:
    """Overlap and surface distances of one structure; both NSD are keyed by the tolerance in mm, written like "2.0".

    Distances in mm between surface voxels, but for ``nsd_area``, whose surface is made of area elements. What has no
    answer is None: distances where either mask is empty, everything but volumes where the reference is.
    """

    dice: float | None
    nsd: dict[str, float | None]
    hd95_pooled: float | None
    hd95_max: float | None
    assd_pooled: float | None
    masd: float | None
    volume_reference_ml: float
    volume_prediction_ml: float
    iou: float | None = None
    hd: float | None = None
    volume_error: float | None = None  # (prediction - reference) / reference
    nsd_area: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An object the model predicts. ``lesion`` is the lesion it was matched to."""

    id: int
    confidence: float
    volume_ml: float
    centre_mm: Point
    lesion: int | None = None


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """An object of the reference standard. ``finding`` is the finding it was matched to; ``hit`` says so in a word.

    ``slices`` are its first and last axial slice, as voxel indices; ``outline`` compares it with its finding alone.
    """

    id: int
    diameter_mm: float
    volume_ml: float
    centre_mm: Point
    location: str | None = None
    hit: bool = False
    finding: int | None = None
    diameter_3d_mm: float | None = None
    slices: tuple[int, int] | None = None
    outline: StructureScore | None = None


@dataclass(frozen=True, kw_only=True)
class CaseScore:
    """What scoring one prediction against one reference gives."""

    structures: dict[str, StructureScore]
    lesions: tuple[Lesion, ...]
    findings: tuple[Finding, ...]
    likelihood: float
    likelihood_source: str  # "prediction", "findings", "map" or "mask"


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What a submission wrote for one case, read and checked.

    ``lesions`` holds integer labels (0 background) or a float detection map in 0–1, ``organs`` integer labels, both on
    the CT's grid.
    ``confidences`` maps a label to its confidence where a findings file came with the labels; ``name`` is what the
    submission calls the file that ``lesions`` came from.
    """

    lesions: Volume
    confidences: dict[int, float] | None = None
    likelihood: float | None = None
    organs: Volume | None = None
    name: str = "The prediction"


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One scored unit. A failed case keeps its reference's lesions, none hit: it counts in every denominator."""

    case: CaseRecord
    failure: FailureClass | None = None
    reason: str = ""
    lesions: tuple[Lesion, ...] = ()
    findings: tuple[Finding, ...] = ()
    structures: dict[str, StructureScore] = field(default_factory=dict)
    likelihood: float | None = None
    likelihood_source: str | None = None
    seconds: float | None = None

    @property
    def failed(self) -> bool:
        return self.failure is not None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One number of ours beside the auditing program's. None: that side says there is no answer."""

    structure: str
    measure: str
    ours: float | None
    theirs: float | None

    @property
    def difference(self) -> float | None:
        """Relative, absolute for values below 1; None where only one side has a number, or ours is not finite."""
        if self.ours is None or self.theirs is None:
            return 0.0 if self.ours is self.theirs else None
        difference = abs(self.ours - self.theirs) / max(1.0, abs(self.theirs))
        return difference if math.isfinite(difference) else None

    def agrees(self, tolerance: float) -> bool:
        return self.difference is not None and self.difference <= tolerance


@dataclass(frozen=True, kw_only=True)
class CaseAudit:
    """One case scored again by another program: how many numbers were compared, and those that differ.

    ``error`` is set where that program itself broke down and nothing was compared: the platform's fault, nobody else's.
    """

    case: str
    program: str  # name and version
    compared: int
    worst: float  # the largest difference among numbers that both sides have
    differences: tuple[Comparison, ...] = ()
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The cases of a run, drawn by ``seed``, that were scored again by another program.

    ``too_large`` were drawn and passed over, another in the place of each where one was left.
    """

    seed: int
    tolerance: float
    cases: tuple[CaseAudit, ...]
    too_large: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return any(case.differences for case in self.cases)

    @property
    def broke_down(self) -> bool:
        return any(case.error for case in self.cases)

    @property
    def agrees(self) -> bool:
        """At least one case was compared, and no number of any differs."""
        return any(case.compared for case in self.cases) and not self.differs and not self.broke_down


@dataclass(frozen=True, kw_only=True)
class CohortResult:
    """One submission at one hospital: every case of one cohort version, in the cohort's order."""

    hospital: str
    cohort: str
    version: str
    fingerprint: str
    cases: tuple[CaseResult, ...]
    started: str  # ISO 8601, UTC
    finished: str
    peak_memory_bytes: int | None = None
    containers: int = 0
    seed: int | None = None
    audit: Audit | None = None


@dataclass(frozen=True, kw_only=True)
class SubmissionRecord:
    """Whose image it is, and what was declared about it before the first test run."""

    model: str
    image: str  # config digest, "sha256:…"
    contract: str = "folder"
    threshold: float = 0.5
    trained_on: tuple[str, ...] = ()
    submitted: str | None = None
    declared_prevalence: float | None = None  # that its likelihoods are made for; they are no probabilities without
    locked: str = "locked by the submission"  # how the threshold came to be: `operating_point.Status`
