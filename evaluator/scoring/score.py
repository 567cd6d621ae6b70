"""One prediction against one reference: lesions, findings, their matches, overlap and surface distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evaluator.records import CaseScore, Finding, Lesion, Prediction, Volume
from evaluator.scoring.findings import Findings, read_findings
from evaluator.scoring.lesions import describe_lesions
from evaluator.scoring.matching import DEFAULT_HIT_RULE, Matches, get_hit_rule, match
from evaluator.scoring.objects import labelled
from evaluator.scoring.surfaces import score_structure
from evaluator.volumes import require_same_grid

SCORER = "lesions/1"
"""Version of the conventions in this room; stored with every result."""


def score_case(
    reference: Volume,
    prediction: Prediction,
    *,
    organs: Volume | None = None,
    organ_names: Mapping[int, str] | None = None,
    hit_rule: str = DEFAULT_HIT_RULE,
    tolerances: Sequence[float] = (2.0,),
) -> CaseScore:
    """Score one prediction. Nothing is resampled.

    Parameters
    ----------
    reference : Volume
        Labels of the lesions: one label for all, or a label for each.
    prediction : Prediction
        Labels or a detection map on the same grid.
    organs, organ_names : Volume, mapping of int to str, optional
        Organ labels on the same grid and the names of those that are locations.
    hit_rule : str
        Name of the rule by which a finding hits a lesion.
    tolerances : sequence of float
        Tolerances of the normalised surface Dice, mm.

    Raises
    ------
    GridMismatch
        Two volumes lie on different grids.
    VolumeRefused
        Values are no labels and no detection map.
    OutputRefused
        The findings file and the labels do not name the same findings.
    UsageError
        There is no such hit rule.
    """
    rule = get_hit_rule(hit_rule)
    require_same_grid(prediction.lesions.grid, reference.grid, what="The prediction")
    lesions = labelled(reference)
    found = read_findings(prediction)
    matches = match(lesions, found.objects, rule=rule)
    return CaseScore(
        structures={
            "lesions": score_structure(
                reference=lesions.flat, prediction=found.objects.flat, grid=reference.grid, tolerances=tolerances
            )
        },
        lesions=tuple(
            replace(lesion, hit=lesion.id in matches.finding_of, finding=matches.finding_of.get(lesion.id))
            for lesion in describe_lesions(lesions, organs=organs, organ_names=organ_names)
        ),
        findings=_describe_findings(found, matches),
        likelihood=found.likelihood,
        likelihood_source=found.likelihood_source,
    )


def describe_reference(
    reference: Volume, *, organs: Volume | None = None, organ_names: Mapping[int, str] | None = None
) -> tuple[Lesion, ...]:
    """The lesions of a reference, none hit: what a failed case is counted against. Raises as `score_case` does."""
    return describe_lesions(labelled(reference), organs=organs, organ_names=organ_names)


def _describe_findings(found: Findings, matches: Matches) -> tuple[Finding, ...]:
    described = []
    for position, number in enumerate(found.objects.ids):
        if number in matches.ignored:
            continue
        x, y, z = (float(value) for value in found.objects.centres_mm[position])
        described.append(
            Finding(
                id=number,
                confidence=float(found.confidences[position]),
                volume_ml=float(found.objects.volumes_ml[position]),
                centre_mm=(x, y, z),
                lesion=matches.lesion_of.get(number),
            )
        )
    return tuple(described)
