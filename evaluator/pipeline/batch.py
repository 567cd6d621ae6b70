"""One batch of cases through containers: a crash costs the case it happened on, not the batch."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from evaluator.cohort import CohortCase
from evaluator.container.engine import ContainerEngine, ContainerSpec, OutputSpec
from evaluator.container.image_user import run_as
from evaluator.container.images import ImageRecord
from evaluator.container.limits import Limits
from evaluator.container.outputs import Outputs
from evaluator.container.runner import ContainerOutcome, run_container
from evaluator.container.security import paths_to_mask
from evaluator.container.whose_fault import Verdict
from evaluator.contract import Contract, InputCase, WrittenOutput
from evaluator.errors import FailureClass, ImageRefused
from evaluator.pipeline.folders import WorkFolders
from evaluator.pipeline.watcher import cancellation
from evaluator.volumes import read_grid

DEADLINE_MARGIN = 60.0
READING_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class NamedCase:
    """A case under the random name it has in this run, with its scan in the sanitised store."""

    id: str
    case: CohortCase
    scan: Path


@dataclass(frozen=True, kw_only=True)
class CaseOutcome:
    """What the containers left of one case: an output to be read, or why there is none."""

    named: NamedCase
    output: WrittenOutput | None = None
    verdict: Verdict | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One container: which cases it settled. Its output folder is the reader's to remove."""

    settled: tuple[CaseOutcome, ...]
    container: ContainerOutcome
    folder: Path


class BatchRunner:
    """Runs batches of one submission under one contract."""

    def __init__(
        self,
        *,
        engine: ContainerEngine,
        image: ImageRecord,
        contract: Contract,
        limits: Limits,
        folders: WorkFolders,
        outputs: Outputs,
    ) -> None:
        if not image.entrypoint and not image.cmd:
            raise ImageRefused(
                "The image has neither ENTRYPOINT nor CMD.",
                why="Nothing says what its container is to run.",
                next_step="Add an ENTRYPOINT to the Dockerfile.",
            )
        self._engine, self._image, self._contract = engine, image, contract
        self._limits, self._folders, self._outputs = limits, folders, outputs
        self._user = run_as(image, replace_root=contract.replace_root)
        self._masked = paths_to_mask(image.volumes)

    def run(self, cases: Sequence[NamedCase], beat: Callable[[int], bool], *, last: bool) -> Iterator[Attempt]:
        """Yield one attempt a container until every case is settled; ``beat`` gets the number complete in this batch.

        Unless it is the ``last`` batch, the next one's output volume is made while this one's container runs.

        Raises
        ------
        PlatformFault
            The engine failed; nothing of this container counts.
        ClassifiedError
            The run was cancelled.
        """
        pending, restarts, before = tuple(cases), 0, 0
        while pending:
            folder = self._folders.output()
            try:
                container = self._run_container(pending, folder, partial(_from, before, beat), last=last)
                _require_not_cancelled(container)
            except BaseException:
                self._folders.remove(folder)
                raise
            complete = [named for named in pending if self._marked(named, container)]
            left = [named for named in pending if not self._marked(named, container)]
            failing = left[:1] if self._may_go_on(container.verdict, restarts) else left
            settled = [self._complete(named, container, folder) for named in complete]
            settled += [self._fail(named, container) for named in failing]
            yield Attempt(settled=tuple(settled), container=container, folder=folder)
            pending = tuple(left[len(failing) :])
            before += len(settled)
            restarts += 1

    def _may_go_on(self, verdict: Verdict | None, restarts: int) -> bool:
        """After a crash or time-out the rest runs in a new container; one that ended well had its say."""
        if verdict is None or verdict.failure is FailureClass.START_FAILED:
            return False
        return restarts < self._limits.restarts

    def _run_container(
        self, cases: Sequence[NamedCase], folder: Path, beat: Callable[[int], bool], *, last: bool
    ) -> ContainerOutcome:
        contract, now = self._contract, time.monotonic()
        needed = contract.output_bytes(max(_voxels(named.scan) for named in cases))
        limits = replace(
            self._limits,
            output_bytes=max(self._limits.output_bytes, needed),
            file_bytes=max(self._limits.file_bytes, needed),
        )
        seconds = limits.seconds(len(cases))
        deadline = now + seconds + DEADLINE_MARGIN
        read_by = deadline + READING_SECONDS

        def look(complete: int) -> bool:
            if not last:
                after = limits.seconds(limits.batch_cases) + DEADLINE_MARGIN + READING_SECONDS
                self._outputs.make_ahead(self._output(limits, read_by + after))
            return beat(complete)

        with self._folders.input() as mounted:
            contract.write_inputs(
                [InputCase(id=named.id, scan=named.scan, record=named.case.record) for named in cases], mounted
            )
            spec = ContainerSpec(
                name=f"cil-{uuid.uuid4().hex}",
                image=self._image.digest,
                user=self._user,
                input_dir=mounted,
                output=self._outputs.take(self._output(limits, read_by)),
                limits=limits,
                deadline=deadline,
                environment=contract.environment,
                read_only=contract.read_only,
                cap_layer=self._engine.caps_layers and not contract.read_only,
                masked=self._masked,
            )
            return run_container(
                self._engine,
                spec,
                seconds=seconds,
                marks=[contract.completion_mark(named.id) for named in cases],
                wanted=contract.wanted,
                into=folder,
                beat=look,
            )

    def _output(self, limits: Limits, deadline: float) -> OutputSpec:
        return OutputSpec(
            name=f"cil-{uuid.uuid4().hex}-output",
            owner=self._user,
            bytes=limits.output_bytes,
            inodes=limits.output_inodes,
            deadline=deadline,
        )

    def _mark(self, named: NamedCase) -> str:
        return str(self._contract.completion_mark(named.id))

    def _marked(self, named: NamedCase, container: ContainerOutcome) -> bool:
        return self._mark(named) in container.output.copied or self._mark(named) in container.output.refused

    def _complete(self, named: NamedCase, container: ContainerOutcome, folder: Path) -> CaseOutcome:
        return CaseOutcome(
            named=named,
            output=WrittenOutput(folder=folder, refused=container.output.refused),
            seconds=container.marked.get(self._mark(named)),
        )

    def _fail(self, named: NamedCase, container: ContainerOutcome) -> CaseOutcome:
        name = self._contract.completion_mark(named.id).name
        not_read = Verdict(
            failure=FailureClass.OUTPUT_INVALID,
            reason="A file in /output claims more bytes than it may have. The output was read no further than to it.",
        )
        not_written = Verdict(
            failure=FailureClass.OUTPUT_MISSING,
            reason=f"The container ended with exit code 0 and did not write this case's {name}.",
        )
        return CaseOutcome(
            named=named, verdict=container.verdict or (not_read if container.output.truncated else not_written)
        )


def _require_not_cancelled(container: ContainerOutcome) -> None:
    if container.verdict and container.verdict.failure is FailureClass.CANCELLED:
        raise cancellation()


def _from(before: int, beat: Callable[[int], bool], complete: int) -> bool:
    return beat(before + complete)


def _voxels(scan: Path) -> int:
    x, y, z = read_grid(scan).shape
    return x * y * z
