"""The domain-transfer ranking: submissions over hospitals, each one vote, with bands instead of bare ranks."""

from evaluator.ranking.admission import DEFAULT_PANEL_MINIMUM
from evaluator.ranking.rank import DEFAULT_REPLICATES, rank_results, rank_table
from evaluator.ranking.records import SCHEMA, Ranking
from evaluator.ranking.table import read_table

__all__ = [
    "DEFAULT_PANEL_MINIMUM",
    "DEFAULT_REPLICATES",
    "SCHEMA",
    "Ranking",
    "rank_results",
    "rank_table",
    "read_table",
]
