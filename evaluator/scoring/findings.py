"""The findings of a prediction, how confident each is, and how likely the patient has cancer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import OutputRefused
from evaluator.records import Prediction
from evaluator.scoring.extraction import Extraction, get_extraction
from evaluator.scoring.objects import Objects, labelled
from evaluator.scoring.voxels import values_at
from evaluator.volumes import require_within


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """The objects of a prediction with the confidence of each, and the patient's likelihood and where it is from."""

    objects: Objects
    confidences: NDArray[np.float64]
    likelihood: float
    likelihood_source: str


def read_findings(prediction: Prediction, *, extraction: Extraction | None = None, most: int | None = None) -> Findings:
    """Find the findings in labels or in a detection map.

    In a map (floats from 0 to 1) the extraction says what a finding is, its confidence the largest value in it. In
    labels (integers) see `labelled`; without a findings file each confidence is 1.
    The likelihood is the prediction's own, else the largest confidence of a findings file, else the map's maximum,
    whatever the extraction, else 1 if there is a finding and 0 if not.

    Parameters
    ----------
    prediction : Prediction
        Labels or a detection map.
    extraction : Extraction, optional
        How a map is cut, `threshold` by default, and how voxels connect.
    most : int, optional
        More findings than this are refused.

    Raises
    ------
    VolumeRefused
        A map holds NaN, infinity or a value outside 0 to 1; a label is negative.
    OutputRefused
        There are too many findings, or the findings file and the labels do not name the same.
    """
    volume, how = prediction.lesions, extraction or get_extraction()
    if volume.data.dtype.kind == "f":
        require_within(volume, 0, 1, what="The detection map")
        extracted = how.extract(volume)
        objects, confidences = extracted.objects, extracted.confidences
        _require_few(prediction, objects, most)
        likelihood, source = float(volume.data.max()), "map"
    else:
        objects = labelled(volume, connectivity=how.connectivity)
        _require_few(prediction, objects, most)
        confidences = _confidences(prediction, objects)
        likelihood = float(confidences.max(initial=0.0))
        source = "mask" if prediction.confidences is None else "findings"
    if prediction.likelihood is not None:
        likelihood, source = prediction.likelihood, "prediction"
    return Findings(objects=objects, confidences=confidences, likelihood=likelihood, likelihood_source=source)


def sure_findings(objects: Objects) -> Findings:
    """Findings of a bare mask: each sure, and a likelihood of 1 if there is one."""
    confidences = np.ones(len(objects.ids))
    likelihood = float(confidences.max(initial=0.0))
    return Findings(objects=objects, confidences=confidences, likelihood=likelihood, likelihood_source="mask")


def _require_few(prediction: Prediction, objects: Objects, most: int | None) -> None:
    if most is not None and len(objects.ids) > most:
        raise OutputRefused(
            f"{prediction.name} holds {len(objects.ids):,} findings.",
            why=f"At most {most:,} are read per case.",
            next_step="Remove specks before writing.",
        )


def _confidences(prediction: Prediction, objects: Objects) -> NDArray[np.float64]:
    if prediction.confidences is None:
        return np.ones(len(objects.ids))
    first = np.unique(objects.owner, return_index=True)[1]
    labels = values_at(objects.flat[first], prediction.lesions)
    named, present = set(prediction.confidences), {int(label) for label in labels}
    if named != present:
        raise OutputRefused(
            "The findings file and the labels do not name the same findings.",
            why=f"Named only in the file: {_few(named - present)}; only in the labels: {_few(present - named)}.",
            next_step="Give one confidence for each label that occurs in lesions.nii.gz.",
        )
    return np.array([prediction.confidences[int(label)] for label in labels], dtype=np.float64)


def _few(labels: set[int]) -> str:
    shown = ", ".join(str(label) for label in sorted(labels)[:5])
    return (shown or "none") + (", …" if len(labels) > 5 else "")
