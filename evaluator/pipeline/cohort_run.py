"""A submission through a cohort: sanitised scans, shuffled batches, containers, scores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evaluator.cohort import Cohort, verify
from evaluator.container.archive import resolve_image
from evaluator.container.engine import ContainerEngine
from evaluator.container.limits import Limits
from evaluator.container.reaper import reap
from evaluator.contract import Contract, ScanStore, StoredScan, get_contract
from evaluator.contract.reader import shared_reader
from evaluator.errors import FailureClass, SubmissionFault
from evaluator.pipeline.auditing import Auditor
from evaluator.pipeline.batch import Attempt, BatchRunner, NamedCase
from evaluator.pipeline.case_results import settle
from evaluator.pipeline.folders import WorkFolders
from evaluator.pipeline.watcher import Unwatched, Watcher, wait_for, watched
from evaluator.records import CaseResult, CohortResult

SCORERS = 2  # threads that score while the next container runs


@dataclass(frozen=True, kw_only=True)
class TryOut:
    """How a submission did on public sample cases; its team sees all of it."""

    ok: bool
    log: str
    cases: tuple[CaseResult, ...]
    failure: FailureClass | None = None
    reason: str = ""


@dataclass(kw_only=True)
class Tally:
    """What adds up over a run's containers."""

    cases: dict[str, CaseResult] = field(default_factory=dict)
    logs: list[bytes] = field(default_factory=list)
    peak_memory_bytes: int | None = None

    def add(self, attempt: Attempt) -> None:
        self.logs.append(attempt.container.log)
        peak = attempt.container.peak_memory_bytes
        if peak is not None:
            self.peak_memory_bytes = max(peak, self.peak_memory_bytes or 0)


def run_cohort(
    *,
    engine: ContainerEngine,
    image: str,
    cohort: Cohort,
    contract: str,
    limits: Limits,
    state: Path,
    rng: np.random.Generator,
    watcher: Watcher | None = None,
    keep_log: Callable[[bytes], None] | None = None,
) -> CohortResult:
    """Run an image that is in the engine on a cohort and score what it writes. Failed cases are in the result.

    A few cases are scored again by another program; what it said is in the result (`Auditor`). ``keep_log`` is given
    what each container printed, when it has ended: it may be scans, so it is no part of the result.

    Raises
    ------
    ImageRefused
        The image cannot be run under this contract.
    CohortChanged, HospitalFault
        The scans or references are not what was frozen.
    PlatformFault
        The engine failed; nothing is charged, the run is to be tried again.
    ClassifiedError
        The watcher cancelled; its failure class is ``cancelled``.
    """
    started = _now()
    auditor = Auditor([case.record.case for case in cohort.cases], seed=int(rng.integers(2**32)))
    tally = _run(
        engine=engine,
        image=image,
        cohort=cohort,
        contract=get_contract(contract),
        limits=limits,
        state=state,
        rng=rng,
        watcher=watcher or Unwatched(),
        auditor=auditor,
        keep_log=keep_log,
    )
    return CohortResult(
        hospital=cohort.hospital,
        cohort=cohort.name,
        version=cohort.version,
        fingerprint=cohort.fingerprint,
        cases=tuple(tally.cases[case.record.case] for case in cohort.cases),
        started=started,
        finished=_now(),
        peak_memory_bytes=tally.peak_memory_bytes,
        containers=len(tally.logs),
        audit=auditor.audit(),
    )


def try_out(
    *,
    engine: ContainerEngine,
    image: str,
    sample: Cohort,
    contract: str,
    limits: Limits,
    state: Path,
    rng: np.random.Generator,
    watcher: Watcher | None = None,
) -> TryOut:
    """Run an image on public sample cases and keep its log. What the submission did is in the answer, not raised."""
    try:
        tally = _run(
            engine=engine,
            image=image,
            cohort=sample,
            contract=get_contract(contract),
            limits=limits,
            state=state,
            rng=rng,
            watcher=watcher or Unwatched(),
        )
    except SubmissionFault as fault:
        return TryOut(ok=False, log="", cases=(), failure=fault.failure, reason=str(fault))
    cases = tuple(tally.cases[case.record.case] for case in sample.cases)
    log = "\n".join(text.decode("utf-8", "replace") for text in tally.logs)
    failed = [case for case in cases if case.failure]
    if not failed:
        return TryOut(ok=True, log=log, cases=cases)
    failure, _ = Counter(case.failure for case in failed).most_common(1)[0]
    reason = next(case.reason for case in failed if case.failure is failure)
    said = f"{len(failed)} of {len(cases)} sample cases failed. {reason}"
    return TryOut(ok=False, log=log, cases=cases, failure=failure, reason=said)


def _run(
    *,
    engine: ContainerEngine,
    image: str,
    cohort: Cohort,
    contract: Contract,
    limits: Limits,
    state: Path,
    rng: np.random.Generator,
    watcher: Watcher,
    auditor: Auditor | None = None,
    keep_log: Callable[[bytes], None] | None = None,
) -> Tally:
    folders = WorkFolders(state)
    folders.sweep()
    reap(engine, time.time())
    runner = BatchRunner(
        engine=engine, image=resolve_image(engine, image), contract=contract, limits=limits, folders=folders
    )
    watched(lambda may_stop: verify(cohort, progress=may_stop), watcher)
    store = ScanStore(folders.store(cohort.fingerprint, contract.scan_suffix), suffix=contract.scan_suffix)
    scans = [StoredScan(source=case.ct, sha256=case.ct_sha256) for case in cohort.cases]
    stored = watched(lambda may_stop: store.prepare(scans, rng=rng, each=may_stop), watcher)
    named = [
        NamedCase(id=rng.bytes(16).hex(), case=cohort.cases[position], scan=stored[cohort.cases[position].ct_sha256])
        for position in rng.permutation(len(cohort.cases))
    ]
    tally, total, complete = Tally(), len(named), 0
    reader = shared_reader()
    with ThreadPoolExecutor(SCORERS) as pool:
        scoring: list[Future[CaseResult]] = []
        try:
            for batch in _batches(named, contract.cases_per_container or limits.batch_cases):

                def beat(of_batch: int, before: int = complete) -> bool:
                    watcher.case_done(before + of_batch, total)
                    return watcher.cancelled()

                for attempt in runner.run(batch, beat):
                    tally.add(attempt)
                    if keep_log:
                        keep_log(attempt.container.log)
                    futures = [
                        pool.submit(
                            settle,
                            outcome,
                            cohort=cohort,
                            contract=contract,
                            limits=limits,
                            reader=reader,
                            auditor=auditor,
                        )
                        for outcome in attempt.settled
                    ]
                    scoring += futures
                    _remove_when_done(futures, folders, attempt.folder)
                complete += len(batch)
            for future in scoring:
                result = wait_for(future, watcher)
                tally.cases[result.case.case] = result
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    watcher.case_done(total, total)
    return tally


def _batches(named: Sequence[NamedCase], size: int) -> Iterator[Sequence[NamedCase]]:
    for start in range(0, len(named), size):
        yield named[start : start + size]


def _remove_when_done(futures: Sequence[Future[CaseResult]], folders: WorkFolders, folder: Path) -> None:
    """Free a container's output once its last case is scored."""
    waiting = {id(future) for future in futures}

    def finished(future: Future[CaseResult]) -> None:
        waiting.discard(id(future))
        if not waiting:
            folders.remove(folder)

    for future in futures:
        future.add_done_callback(finished)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
