"""Small volumes to lay over a scan: findings and suspects as balls of their size, since no model's mask is kept.

A case result holds each finding's centre, volume and confidence, and nothing of its outline: that is what leaves a
hospital, and a mask would be far more than numbers. So pages say that balls are drawn, and where their middle is known.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from evaluator.errors import EvaluatorError
from evaluator.records import Finding, Point
from evaluator.volumes import Ball, draw_balls, read_grid, write_nifti
from leaderboard.lib.errors import Refusal


def findings_overlay(*, scan: Path, findings: Sequence[Finding]) -> bytes:
    """A .nii.gz on the part of the scan's grid that holds them; each finding's voxels hold its number on the page."""
    return overlay(
        scan,
        [
            Ball(number=number, centre_mm=finding.centre_mm, volume_ml=finding.volume_ml)
            for number, finding in enumerate(findings, start=1)
        ],
    )


def suspect_overlay(*, scan: Path, centre_mm: Point, volume_ml: float) -> bytes:
    return overlay(scan, [Ball(number=1, centre_mm=centre_mm, volume_ml=volume_ml)])


def overlay(scan: Path, balls: Sequence[Ball]) -> bytes:
    """Raises Refusal where the scan's header cannot be read."""
    try:
        volume = draw_balls(read_grid(scan), balls)
    except EvaluatorError as error:
        raise Refusal("The scan cannot be read.", why=error.why) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "overlay.nii.gz"
        write_nifti(path, volume)
        return path.read_bytes()
