"""One order carried out: the image, the cohort, the containers, the scores; the report that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluator.cohort import Cohort
from evaluator.container.engine import ContainerEngine
from evaluator.container.limits import GIB, Limits
from evaluator.pipeline import forget_run, null_results, require_answers, run_cohort, watched
from evaluator.pipeline.watcher import cancellation
from evaluator.results import SCHEMA, Results
from evaluator.scoring import DEFAULT_HIT_RULE, SCORER
from evaluator.wire import Allowed, Done, NullsDone, NullsOrder, RunOrder, Stage
from evaluator.worker.cohorts import Cohorts
from evaluator.worker.fitness import Fitness
from evaluator.worker.gpus import Card, Usage, sampled
from evaluator.worker.images import Images
from evaluator.worker.logs import Logs
from evaluator.worker.watcher import OrderWatcher
from evaluator.worker.words import Refusal, in_fixed_words


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where one run at a time is carried out: a GPU, or what the processors give."""

    number: int
    card: Card | None = None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What the hospital has to work with."""

    engine: ContainerEngine
    cohorts: Cohorts
    images: Images
    fitness: Fitness
    logs: Logs
    state: Path
    slots: Sequence[Slot]

    def run(self, order: RunOrder, *, slot: Slot, watcher: OrderWatcher) -> Done:
        """Raises whatever kept it from being done; the watcher knows whether it was told to stop."""
        limits = self._limits(order.allowed, slot)
        watcher.enter(Stage.WAITING)
        watched(lambda _: self.fitness.require(), watcher)
        watcher.enter(Stage.FETCHING)
        image = order.submission.image
        watched(lambda may_stop: self.images.ensure(image, reference=order.reference, may_stop=may_stop), watcher)
        watcher.enter(Stage.RUNNING)
        cohort = self._cohort(order.fingerprint, watcher)
        with sampled(slot.card) if slot.card and limits.gpus else nullcontext() as usage:
            result = run_cohort(
                engine=self.engine,
                image=image,
                cohort=cohort,
                contract=order.submission.contract,
                limits=limits,
                state=self.state,
                rng=np.random.default_rng(),
                watcher=watcher,
                keep_log=self.logs.of(run=order.run, attempt=order.attempt),
                resume=_name(order),
                canary=True,
            )
        require_answers(result)
        results = Results(
            schema=SCHEMA,
            scorer=SCORER,
            hit_rule=DEFAULT_HIT_RULE,
            submission=order.submission,
            cohorts=(in_fixed_words(result),),
        )
        gpu = usage.gpu() if isinstance(usage, Usage) else None
        return Done(run=order.run, lease=order.lease, results=results, gpu=gpu)

    def nulls(self, order: NullsOrder, *, watcher: OrderWatcher) -> NullsDone:
        cohort = self._cohort(order.fingerprint, watcher)

        def may_stop() -> None:
            if watcher.cancelled():
                raise cancellation()

        found = null_results(cohort, organ=order.organ, progress=may_stop)
        return NullsDone(lease=order.lease, results={kind.value: made for kind, made in found.items()})

    def forget(self, order: RunOrder) -> None:
        """It has ended for good: what was kept to go on with it is not needed any more."""
        forget_run(self.state, _name(order))

    def _cohort(self, fingerprint: str, watcher: OrderWatcher) -> Cohort:
        return watched(lambda may_stop: self.cohorts.read(fingerprint, progress=may_stop), watcher)

    def _limits(self, allowed: Allowed, slot: Slot) -> Limits:
        facts = self.engine.facts()
        if allowed.memory_bytes > facts.memory_bytes:
            raise Refusal(
                f"The benchmark allows {allowed.memory_bytes / GIB:.0f} GiB of memory, and the hospital's machine has"
                f" {facts.memory_bytes / GIB:.0f} GiB.",
                next_step="Give it more memory, or take this hospital out of the benchmark's panel.",
            )
        card = slot.card
        if allowed.gpus and (card is None or not facts.gpus):
            raise Refusal(
                "The benchmark needs a GPU, and the hospital's worker has none.",
                why="" if card is None else "Its container engine gives containers no GPU.",
                next_step="Start the worker with --gpus, or take this hospital out of the benchmark's panel.",
            )
        if allowed.gpus > 1:
            raise Refusal(
                f"The benchmark needs {allowed.gpus} GPUs for one run; a hospital's worker gives each run one."
            )
        if allowed.gpus and card and allowed.gpu_memory_bytes > card.memory_bytes:
            raise Refusal(
                f"The benchmark needs {allowed.gpu_memory_bytes / GIB:.0f} GiB of GPU memory, and the hospital's"
                f" {card.name} has {card.memory_bytes / GIB:.0f} GiB."
            )
        limits = Limits(
            memory_bytes=allowed.memory_bytes,
            case_seconds=allowed.case_seconds,
            start_seconds=allowed.start_seconds,
            cpus=facts.cpus / len(self.slots),
        )
        return replace(limits, gpus=1, gpu_ids=(card.id,)) if allowed.gpus and card else limits


def _name(order: RunOrder) -> str:
    return f"run {order.run}"
