"""The domain-transfer ranking: submissions over hospitals, each one vote, with bands instead of bare ranks."""

from evaluator.ranking.admission import DEFAULT_PANEL_MINIMUM, YOUDEN, Admission, admit_entries, admit_results
from evaluator.ranking.entries import Entry, entry_of
from evaluator.ranking.losses import PanelLosses, panel_losses
from evaluator.ranking.methods import METHODS, TRANSFER, MethodRanking, rank_by_method
from evaluator.ranking.packed import pack, read_patients, unpack
from evaluator.ranking.product import product_on
from evaluator.ranking.publishable import publishable
from evaluator.ranking.rank import DEFAULT_REPLICATES, rank_admitted, rank_results, rank_table
from evaluator.ranking.records import SCHEMA, Ranking
from evaluator.ranking.snapshot import Snapshot, freeze_entries, make_snapshot, read_snapshot, write_snapshot
from evaluator.ranking.table import admit_table, read_table
from evaluator.ranking.verify import Verification, verify_snapshot

__all__ = [
    "DEFAULT_PANEL_MINIMUM",
    "DEFAULT_REPLICATES",
    "METHODS",
    "SCHEMA",
    "TRANSFER",
    "YOUDEN",
    "Admission",
    "Entry",
    "MethodRanking",
    "PanelLosses",
    "Ranking",
    "Snapshot",
    "Verification",
    "admit_entries",
    "admit_results",
    "admit_table",
    "entry_of",
    "freeze_entries",
    "make_snapshot",
    "pack",
    "panel_losses",
    "product_on",
    "publishable",
    "rank_admitted",
    "rank_by_method",
    "rank_results",
    "rank_table",
    "read_patients",
    "read_snapshot",
    "read_table",
    "unpack",
    "verify_snapshot",
    "write_snapshot",
]
