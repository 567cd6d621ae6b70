"""Image and cohort in, case results out."""

from evaluator.pipeline.cohort_run import TryOut, run_cohort, try_out
from evaluator.pipeline.nulls import Null, null_results
from evaluator.pipeline.watcher import Unwatched, Watcher

__all__ = ["Null", "TryOut", "Unwatched", "Watcher", "null_results", "run_cohort", "try_out"]
