"""The case that goes first, so that an image that cannot do it keeps no GPU busy for a night."""

from __future__ import annotations

from evaluator.container.whose_fault import Verdict
from evaluator.errors import FailureClass, SubmissionFault

CANARIES = 2
# What is as it is whatever the case, or costs a case's whole time. A crash costs little, and counts as a failed case.
HOPELESS = frozenset(
    {
        FailureClass.START_FAILED,
        FailureClass.TIME_LIMIT,
        FailureClass.OUT_OF_MEMORY,
        FailureClass.GPU_OUT_OF_MEMORY,
    }
)


class Canary:
    """One case goes alone. If it hits a limit, another one; if that does too, the rest is not begun.

    One of two may be that case's doing; a submission that answers the second goes on, and its first case counts.
    """

    def __init__(self, wanted: bool) -> None:
        self._left = CANARIES if wanted else 0

    @property
    def waits(self) -> bool:
        """Whether the next batch depends on how the last one ended."""
        return self._left > 0

    def batch(self, size: int) -> int:
        return 1 if self._left else size

    def look(self, verdict: Verdict | None) -> None:
        """Of its container, for whose answers nobody waits: they may be scored while the rest begins.

        Raises
        ------
        SubmissionFault
            With the failure class of the last one.
        """
        if verdict is None or verdict.failure not in HOPELESS:
            self._left = 0
            return
        self._left -= 1
        if not self._left:
            raise SubmissionFault(
                f"It could do neither of the first {CANARIES} cases, so the others were not begun.",
                failure=verdict.failure,
                why=verdict.reason,
                next_step="Try the image on the sample cases with `python -m evaluator run`.",
            )
