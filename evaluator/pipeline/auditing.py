"""Which cases of a run are scored again by another program, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from evaluator.records import Audit, CaseAudit, CaseScore, Prediction, Volume
from evaluator.scoring.audit import LARGEST_BOX, PROGRAM, TOLERANCE, TooLargeToAudit, audit_case, compare_case

SHARE = 0.01

logger = logging.getLogger(__name__)


class Auditor:
    """Audits each case with probability ``SHARE``, and in any run the first that is scored; several threads may ask.

    The seed and the order of the cohort's cases give the draw; ``known`` are audits of an attempt that this one goes on
    from. For a drawn case that is too large the next one that is
    scored is audited. An audit that breaks down is written down as such: it takes nothing from the case's score.
    """

    def __init__(
        self, cases: Sequence[str], *, seed: int, known: Sequence[CaseAudit] = (), largest_box: int = LARGEST_BOX
    ) -> None:
        self._order = {case: number for number, case in enumerate(cases)}
        self._seed, self._largest_box = seed, largest_box
        draws = np.random.default_rng(seed).random(len(cases))
        self._drawn = {case for case, draw in zip(cases, draws, strict=True) if draw < SHARE}
        self._audits = {audit.case: audit for audit in known}
        self._owed = 0 if known else 1
        self._too_large: list[str] = []
        self._deciding, self._auditing = Lock(), Lock()

    def look(
        self,
        case: str,
        *,
        score: CaseScore,
        reference: Volume,
        prediction: Prediction,
        organs: Volume | None = None,
        organ_names: Mapping[int, str] | None = None,
    ) -> None:
        """Audit this case if it is its turn; the volumes as they were scored. Never raises for what the audit does."""
        with self._deciding:
            if case not in self._drawn and not self._owed:
                return
            self._owed = max(self._owed - 1, 0)
        with self._auditing:  # one at a time: medpy may need gigabytes
            try:
                compared = compare_case(
                    score,
                    reference=reference,
                    prediction=prediction,
                    organs=organs,
                    organ_names=organ_names,
                    largest_box=self._largest_box,
                )
            except TooLargeToAudit:
                with self._deciding:
                    self._owed += 1
                    self._too_large.append(case)
            except Exception as error:  # whatever it is, it is ours
                logger.exception("the audit of case %s broke down", case)
                self._keep(CaseAudit(case=case, program=PROGRAM, compared=0, worst=0.0, error=_said(error)))
            else:
                self._keep(audit_case(case, compared))

    def of(self, case: str) -> CaseAudit | None:
        """What was found of one case, if it was audited."""
        with self._deciding:
            return self._audits.get(case)

    def audit(self) -> Audit:
        """What was found so far, in the cohort's order."""
        with self._deciding:
            return Audit(
                seed=self._seed,
                tolerance=TOLERANCE,
                cases=tuple(self._audits[case] for case in sorted(self._audits, key=self._order.__getitem__)),
                too_large=tuple(sorted(self._too_large, key=self._order.__getitem__)),
            )

    def _keep(self, audit: CaseAudit) -> None:
        with self._deciding:
            self._audits[audit.case] = audit


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
