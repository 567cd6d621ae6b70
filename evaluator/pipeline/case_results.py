"""From what a container wrote for one case to its case result; a failed case keeps its reference's lesions."""

from __future__ import annotations

import numpy as np

from evaluator.cohort import Cohort, CohortCase
from evaluator.container.limits import Limits
from evaluator.container.whose_fault import Verdict
from evaluator.contract import Contract
from evaluator.contract.reader import OutputReader
from evaluator.errors import FailureClass, HospitalFault, OutputRefused, VolumeRefused
from evaluator.pipeline.auditing import Auditor
from evaluator.pipeline.batch import CaseOutcome
from evaluator.records import CaseResult, Grid, Prediction, Volume
from evaluator.scoring import describe_reference, score_case
from evaluator.volumes import read_grid, read_volume


def settle(
    outcome: CaseOutcome,
    *,
    cohort: Cohort,
    contract: Contract,
    limits: Limits,
    reader: OutputReader,
    auditor: Auditor | None = None,
) -> CaseResult:
    """Read and score one case, and show it to the auditor while its output is there.

    Raises
    ------
    HospitalFault
        The reference cannot be read.
    PlatformFault
        The output could not be read, and not because of what it is.
    """
    case = outcome.named.case
    reference, organs = read_references(case)
    verdict = outcome.verdict
    if verdict is None:
        try:
            prediction = _read(outcome, reference, contract=contract, limits=limits, reader=reader)
            score = score_case(
                reference,
                prediction,
                organs=organs,
                organ_names=cohort.organ_names,
                most_findings=limits.findings,
            )
        except OutputRefused as refusal:
            verdict = Verdict(failure=refusal.failure, reason=str(refusal))
        except VolumeRefused as refusal:
            verdict = Verdict(failure=FailureClass.OUTPUT_INVALID, reason=str(refusal))
        else:
            if auditor is not None:
                auditor.look(
                    case.record.case,
                    score=score,
                    reference=reference,
                    prediction=prediction,
                    organs=organs,
                    organ_names=cohort.organ_names,
                )
            return CaseResult(
                case=case.record,
                lesions=score.lesions,
                findings=score.findings,
                structures=score.structures,
                likelihood=score.likelihood,
                likelihood_source=score.likelihood_source,
                seconds=outcome.seconds,
            )
    return CaseResult(
        case=case.record,
        failure=verdict.failure,
        reason=verdict.reason,
        lesions=describe_reference(reference, organs=organs, organ_names=cohort.organ_names),
        seconds=outcome.seconds,
    )


def _read(
    outcome: CaseOutcome, reference: Volume, *, contract: Contract, limits: Limits, reader: OutputReader
) -> Prediction:
    assert outcome.output is not None
    return reader.read(contract, outcome.output, outcome.named.id, grid=reference.grid, json_bytes=limits.json_bytes)


def read_references(case: CohortCase) -> tuple[Volume, Volume | None]:
    """The lesions, none where there is no file, and the organs they may lie in."""
    try:
        grid = read_grid(case.ct)
        if case.reference is None:
            return _empty(grid), None
        organs = read_volume(case.organs, expect=grid) if case.organs else None
        return read_volume(case.reference, expect=grid), organs
    except VolumeRefused as error:
        raise HospitalFault(
            f"The reference of case {case.record.case} cannot be read.",
            why=error.what,
            next_step="Run `cohort check` on the hospital's folder.",
        ) from error


def _empty(grid: Grid) -> Volume:
    return Volume(np.zeros(grid.shape, dtype=np.uint8, order="F"), grid)
