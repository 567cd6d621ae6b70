"""One prediction against one reference: lesions, findings, their matches, overlap and surface distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evaluator.records import CaseScore, Finding, Lesion, Prediction, StructureScore, Volume
from evaluator.scoring.device import CPU, Device
from evaluator.scoring.extraction import DEFAULT_EXTRACTION, get_extraction
from evaluator.scoring.findings import Findings, read_findings, sure_findings
from evaluator.scoring.hit_rules import DEFAULT_HIT_RULE, HitRule, get_hit_rule
from evaluator.scoring.label_map import read_labels
from evaluator.scoring.lesions import describe_lesions
from evaluator.scoring.locations import Places
from evaluator.scoring.matching import Matches, match
from evaluator.scoring.objects import Objects, components, labelled
from evaluator.scoring.structures import compare_labels, score_structure, score_structures
from evaluator.volumes import require_same_grid

SCORER = "lesions/2"
"""Version of the conventions in this room; stored with every result."""


def score_case(
    reference: Volume,
    prediction: Prediction,
    *,
    organs: Volume | None = None,
    organ_names: Mapping[int, str] | None = None,
    hit_rule: str = DEFAULT_HIT_RULE,
    tolerances: Sequence[float] = (2.0,),
    device: Device = CPU,
    extraction: str = DEFAULT_EXTRACTION,
    connectivity: int = 26,
    most_findings: int | None = None,
) -> CaseScore:
    """Score one prediction. Nothing is resampled.

    Parameters
    ----------
    reference : Volume
        Labels of the lesions: one label for all, or a label for each.
    prediction : Prediction
        Labels or a detection map on the same grid.
    organs, organ_names : Volume, mapping of int to str, optional
        Organ labels on the same grid and the names of those that are locations; they are scored where the prediction
        has organs of its own.
    hit_rule : str
        Name of the rule by which a finding hits a lesion.
    tolerances : sequence of float
        Tolerances of the normalised surface Dice, mm.
    device : Device
        Where large structures are compared.
    extraction : str
        Name of the way in which findings are cut out of a detection map.
    connectivity : int
        Whether voxels of one lesion or finding share faces (6), edges too (18) or corners too (26).
    most_findings : int, optional
        More findings than this are refused.

    Raises
    ------
    GridMismatch
        Two volumes lie on different grids.
    VolumeRefused
        Values are no labels and no detection map.
    OutputRefused
        The findings file and the labels do not name the same findings, or there are too many.
    UsageError
        There is no such hit rule, extraction or connectivity.
    """
    rule, how = get_hit_rule(hit_rule), get_extraction(extraction, connectivity=connectivity)
    require_same_grid(prediction.lesions.grid, reference.grid, what="The prediction")
    structures = {}
    if organs is not None and prediction.organs is not None:
        structures = score_structures(
            organs, prediction.organs, names=organ_names, tolerances=tolerances, device=device
        )
    return _compare(
        labelled(reference, connectivity=how.connectivity),
        read_findings(prediction, extraction=how, most=most_findings),
        structures=structures,
        places=Places(reference.grid, organs, organ_names) if organs is not None else None,
        rule=rule,
        tolerances=tolerances,
        device=device,
    )


def score_label_maps(
    reference: Volume,
    prediction: Volume,
    *,
    lesion_label: int,
    names: Mapping[int, str] | None = None,
    hit_rule: str = DEFAULT_HIT_RULE,
    tolerances: Sequence[float] = (2.0,),
    device: Device = CPU,
) -> CaseScore:
    """Score two label maps that hold lesions and organs together, as PanTS has them.

    Parameters
    ----------
    reference, prediction : Volume
        Integer labels on one grid, 0 for background.
    lesion_label : int
        The label whose connected components are lesions or findings; where lesions lie is not told.
    names : mapping of int to str, optional
        The other labels that are scored, and their names; without it every label that occurs, under its number.
    hit_rule, tolerances, device
        As in `score_case`, which also says what is raised.
    """
    rule = get_hit_rule(hit_rule)
    require_same_grid(prediction.grid, reference.grid, what="The prediction")
    ours, theirs = read_labels(reference), read_labels(prediction)
    return _compare(
        components(ours.of(lesion_label), reference.grid),
        sure_findings(components(theirs.of(lesion_label), reference.grid)),
        structures=compare_labels(
            ours, theirs, names=names, without=(lesion_label,), tolerances=tolerances, device=device
        ),
        places=None,
        rule=rule,
        tolerances=tolerances,
        device=device,
    )


def describe_reference(
    reference: Volume, *, organs: Volume | None = None, organ_names: Mapping[int, str] | None = None
) -> tuple[Lesion, ...]:
    """The lesions of a reference, none hit: what a failed case is counted against. Raises as `score_case` does."""
    places = Places(reference.grid, organs, organ_names) if organs is not None else None
    return describe_lesions(labelled(reference), places=places)


def _compare(
    lesions: Objects,
    found: Findings,
    *,
    structures: dict[str, StructureScore],
    places: Places | None,
    rule: HitRule,
    tolerances: Sequence[float],
    device: Device,
) -> CaseScore:
    matches = match(lesions, found.objects, rule=rule)
    whole = score_structure(
        reference=lesions.flat, prediction=found.objects.flat, grid=lesions.grid, tolerances=tolerances, device=device
    )
    outlines = {
        lesion: score_structure(
            reference=lesions.members(lesions.ids.index(lesion)),
            prediction=found.objects.members(found.objects.ids.index(finding)),
            grid=lesions.grid,
            tolerances=tolerances,
            device=device,
        )
        for lesion, finding in matches.finding_of.items()
    }
    return CaseScore(
        structures={"lesions": whole, **structures},
        lesions=tuple(
            replace(
                lesion,
                hit=lesion.id in matches.finding_of,
                finding=matches.finding_of.get(lesion.id),
                outline=outlines.get(lesion.id),
            )
            for lesion in describe_lesions(lesions, places=places)
        ),
        findings=_describe_findings(found, matches),
        likelihood=found.likelihood,
        likelihood_source=found.likelihood_source,
    )


def _describe_findings(found: Findings, matches: Matches) -> tuple[Finding, ...]:
    objects, lesion_of = found.objects, matches.lesion_of
    rows = zip(
        objects.ids, found.confidences.tolist(), objects.volumes_ml.tolist(), objects.centres_mm.tolist(), strict=True
    )
    return tuple(
        Finding(id=number, confidence=confidence, volume_ml=volume, centre_mm=(x, y, z), lesion=lesion_of.get(number))
        for number, confidence, volume, (x, y, z) in rows
        if number not in matches.ignored
    )
