"""Image and cohort in, case results out."""

from evaluator.pipeline.cohort_run import TryOut, run_cohort, try_out
from evaluator.pipeline.watcher import Unwatched, Watcher

__all__ = ["TryOut", "Unwatched", "Watcher", "run_cohort", "try_out"]
