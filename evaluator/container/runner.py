"""Runs one container on one batch and supervises it. The supervisor owns the kill."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evaluator.container.engine import ContainerEngine, ContainerSpec, ContainerState, OutputCopy
from evaluator.container.followers import LogFollower, MemoryFollower
from evaluator.container.reaper import left_behind
from evaluator.container.whose_fault import Ending, Verdict, is_full, judge
from evaluator.errors import PlatformFault

LOOK_SECONDS = 0.1
BEAT_SECONDS = 1.0
LAYER_IS_FULL = 0.9  # of its limit: the engine counts bytes of files, its disk counts blocks
KILL_SECONDS = 4.0  # then it is removed by force; five seconds after its limit it must be gone

# Called about once a second with the number of complete cases; True: stop, the run was cancelled.
Beat = Callable[[int], bool]


@dataclass(frozen=True, kw_only=True)
class ContainerOutcome:
    """How one container went. ``marked`` has, per completion mark seen, the seconds its case took."""

    verdict: Verdict | None
    exit_code: int | None
    seconds: float
    peak_memory_bytes: int | None
    log: bytes
    output: OutputCopy
    marked: dict[str, float]


class Progress:
    """Which completion marks have appeared, in the order in which the cases were listed."""

    def __init__(self, engine: ContainerEngine, volume: str, marks: Sequence[PurePosixPath]) -> None:
        self._engine, self._volume, self._marks = engine, volume, marks
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def look(self) -> int:
        fresh: list[PurePosixPath] = []
        for mark in self._marks[len(self.seconds) :]:
            if not self._engine.output_has(self._volume, mark):
                break
            fresh.append(mark)
        self._credit(fresh)
        return len(self.seconds)

    def finish(self, copied: Sequence[str]) -> None:
        """Cases that completed after the last look share the time since."""
        written = set(copied)
        self._credit([mark for mark in self._marks if str(mark) in written and str(mark) not in self.seconds])

    def _credit(self, fresh: Sequence[PurePosixPath]) -> None:
        if fresh:
            now = time.monotonic()
            self.seconds |= dict.fromkeys(map(str, fresh), (now - self._last) / len(fresh))
            self._last = now


def run_container(
    engine: ContainerEngine,
    spec: ContainerSpec,
    *,
    seconds: float,
    marks: Sequence[PurePosixPath],
    wanted: Callable[[PurePosixPath], bool],
    into: Path,
    beat: Beat,
) -> ContainerOutcome:
    """Run a container to its end or its limit, copy its output below ``into``, and leave nothing in the engine.

    Its output volume is there already; it is discarded with the container.

    Raises
    ------
    PlatformFault
        The engine refused, restarted or lost the container; the run is to be tried again.
    """
    try:
        engine.start(spec)
        started = time.monotonic()
        log, memory = LogFollower(engine, spec.name), MemoryFollower(engine, spec.name)
        progress = Progress(engine, spec.output.name, marks)
        ending = _supervise(engine, spec, log=log, progress=progress, until=started + seconds, beat=beat)
        state = _ended(engine, spec.name)
        took = time.monotonic() - started
        log.finish()
        layer_full = ending is Ending.BY_ITSELF and _fills_its_layer(engine, spec, state)
        engine.remove(spec.name)
        output = engine.copy_output(spec.output, into, wanted=wanted, file_bytes=spec.limits.file_bytes)
        progress.finish(output.copied)
    finally:
        _clear_up(engine, spec)
    full = is_full(output, spec.output)
    text = log.text()
    verdict = judge(ending, state, full=full, layer_full=layer_full, log_tail=text, limits=spec.limits, seconds=seconds)
    return ContainerOutcome(
        verdict=verdict,
        exit_code=state.exit_code,
        seconds=took,
        peak_memory_bytes=memory.peak,
        log=text,
        output=output,
        marked=progress.seconds,
    )


def _clear_up(engine: ContainerEngine, spec: ContainerSpec) -> None:
    """Leave nothing; what an engine that does not answer keeps is the reaper's to remove when it does."""
    try:
        engine.remove(spec.name)
        engine.discard_output(spec.output.name)
    except PlatformFault:
        left_behind.update((spec.name, spec.output.name))
        raise


def _supervise(
    engine: ContainerEngine, spec: ContainerSpec, *, log: LogFollower, progress: Progress, until: float, beat: Beat
) -> Ending:
    """Wait for the end; kill at a limit."""
    next_beat = time.monotonic() + BEAT_SECONDS
    while _look(engine, spec.name).running:
        now = time.monotonic()
        ending = None
        if now >= until:
            ending = Ending.TIME_LIMIT
        elif log.count > spec.limits.log_bytes:
            ending = Ending.LOG_LIMIT
        elif now >= next_beat:
            next_beat = now + BEAT_SECONDS
            if not spec.read_only and _fills_the_disk(engine, spec):
                ending = Ending.DISK_LIMIT
            elif beat(progress.look()):
                ending = Ending.CANCELLED
        if ending:
            engine.kill(spec.name)
            return ending
        time.sleep(min(LOOK_SECONDS, max(until - now, 0.0)))
    return Ending.BY_ITSELF


def _look(engine: ContainerEngine, name: str) -> ContainerState:
    state = engine.look(name)
    if state is None:
        raise PlatformFault(
            "The container vanished while it ran.",
            why="Someone other than its supervisor removed it.",
            next_step="The run is tried again.",
        )
    return state


def _ended(engine: ContainerEngine, name: str) -> ContainerState:
    """The state after the end. What a kill did not end in time is removed by force."""
    patience = time.monotonic() + KILL_SECONDS
    while (state := _look(engine, name)).running:
        if time.monotonic() > patience:
            engine.remove(name)
            return ContainerState(running=False)
        time.sleep(LOOK_SECONDS / 2)
    return state


def _fills_its_layer(engine: ContainerEngine, spec: ContainerSpec, state: ContainerState) -> bool:
    """Whether a container that failed had hardly any room left in its own layer. To measure it may take seconds."""
    if not spec.cap_layer or not state.exit_code:
        return False
    return engine.written_bytes(spec.name) >= LAYER_IS_FULL * spec.limits.layer_bytes


def _fills_the_disk(engine: ContainerEngine, spec: ContainerSpec) -> bool:
    """Whether the engine's disk is nearly full and this container wrote a good part of what is missing."""
    floor = spec.limits.disk_floor_bytes
    if engine.free_disk_bytes() >= floor:
        return False
    if engine.written_bytes(spec.name) >= floor // 4:
        return True
    raise PlatformFault(
        "The disk of the container engine is nearly full.",
        why=f"Less than {floor:,} bytes are free, and not because of this container.",
        next_step="Make room, for instance with `docker system prune`.",
    )
