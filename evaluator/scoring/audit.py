"""A second opinion on one case: medpy's and scipy's numbers beside ours, made by none of our scoring code.

It writes down our conventions anew (what is an object, which voxels are a map's mask, what empty masks give), so that a
change of one of them here or there is a difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain

import numpy as np
from medpy.metric import binary
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from evaluator.errors import UsageError
from evaluator.records import CaseAudit, CaseScore, Comparison, Grid, Prediction, StructureScore, Volume

TOLERANCE = 1e-6
"""Largest difference that is none: relative, absolute for values below 1."""
LARGEST_BOX = 2**27
"""Voxels around a structure beyond which it is not audited: medpy takes 55 bytes and about 1.2 µs for each."""
PROGRAM = f"medpy {version('medpy')}"

LESIONS = "lesions"
MAP_THRESHOLD = 0.1
LARGEST_SHEAR = TOLERANCE / 2

Mask = NDArray[np.bool_]


class TooLargeToAudit(UsageError):
    """A structure and what was predicted of it lie so far apart that medpy would need too much memory."""


def audit_case(case: str, comparisons: tuple[Comparison, ...]) -> CaseAudit:
    """What is kept of the comparisons of one case."""
    found = [one.difference for one in comparisons if one.difference is not None]
    return CaseAudit(
        case=case,
        program=PROGRAM,
        compared=len(comparisons),
        worst=max(found, default=0.0),
        differences=tuple(one for one in comparisons if not one.agrees(TOLERANCE)),
    )


def compare_case(
    score: CaseScore,
    *,
    reference: Volume,
    prediction: Prediction,
    organs: Volume | None = None,
    organ_names: Mapping[int, str] | None = None,
    plain_findings: bool = True,
    largest_box: int = LARGEST_BOX,
) -> tuple[Comparison, ...]:
    """Score a case again and put the numbers side by side.

    Dice, IoU, Hausdorff distances, mean distance and volumes are medpy's and numpy's; lesions and findings are counted
    by scipy. Surface Dice, HD95 of either direction, diameters and the matching have no counterpart there. medpy knows
    a spacing and no shear: distances on a sheared grid are left out.

    Parameters
    ----------
    score : CaseScore
        What our scorer said.
    reference : Volume
        Labels of the lesions.
    prediction : Prediction
        Labels or a detection map on the same grid, and organs where they were scored.
    organs, organ_names : Volume, mapping of int to str, optional
        The reference's organ labels and their names, as they were given to the scorer.
    plain_findings : bool
        False where the findings are not all objects of the prediction as they are (a hit rule that drops surplus ones,
        or an extraction of its own): they are not counted then, and no outline is compared.
    largest_box : int
        Voxels of the largest box around a structure that is given to medpy.

    Raises
    ------
    TooLargeToAudit
        The box around a structure is larger.
    ValueError
        The score has a structure whose masks were not given here.
    """
    found = prediction.lesions.data
    found_mask = found > MAP_THRESHOLD if found.dtype.kind == "f" else found != 0
    box = _joint_box(reference.data != 0, found_mask, largest_box)
    lesions = _Objects(reference.data[box])
    findings = _Objects(found_mask[box] if found.dtype.kind == "f" else found[box])
    comparisons = [_count("lesions", len(score.lesions), lesions)]
    if plain_findings:
        comparisons.append(_count("findings", len(score.findings), findings))
    structures = _structures(score, lesions, findings, _Organs(organs, prediction.organs, organ_names))
    for outline in chain(structures, _hits(score, lesions, findings) if plain_findings else ()):
        box = _joint_box(outline.reference, outline.prediction, largest_box)
        theirs = _measure(np.pad(outline.reference[box], 1), np.pad(outline.prediction[box], 1), reference.grid)
        comparisons += _compare(outline, theirs)
    return tuple(comparisons)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Outline:
    """Two masks and what our scorer said of them, None if nothing."""

    name: str
    ours: StructureScore | None
    reference: Mask
    prediction: Mask


def _structures(score: CaseScore, lesions: _Objects, findings: _Objects, organs: _Organs) -> Iterator[_Outline]:
    for name, ours in score.structures.items():
        reference, prediction = (lesions.mask, findings.mask) if name == LESIONS else organs.masks(name)
        yield _Outline(name=name, ours=ours, reference=reference, prediction=prediction)


def _hits(score: CaseScore, lesions: _Objects, findings: _Objects) -> Iterator[_Outline]:
    """Each lesion that was hit, beside its finding alone."""
    for lesion in score.lesions:
        if lesion.finding is not None:
            reference, prediction = lesions.one(lesion.id), findings.one(lesion.finding)
            yield _Outline(name=f"lesion {lesion.id}", ours=lesion.outline, reference=reference, prediction=prediction)


class _Objects:
    """Several labels are objects as they are; one label alone stands for all, and its 26-connected parts are objects.

    The parts are numbered from 1 in the order of their first voxel, by k, then j, then i.
    """

    def __init__(self, labels: NDArray[np.generic]) -> None:
        self.mask: Mask = labels != 0
        values = np.unique(labels[self.mask])
        if len(values) > 1:
            self._array, self._value_of = labels, {int(value): value for value in values}
            return
        self._array = label(self.mask, structure=np.ones((3, 3, 3)))[0]
        in_order = self._array.T[self.mask.T]
        parts, first = np.unique(in_order, return_index=True)
        self._value_of = dict(enumerate(parts[np.argsort(first)], start=1))

    def __len__(self) -> int:
        return len(self._value_of)

    def one(self, number: int) -> Mask:
        """The voxels of one object; none if there is no such object."""
        if number not in self._value_of:
            return np.zeros_like(self.mask)
        mask: Mask = self._array == self._value_of[number]
        return mask


def _count(what: str, ours: int, theirs: _Objects) -> Comparison:
    return Comparison(structure=LESIONS, measure=f"number of {what}", ours=float(ours), theirs=float(len(theirs)))


@dataclass(frozen=True, eq=False)
class _Organs:
    """Two label maps; without names a label is called by its number."""

    reference: Volume | None
    prediction: Volume | None
    names: Mapping[int, str] | None

    def masks(self, name: str) -> tuple[Mask, Mask]:
        label = _label_of(name, self.names)
        if self.reference is None or self.prediction is None or label is None:
            raise ValueError(f"the auditor was not given what the structure {name!r} was made of")
        return self.reference.data == label, self.prediction.data == label


def _label_of(name: str, names: Mapping[int, str] | None) -> int | None:
    if names is None:
        return int(name) if name.isdecimal() else None
    return next((label for label, known in names.items() if known == name), None)


def _compare(outline: _Outline, theirs: Mapping[str, float | None]) -> Iterator[Comparison]:
    for measure, value in theirs.items():
        ours = None if outline.ours is None else getattr(outline.ours, measure)
        yield Comparison(structure=outline.name, measure=measure, ours=ours, theirs=value)


def _measure(reference: Mask, prediction: Mask, grid: Grid) -> dict[str, float | None]:
    """medpy takes the array's edge for the outside, as the scan's edge is: an empty margin stands for both."""
    measured: dict[str, float | None] = {
        "volume_reference_ml": np.count_nonzero(reference) * grid.voxel_ml,
        "volume_prediction_ml": np.count_nonzero(prediction) * grid.voxel_ml,
    }
    if not reference.any():  # nothing to find: volumes only
        return {**measured, **dict.fromkeys(("dice", "iou", "volume_error", "hd", "hd95_pooled", "assd_pooled"))}
    measured["dice"] = float(binary.dc(prediction, reference))
    measured["iou"] = float(binary.jc(prediction, reference))
    measured["volume_error"] = np.count_nonzero(prediction) / np.count_nonzero(reference) - 1
    if not prediction.any():  # nothing found: no surface to be far from
        return {**measured, **dict.fromkeys(("hd", "hd95_pooled", "assd_pooled"))}
    if _shear(grid) <= LARGEST_SHEAR:
        measured["hd"] = float(binary.hd(prediction, reference, voxelspacing=grid.spacing))
        measured["hd95_pooled"] = float(binary.hd95(prediction, reference, voxelspacing=grid.spacing))
        measured["assd_pooled"] = float(binary.assd(prediction, reference, voxelspacing=grid.spacing))
    return measured


def _joint_box(reference: Mask, prediction: Mask, largest_box: int) -> tuple[slice, ...]:
    """The smallest box around both masks; one voxel of the scan if both are empty."""
    joint = np.ascontiguousarray((reference | prediction).T)  # volumes are read in Fortran order
    found = find_objects(joint.view(np.uint8), max_label=1)[0]
    box: tuple[slice, ...] = found[::-1] if found else (slice(0, 1),) * 3
    sides = [side.stop - side.start + 2 for side in box]
    if math.prod(sides) > largest_box:
        raise TooLargeToAudit(
            "The case is too large to be audited.",
            why=f"The box around its masks has {' × '.join(map(str, sides))} voxels; medpy is given {largest_box:,}.",
            next_step="Audit a case whose masks lie closer together.",
        )
    return box


def _shear(grid: Grid) -> float:
    """Largest cosine between two axes of the grid; it bounds the relative error of a distance that ignores it."""
    axes = grid.affine[:3, :3] / grid.spacing
    return float(np.abs(axes.T @ axes - np.eye(3)).max())
