"""Image and cohort in, case results out."""

from evaluator.pipeline.answers import failure_of, require_answers
from evaluator.pipeline.cohort_run import TryOut, run_cohort, try_out
from evaluator.pipeline.nulls import Null, null_results
from evaluator.pipeline.resume import forget_run
from evaluator.pipeline.watcher import Speed, Unwatched, Watcher, watched

__all__ = [
    "Null",
    "Speed",
    "TryOut",
    "Unwatched",
    "Watcher",
    "failure_of",
    "forget_run",
    "null_results",
    "require_answers",
    "run_cohort",
    "try_out",
    "watched",
]
