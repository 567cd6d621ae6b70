"""How the commands print what the audit found."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from evaluator.cli import console
from evaluator.errors import PlatformFault, UsageError
from evaluator.records import Audit, CaseAudit, CaseScore, Comparison, Prediction, Volume
from evaluator.scoring.audit import PROGRAM, TOLERANCE, audit_case, compare_case


def audit_score(
    score: CaseScore, *, reference: Volume, prediction: Prediction, hit_rule: str, organs: Volume | None = None
) -> tuple[CaseAudit, tuple[Comparison, ...]]:
    """Score one case again. Raises PlatformFault where the auditing program breaks down, UsageError if it cannot."""
    plain = hit_rule != "picai"  # which does not list surplus findings
    try:
        compared = compare_case(score, reference=reference, prediction=prediction, organs=organs, plain_findings=plain)
    except UsageError:
        raise
    except Exception as error:
        raise PlatformFault(
            "The audit broke down; the scores were not checked.",
            why=f"{PROGRAM}: {type(error).__name__}: {error}.",
            next_step="Keep the two files and tell the organisers; without --audit the case is scored as ever.",
        ) from error
    return audit_case("", compared), compared


def as_json(audit: CaseAudit, compared: tuple[Comparison, ...]) -> dict[str, Any]:
    return {
        "program": audit.program,
        "tolerance": TOLERANCE,
        "compared": audit.compared,
        "worst": audit.worst,
        "differences": [asdict(one) for one in audit.differences],
        "comparisons": [asdict(one) for one in compared],
    }


def show(audit: CaseAudit, compared: tuple[Comparison, ...]) -> None:
    rows = [
        [one.structure, one.measure, _number(one.ours), _number(one.theirs), _number(one.difference, digits=2)]
        for one in compared
    ]
    console.table(f"Audit: ours beside {audit.program}", ["structure", "measure", "ours", "theirs", "difference"], rows)
    if not audit.differences:
        console.say(f"All {audit.compared} numbers agree to {TOLERANCE:g}")


def require_agreement(audit: CaseAudit) -> None:
    """Raises PlatformFault if a number differs."""
    if not audit.differences:
        return
    named = ", ".join(f"{one.measure} of {one.structure}" for one in audit.differences)
    raise PlatformFault(
        f"{len(audit.differences)} of {audit.compared} numbers are not what {audit.program} finds.",
        why=f"They differ by more than {TOLERANCE:g}, or only one side has one: {named}.",
        next_step="Do not use these scores; keep the two files and tell the organisers.",
    )


def sentence(audit: Audit) -> str:
    """What the audit of a run found, in one line."""
    over = f"; {len(audit.too_large)} passed over as too large" if audit.too_large else ""
    checked = [case for case in audit.cases if not case.error]
    broken = [case for case in audit.cases if case.error]
    if broken:
        over += "; it broke down on " + ", ".join(f"{case.case} ({case.error})" for case in broken)
    if not checked:
        return f"audit: no case was scored again{over}"
    said = f"audit: {len(checked)} case{'s' * (len(checked) > 1)} scored again with {checked[0].program}"
    compared = sum(case.compared for case in checked)
    wrong = [f"{one.measure} of {one.structure} in {case.case}" for case in checked for one in case.differences]
    if wrong:
        return f"{said}: {len(wrong)} of {compared} numbers DIFFER: {', '.join(wrong)}{over}"
    return f"{said}: all {compared} numbers agree, to {max(case.worst for case in checked):.1g}{over}"


def _number(value: float | None, digits: int = 10) -> str:
    return "–" if value is None else f"{value:.{digits}g}"
