"""A submission through a cohort: sanitised scans, shuffled batches, containers, scores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evaluator.cohort import Cohort, verify
from evaluator.container.archive import resolve_image
from evaluator.container.engine import ContainerEngine
from evaluator.container.limits import Limits
from evaluator.container.outputs import Outputs
from evaluator.container.reaper import reap
from evaluator.container.runner import ContainerOutcome
from evaluator.contract import Contract, ScanStore, StoredScan, get_contract
from evaluator.contract.reader import shared_reader
from evaluator.errors import FailureClass, SubmissionFault
from evaluator.pipeline.auditing import Auditor
from evaluator.pipeline.batch import Attempt, BatchRunner, CaseOutcome, NamedCase
from evaluator.pipeline.canary import CANARIES, Canary
from evaluator.pipeline.case_results import settle
from evaluator.pipeline.folders import WorkFolders
from evaluator.pipeline.resume import KeptCase, KeptCases
from evaluator.pipeline.watcher import Unwatched, Watcher, wait_for, watched
from evaluator.records import CaseResult, CohortResult
from evaluator.scoring import DEFAULT_HIT_RULE, SCORER

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
        self._peak(attempt.container.peak_memory_bytes)

    @classmethod
    def of(cls, kept: KeptCases | None) -> Tally:
        tally = cls()
        for name, case in kept.cases.items() if kept else ():
            tally.cases[name] = case.result
            tally._peak(case.peak_memory_bytes)
        return tally

    def _peak(self, peak: int | None) -> None:
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
    resume: str = "",
    canary: bool = False,
) -> CohortResult:
    """Run an image that is in the engine on a cohort and score what it writes. Failed cases are in the result.

    A few cases are scored again by another program; what it said is in the result (`Auditor`). ``keep_log`` is given
    what each container printed, when it has ended: it may be scans, so it is no part of the result.

    With a name to ``resume`` by, cases are kept as they are scored, and a run of that name that was interrupted goes on
    from there. With a ``canary`` one case goes first, alone; if it hits a limit, another one; if that does too, the
    rest is not begun.

    Raises
    ------
    ImageRefused
        The image cannot be run under this contract.
    SubmissionFault
        Both cases that went first hit a limit.
    CohortChanged, HospitalFault
        The scans or references are not what was frozen.
    PlatformFault
        The engine failed; nothing is charged, the run is to be tried again.
    ClassifiedError
        The watcher cancelled; its failure class is ``cancelled``.
    """
    started = _now()
    kept = None
    if resume:
        made_of = [
            image,
            cohort.fingerprint,
            contract,
            replace(limits, cpus=None, gpu_ids=()),
            SCORER,
            DEFAULT_HIT_RULE,
        ]
        kept = KeptCases(state, run=resume, made_of=made_of, rng=rng)
    before = tuple(kept.cases.values()) if kept else ()
    auditor = Auditor(
        [case.record.case for case in cohort.cases],
        seed=kept.seed if kept else int(rng.integers(2**32)),
        known=[case.audit for case in before if case.audit],
    )
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
        kept=kept,
        canary=canary,
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
    kept: KeptCases | None = None,
    canary: bool = False,
) -> Tally:
    folders = WorkFolders(state)
    folders.sweep()
    reap(engine, time.monotonic())
    outputs = Outputs(engine)
    runner = BatchRunner(
        engine=engine,
        image=resolve_image(engine, image),
        contract=contract,
        limits=limits,
        folders=folders,
        outputs=outputs,
    )
    tally, total = Tally.of(kept), len(cohort.cases)
    named = [
        one
        for one in _prepared(cohort, contract, folders=folders, rng=rng, watcher=watcher)
        if one.case.record.case not in tally.cases
    ]
    reader = shared_reader()
    bird = Canary(canary and len(named) > CANARIES)

    def score(outcome: CaseOutcome, container: ContainerOutcome) -> CaseResult:
        result = settle(outcome, cohort=cohort, contract=contract, limits=limits, reader=reader, auditor=auditor)
        if kept:
            audit = auditor.of(result.case.case) if auditor else None
            kept.keep(KeptCase(result=result, audit=audit, peak_memory_bytes=container.peak_memory_bytes))
        return result

    with ThreadPoolExecutor(SCORERS) as pool, outputs:
        scoring: list[Future[CaseResult]] = []
        try:
            while named:
                size = bird.batch(contract.cases_per_container or limits.batch_cases)
                batch, named = named[:size], named[size:]
                complete = total - len(batch) - len(named)

                def beat(of_batch: int, before: int = complete) -> bool:
                    watcher.case_done(before + of_batch, total)
                    return watcher.cancelled()

                for attempt in runner.run(batch, beat, last=not named):
                    tally.add(attempt)
                    if keep_log:
                        keep_log(attempt.container.log)
                    futures = [pool.submit(score, outcome, attempt.container) for outcome in attempt.settled]
                    scoring += futures
                    _remove_when_done(futures, folders, attempt.folder)
                    if bird.waits:
                        bird.look(attempt.settled[-1].verdict)
            for future in scoring:
                result = wait_for(future, watcher)
                tally.cases[result.case.case] = result
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    watcher.case_done(total, total)
    return tally


def _prepared(
    cohort: Cohort, contract: Contract, *, folders: WorkFolders, rng: np.random.Generator, watcher: Watcher
) -> list[NamedCase]:
    """The cohort's cases, found unchanged and sanitised, under random names and in random order."""
    watched(lambda may_stop: verify(cohort, progress=may_stop), watcher)
    store = ScanStore(folders.store(cohort.fingerprint, contract.scan_suffix), suffix=contract.scan_suffix)
    scans = [StoredScan(source=case.ct, sha256=case.ct_sha256) for case in cohort.cases]
    stored = watched(lambda may_stop: store.prepare(scans, rng=rng, each=may_stop), watcher)
    return [
        NamedCase(id=rng.bytes(16).hex(), case=cohort.cases[position], scan=stored[cohort.cases[position].ct_sha256])
        for position in rng.permutation(len(cohort.cases))
    ]


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
