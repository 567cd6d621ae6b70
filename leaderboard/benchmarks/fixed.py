"""What of a benchmark cannot change any more, and why: some would be measured otherwise than others."""

from __future__ import annotations

from collections.abc import Mapping

from leaderboard.benchmarks.models import Benchmark

HANDED_IN = "Fixed since the first submission was handed in: all are held to the same."
SCORED = "Fixed since the first submission was scored: what is counted was declared beforehand."
SEALED = "Fixed since submissions were sent there: once, for all of them."
ADDRESS = "Fixed: it is in the benchmark's addresses, which people cite."

AFTER_HANDING_IN = (
    "organ",
    "cohorts",
    "calibration",
    "false_alarm_share",
    "confident",
    "case_limit_seconds",
    "memory_bytes",
    "gpus",
    "gpu_memory_bytes",
    "demonstration",
    "ladder",
    "strata_at_final",
    "batch_hours",
)
AFTER_SCORING = ("strata", "accepted_alarms", "panel_minimum", "public_minimum", "replicates")


def fixed_parts(benchmark: Benchmark) -> Mapping[str, str]:
    """Of each part that is fixed, by its name, the reason."""
    if benchmark._state.adding:
        return {}
    found = {"slug": ADDRESS}
    if benchmark.submissions.exists():
        found |= dict.fromkeys(AFTER_HANDING_IN, HANDED_IN)
    if benchmark.submissions.filter(evaluation__runs__state="done").exists():
        found |= dict.fromkeys(AFTER_SCORING, SCORED)
    if benchmark.sealed_runs_at is not None or benchmark.final_at is not None:
        found["sealed"] = SEALED
    return found
