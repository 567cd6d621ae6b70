"""Overlap and surface distances of structures: one mask against another, or every label of two label maps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from evaluator.records import Grid, StructureScore, Volume
from evaluator.scoring.device import CPU, Device
from evaluator.scoring.label_map import LabelMap, read_labels
from evaluator.scoring.surface_area import area_distances
from evaluator.scoring.surfaces import surface_distances
from evaluator.scoring.voxels import Flat, locate
from evaluator.volumes import require_same_grid


def score_structures(
    reference: Volume,
    prediction: Volume,
    *,
    names: Mapping[int, str] | None = None,
    tolerances: Sequence[float] = (2.0,),
    device: Device = CPU,
) -> dict[str, StructureScore]:
    """Score every structure of two label maps.

    Parameters
    ----------
    reference, prediction : Volume
        Integer labels on one grid, 0 for background.
    names : mapping of int to str, optional
        The labels that are scored, and their names; without it every label that occurs, under its number.
    tolerances : sequence of float
        Tolerances of the normalised surface Dice, mm.
    device : Device
        Where large structures are compared.

    Returns
    -------
    dict of str to StructureScore
        By name, in the order of the labels.

    Raises
    ------
    GridMismatch
        The two lie on different grids.
    VolumeRefused
        Values are no labels.
    """
    require_same_grid(prediction.grid, reference.grid, what="The prediction")
    return compare_labels(
        read_labels(reference), read_labels(prediction), names=names, tolerances=tolerances, device=device
    )


def compare_labels(
    reference: LabelMap,
    prediction: LabelMap,
    *,
    names: Mapping[int, str] | None,
    without: Collection[int] = (),
    tolerances: Sequence[float],
    device: Device,
) -> dict[str, StructureScore]:
    """`score_structures` of label maps that were read, but for the labels in ``without``."""
    if names is None:
        names = {label: str(label) for label in sorted(reference.parts.keys() | prediction.parts.keys())}
    shared = device.agreement(reference, prediction)
    return {
        name: score_structure(
            reference=reference.of(label),
            prediction=prediction.of(label),
            shared=shared.get(label, 0),
            grid=reference.grid,
            tolerances=tolerances,
            device=device,
        )
        for label, name in names.items()
        if label not in without
    }


def score_structure(
    *,
    reference: Flat,
    prediction: Flat,
    grid: Grid,
    tolerances: Sequence[float],
    shared: int | None = None,
    device: Device = CPU,
) -> StructureScore:
    """Overlap and surface distances of one structure.

    Parameters
    ----------
    reference, prediction : ndarray of int32, shapes (n,) and (m,)
        The masks' voxels, as `voxels.Flat`.
    grid : Grid
        The grid of both.
    tolerances : sequence of float
        Tolerances of the normalised surface Dice, mm.
    shared : int, optional
        Voxels in both, where that is known.
    device : Device
        Where large structures are compared.

    Returns
    -------
    StructureScore
        An empty prediction of something has Dice, IoU and NSD 0 and no distances; an empty reference has volumes only.
    """
    keys = {str(float(tolerance)): float(tolerance) for tolerance in tolerances}
    volume = {"reference": len(reference) * grid.voxel_ml, "prediction": len(prediction) * grid.voxel_ml}
    error = len(prediction) / len(reference) - 1 if len(reference) else None
    if not len(reference) or not len(prediction):
        worst = 0.0 if len(reference) else None
        return StructureScore(
            dice=worst,
            iou=worst,
            nsd=dict.fromkeys(keys, worst),
            nsd_area=dict.fromkeys(keys, worst),
            hd=None,
            hd95_pooled=None,
            hd95_max=None,
            assd_pooled=None,
            masd=None,
            volume_reference_ml=volume["reference"],
            volume_prediction_ml=volume["prediction"],
            volume_error=error,
        )
    if shared is None:
        shared = int(np.count_nonzero(locate(reference, prediction) >= 0))
    both = len(reference) + len(prediction)
    distances = surface_distances(reference=reference, prediction=prediction, grid=grid, device=device)
    most = max(keys.values(), default=0.0)
    areas = area_distances(reference=reference, prediction=prediction, grid=grid, tolerance=most, device=device)
    return StructureScore(
        dice=2 * shared / both,
        iou=shared / (both - shared),
        nsd={key: distances.nsd(tolerance) for key, tolerance in keys.items()},
        nsd_area={key: areas.nsd(tolerance) for key, tolerance in keys.items()},
        hd=distances.hd,
        hd95_pooled=distances.hd95_pooled,
        hd95_max=distances.hd95_max,
        assd_pooled=distances.assd_pooled,
        masd=distances.masd,
        volume_reference_ml=volume["reference"],
        volume_prediction_ml=volume["prediction"],
        volume_error=error,
    )
