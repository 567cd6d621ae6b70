"""Scoring: what a prediction found of a reference standard's lesions, and how well it outlines them."""

from evaluator.scoring.extraction import DEFAULT_EXTRACTION
from evaluator.scoring.hit_rules import DEFAULT_HIT_RULE
from evaluator.scoring.score import SCORER, describe_reference, score_case, score_label_maps
from evaluator.scoring.structures import score_structures

__all__ = [
    "DEFAULT_EXTRACTION",
    "DEFAULT_HIT_RULE",
    "SCORER",
    "describe_reference",
    "score_case",
    "score_label_maps",
    "score_structures",
]
