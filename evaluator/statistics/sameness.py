"""Answers that are suspiciously alike: one for all scans, or those of another submission."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from evaluator.records import CaseResult, CohortResult

FEWEST = 8  # scans with an answer; of fewer, equal answers may be chance
DIGITS = 6  # what another machine's arithmetic leaves the same


@dataclass(frozen=True, kw_only=True)
class Sameness:
    """``constant``: every scan got the same answer. ``digest`` is of all answers, "" where it would say nothing."""

    constant: bool
    digest: str


def sameness(cohort: CohortResult) -> Sameness:
    """Look at what a submission answered on a cohort.

    Parameters
    ----------
    cohort : CohortResult
        Of one submission. Failed scans have no answer.

    Returns
    -------
    Sameness
        An answer is the likelihood with every finding's confidence, volume (ml) and centre (mm). Fewer than `FEWEST`
        answers are neither constant nor have a digest; constant ones have none, since all constant submissions are
        alike.
    """
    answers = {case.case.case: _answer(case) for case in cohort.cases if not case.failed}
    if len(answers) < FEWEST:
        return Sameness(constant=False, digest="")
    if len({json.dumps(answer) for answer in answers.values()}) == 1:
        return Sameness(constant=True, digest="")
    text = json.dumps(sorted(answers.items()))
    return Sameness(constant=False, digest=hashlib.sha256(text.encode()).hexdigest())


def _answer(case: CaseResult) -> list[Any]:
    findings = [
        [_rounded(one.confidence), _rounded(one.volume_ml), *(_rounded(value) for value in one.centre_mm)]
        for one in case.findings
    ]
    return [None if case.likelihood is None else _rounded(case.likelihood), sorted(findings)]


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0  # no −0
