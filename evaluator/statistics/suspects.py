"""Suspected missed lesions: findings on which models of several teams agree where the reference standard has nothing.

The rule `suspects/1` is made to be counted by hand. A finding takes part if its scan is flagged at the model's own
operating point (and, where the likelihood is made of confidences, the finding lies above it too), if it was matched
to no lesion, and if its centre lies further than ``DISTANCE_MM`` from every lesion, taken as a ball of the lesion's
longest diameter: what is left over of a lesion that was found is not a missed one. Around each such finding its group
is the nearest one of each other team whose centre lies within ``DISTANCE_MM`` of its own, so that no chain of findings
grows across an organ. The group of most teams is taken first (of equals the closest), its findings are used up, and so
on until no group has ``LEAST_TEAMS``.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.records import CaseResult, Finding, Lesion, Point
from evaluator.statistics.outcomes import FROM_CONFIDENCES

RULE = "suspects/1"
DISTANCE_MM = 10.0
LEAST_TEAMS = 2


@dataclass(frozen=True, kw_only=True)
class Voice:
    """What one model says of a case, and the operating point that it is held to. Teams have one vote each."""

    model: str
    team: str
    threshold: float
    result: CaseResult


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A finding, and whose it is."""

    model: str
    team: str
    finding: Finding


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A place that several teams' models marked: the mean of their centres, the median of their volumes."""

    marks: tuple[Mark, ...]
    centre_mm: Point
    volume_ml: float


def reported(result: CaseResult, *, threshold: float) -> tuple[Finding, ...]:
    """The findings above an operating point, as rates count them; none of a failed case."""
    if result.failed or result.likelihood is None or not result.likelihood > threshold:
        return ()
    if result.likelihood_source not in FROM_CONFIDENCES:
        return result.findings
    return tuple(finding for finding in result.findings if finding.confidence > threshold)


def find_suspects(
    voices: Sequence[Voice], *, distance_mm: float = DISTANCE_MM, least_teams: int = LEAST_TEAMS
) -> tuple[Suspect, ...]:
    """Where the models agree on one case, the most teams first.

    Parameters
    ----------
    voices : sequence of Voice
        What each model says of the same case.
    distance_mm : float
        How far two centres may lie apart, and how far from a lesion they must.
    least_teams : int
        How many teams have to agree.
    """
    marks = [
        Mark(model=voice.model, team=voice.team, finding=finding)
        for voice in voices
        for finding in reported(voice.result, threshold=voice.threshold)
        if finding.lesion is None and _is_away(finding, voice.result.lesions, distance_mm=distance_mm)
    ]
    centres = np.array([mark.finding.centre_mm for mark in marks], dtype=np.float64).reshape(-1, 3)
    free, found = list(range(len(marks))), list[Suspect]()
    while free:
        groups = [_group(seed, free, marks, centres, distance_mm=distance_mm) for seed in free]
        best = min(groups, key=lambda group: (-len(group), _spread(group, centres)))
        if len(best) < least_teams:
            break
        found.append(_suspect([marks[at] for at in sorted(best)], centres[best]))
        free = [at for at in free if at not in best]
    return tuple(found)


def apart_mm(a: Point, b: Point) -> float:
    return float(np.linalg.norm(np.subtract(a, b)))


def _is_away(finding: Finding, lesions: Sequence[Lesion], *, distance_mm: float) -> bool:
    return all(
        apart_mm(finding.centre_mm, lesion.centre_mm)
        > distance_mm + max(lesion.diameter_mm, lesion.diameter_3d_mm or 0.0) / 2
        for lesion in lesions
    )


def _group(
    seed: int, free: Sequence[int], marks: Sequence[Mark], centres: NDArray[np.float64], *, distance_mm: float
) -> list[int]:
    """The seed and, of every other team, its nearest finding within reach."""
    away = np.linalg.norm(centres[free] - centres[seed], axis=1)
    nearest: dict[str, int] = {marks[seed].team: seed}
    for place in np.argsort(away, kind="stable"):
        if away[place] > distance_mm:
            break
        nearest.setdefault(marks[free[place]].team, free[place])
    return list(nearest.values())


def _spread(group: Sequence[int], centres: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(centres[list(group)] - centres[group[0]], axis=1).sum())


def _suspect(marks: Sequence[Mark], centres: NDArray[np.float64]) -> Suspect:
    x, y, z = (float(value) for value in centres.mean(axis=0))
    return Suspect(
        marks=tuple(marks),
        centre_mm=(x, y, z),
        volume_ml=statistics.median(mark.finding.volume_ml for mark in marks),
    )
