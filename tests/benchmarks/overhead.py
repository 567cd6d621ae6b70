"""What the platform adds to a container's own time: per case, and between one container and the next.

``python -m tests.benchmarks.overhead`` runs a real container, which waits ten seconds for every scan as for a GPU, on
scans of 512×512×300 voxels through the real pipeline: a first time, when scans are sanitised, and again, when they are
in the store. ``--small`` does so with small scans. Needs a Docker engine and the examples' base image.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from evaluator.cohort import Cohort
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.engine import ContainerEngine
from evaluator.container.limits import GIB, Limits
from evaluator.pipeline import run_cohort
from tests.benchmarks.case import Size
from tests.benchmarks.overhead_inputs import Stamps, program, read_stamps, write_scans
from tests.containers.submissions import Images

PER_CASE, SHARE, IDLE = 0.5, 0.05, 2.0  # the design's targets: seconds, part of a ten seconds' inference, seconds


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run: after the first case, which goes alone, ``batch`` cases in each container."""

    size: Size
    cases: int
    batch: int
    seconds: float


FULL = Plan(size=Size(), cases=13, batch=6, seconds=10.0)
SMALL = Plan(size=Size(columns=64, slices=40), cases=5, batch=2, seconds=0.2)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run, from when it was called to when its results were there, and what its containers stamped."""

    name: str
    began: float
    ended: float
    containers: tuple[Stamps, ...]
    failed: int

    @property
    def cases(self) -> int:
        return sum(len(stamps.windows) for stamps in self.containers)

    @property
    def own(self) -> float:
        """Seconds that were the containers' own."""
        return sum(until - since for stamps in self.containers for since, until in stamps.windows)

    @property
    def per_case(self) -> float:
        return (self.ended - self.began - self.own) / self.cases

    @property
    def before(self) -> float:
        """From the call to the first case."""
        return self.containers[0].windows[0][0] - self.began

    @property
    def idle(self) -> tuple[float, ...]:
        """From a container's last case to the next one's first."""
        return tuple(after.windows[0][0] - one.windows[-1][1] for one, after in pairwise(self.containers))

    @property
    def after(self) -> float:
        """From the last case to the results."""
        return self.ended - self.containers[-1].windows[-1][1]


def measure(plan: Plan) -> Iterator[Measured]:
    """A first run, and one like all that follow."""
    engine = DockerEngine()
    with tempfile.TemporaryDirectory() as folder, Images() as images:
        cohort = write_scans(Path(folder) / "cohort", plan.size, cases=plan.cases)
        image = images.of(program(plan.seconds))
        for name in ("first run", "later run"):
            yield _run(name, engine, image, cohort, plan, state=Path(folder) / "state")
    engine.api.close()


def _run(name: str, engine: ContainerEngine, image: str, cohort: Cohort, plan: Plan, *, state: Path) -> Measured:
    logs: list[bytes] = []
    began = time.time()
    result = run_cohort(
        engine=engine,
        image=image,
        cohort=cohort,
        contract="folder",
        limits=Limits(memory_bytes=2 * GIB, batch_cases=plan.batch),
        state=state,
        rng=np.random.default_rng(1),
        keep_log=logs.append,
        resume=name,
        canary=True,
    )
    return Measured(
        name=name,
        began=began,
        ended=time.time(),
        containers=tuple(map(read_stamps, logs)),
        failed=sum(case.failed for case in result.cases),
    )


def table(plan: Plan, rows: list[Measured]) -> str:
    x, y, z = plan.size.grid.shape
    lines = [
        f"{plan.cases} scans of {x}×{y}×{z} voxels, {plan.batch} a container after the first, which goes alone;"
        f" {plan.seconds:g} s of inference a scan",
        "overhead a case | of the containers' own time | call to first case | between containers | last case to end",
    ]
    for row in rows:
        idle = ", ".join(f"{seconds:.2f}" for seconds in row.idle)
        share = row.per_case * row.cases / row.own
        lines.append(
            f"{row.name}: {row.per_case:.2f} s | {100 * share:.1f} % of {row.own / row.cases:.1f} s"
            f" | {row.before:.2f} s | {idle} s | {row.after:.2f} s"
        )
    lines.append(
        f"targets: {PER_CASE} s, {100 * SHARE:.0f} % of 10 s, {IDLE} s between containers; load of the machine"
        f" {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    return "\n".join(lines)


def main(
    small: Annotated[bool, typer.Option("--small", help="Small scans, to see that all of it works.")] = False,
) -> None:
    """Print the table."""
    plan = SMALL if small else FULL
    typer.echo(table(plan, list(measure(plan))))


if __name__ == "__main__":
    typer.run(main)
