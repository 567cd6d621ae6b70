"""Whether this machine's container engine keeps what the contract promises: looked at from inside, and measured."""

from __future__ import annotations

import tempfile
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from evaluator.confinement import what_is_kept
from evaluator.container.conformance import DOCKER, OF_RUNTIME, OVERSHOOT, REFUSED, Expectations, Finding, look_around
from evaluator.container.engine import ContainerEngine, ContainerSpec, EngineFacts, OutputSpec
from evaluator.container.limits import GIB, MIB, Limits
from evaluator.container.probe import probe_image, seen_in
from evaluator.container.runner import ContainerOutcome, run_container
from evaluator.container.whose_fault import KILLED
from evaluator.errors import FailureClass, PlatformFault

DEFAULT_BASE = "cil-base:latest"
USER = (10001, 10001)
# Small, so that a machine that ignores them is hurt little.
LIMITS = Limits(
    memory_bytes=128 * MIB, output_bytes=32 * MIB, layer_bytes=64 * MIB, file_bytes=64 * MIB, pids=64, cpus=1
)
NO_SPACE = frozenset({"No space left on device", "Disk quota exceeded"})
LAYER = "what a container writes to its own file system is limited"
LOOK_SECONDS, HOG_SECONDS, ENDLESS_SECONDS = 60.0, 60.0, 3.0
GONE_SECONDS = 5.0  # after its limit a container must be gone
MARGIN = 120.0


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All that was found. ``visible`` is what cannot be hidden, and is documented: kernel, boot, clock."""

    facts: EngineFacts
    findings: tuple[Finding, ...]
    visible: dict[str, str]
    seconds: float

    @property
    def fit(self) -> bool:
        """Whether held-out scans may be handed to containers here."""
        return all(finding.ok for finding in self.findings if finding.essential)

    @property
    def caps_layers(self) -> bool:
        """Whether the engine may be asked to limit what a container writes to its own layer."""
        return any(finding.ok for finding in self.findings if finding.check == LAYER)

    @property
    def sentence(self) -> str:
        failed = [finding.check for finding in self.findings if not finding.ok]
        if not failed:
            return f"Fit for held-out scans: all {len(self.findings)} checks passed."
        if self.fit:
            return f"Fit for held-out scans, but not: {'; '.join(failed)}."
        return f"NOT fit for held-out scans: {'; '.join(failed)}."


def diagnose(
    engine: ContainerEngine, *, base: str = DEFAULT_BASE, expect: Expectations | None = None, state: Path | None = None
) -> Diagnosis:
    """Start the probe as a submission is started, once for each question.

    Parameters
    ----------
    engine : ContainerEngine
        The one that runs submissions.
    base : str
        An image with ``python3``.
    expect : Expectations, optional
        What differs between engines; that of the engine's runtime.
    state : Path, optional
        Where the folder lies that is mounted as /input; it must be on this machine.

    Raises
    ------
    InputRefused
        There is no such base image.
    PlatformFault
        The engine does not answer, or the probe said nothing.
    """
    began = time.monotonic()
    facts = engine.facts()
    expect = expect or OF_RUNTIME.get(facts.runtime, DOCKER)
    limits = replace(LIMITS, pids=expect.pids)
    image = probe_image(engine, base)
    with tempfile.TemporaryDirectory(dir=state) as folder:
        place = Path(folder)
        looked = _run(engine, image, "look", place, limits, seconds=LOOK_SECONDS)
        seen = seen_in(looked.log)
        if seen is None:
            raise PlatformFault(
                "The probe said nothing.",
                why=looked.log.decode(errors="replace")[-300:].strip() or "It printed nothing.",
                next_step="Check that the base image has python3.",
            )
        findings = [
            *look_around(seen, limits=limits, user=USER, expect=expect),
            _no_path(seen["sources"], place),
            _memory(expect, _run(engine, image, "memory", place, limits, seconds=HOG_SECONDS)),
            _pids(expect, _run(engine, image, "pids", place, limits, seconds=HOG_SECONDS)),
            _output(_run(engine, image, "output", place, limits, seconds=HOG_SECONDS)),
            _layer(engine, image, place, limits),
            _endless(_run(engine, image, "endless", place, limits, seconds=ENDLESS_SECONDS)),
            *_reader(what_is_kept()),
        ]
    visible = {name: str(value) for name, value in seen["visible"].items()}
    return Diagnosis(facts=facts, findings=tuple(findings), visible=visible, seconds=time.monotonic() - began)


def _run(
    engine: ContainerEngine, image: str, question: str, folder: Path, limits: Limits, *, seconds: float
) -> ContainerOutcome:
    name = f"cil-probe-{uuid.uuid4().hex}"
    mounted, into = folder / f"input-{question}", folder / f"output-{question}"
    mounted.mkdir()
    into.mkdir()
    deadline = time.monotonic() + seconds + MARGIN
    owner = f"{USER[0]}:{USER[1]}"
    output = OutputSpec(
        name=f"{name}-output", owner=owner, bytes=LIMITS.output_bytes, inodes=1024, deadline=deadline + MARGIN
    )
    spec = ContainerSpec(
        name=name,
        image=image,
        user=owner,
        input_dir=mounted,
        output=output,
        limits=limits if question != "pids" else replace(limits, memory_bytes=512 * MIB),
        deadline=deadline,
        environment={"PROBE": question},
        read_only=question != "layer",
        cap_layer=question == "layer",
    )
    engine.make_output(output)
    return run_container(
        engine, spec, seconds=seconds, marks=(), wanted=lambda _: False, into=into, beat=lambda _: False
    )


def _no_path(sources: list[str], folder: Path) -> Finding:
    """The mount's source shows the folder that is mounted; it must name nobody and nothing."""
    told = [source for source in sources if folder.name not in source and source != "/"]
    return Finding(
        check="what is mounted shows no hospital's path", ok=not told, seen=f"{len(sources)} source", essential=False
    )


def _memory(expect: Expectations, outcome: ContainerOutcome) -> Finding:
    failure = outcome.verdict.failure if outcome.verdict else None
    stopped = failure is FailureClass.OUT_OF_MEMORY or (not expect.says_why and outcome.exit_code == KILLED)
    most = OVERSHOOT * (LIMITS.memory_bytes + LIMITS.output_bytes)
    peak = outcome.peak_memory_bytes or 0
    return Finding(
        check="memory is limited, and who takes more is stopped",
        ok=stopped and peak <= most,
        seen=f"{failure or 'it went on'} at {LIMITS.memory_bytes / MIB:.0f} MiB and output; sampled {peak / MIB:.0f}",
    )


def _pids(expect: Expectations, outcome: ContainerOutcome) -> Finding:
    count = (seen_in(outcome.log) or {}).get("processes")
    ended = expect.ends_at_once and outcome.verdict is not None and outcome.verdict.failure is FailureClass.EXIT_CODE
    return Finding(
        check="processes are limited",
        ok=ended if count is None else count <= expect.pids,
        seen=f"{'it ended' if count is None else count} of {expect.pids}, all gone after {outcome.seconds:.1f} s",
    )


def _output(outcome: ContainerOutcome) -> Finding:
    found = seen_in(outcome.log) or {}
    written = found.get("written", 0)
    return Finding(
        check="a full output is full",
        ok=0 < written <= LIMITS.output_bytes and found.get("why") == "No space left on device",
        seen=f"{written / MIB:.0f} MiB of {LIMITS.output_bytes / MIB:.0f} MiB, then {found.get('why', 'nothing')}",
    )


def _layer(engine: ContainerEngine, image: str, place: Path, limits: Limits) -> Finding:
    """Few engines' disks can; no machine is refused for it, since the supervisor stops who fills the disk."""
    try:
        outcome = _run(engine, image, "layer", place, limits, seconds=HOG_SECONDS)
    except PlatformFault as fault:
        ok, seen = False, fault.why
    else:
        found = seen_in(outcome.log) or {}
        written, why = found.get("written", 0), found.get("why", "nothing")
        seen = f"{written / MIB:.0f} MiB of {limits.layer_bytes / MIB:.0f} MiB, then {why}."
        ok = why in NO_SPACE
    if not ok:
        seen += f" Instead, who leaves less than {Limits().disk_floor_bytes / GIB:.0f} GiB of the disk free is stopped."
    return Finding(check=LAYER, ok=ok, seen=seen, essential=False)


def _endless(outcome: ContainerOutcome) -> Finding:
    failure = outcome.verdict.failure if outcome.verdict else None
    return Finding(
        check="what never ends is stopped, though it ignores every signal it may",
        ok=failure is FailureClass.TIME_LIMIT and outcome.seconds <= ENDLESS_SECONDS + GONE_SECONDS,
        seen=f"{failure or 'it ended'} after {outcome.seconds:.1f} s of {ENDLESS_SECONDS:.0f} s",
    )


def _reader(kept: dict[str, str]) -> list[Finding]:
    """Of the process that reads outputs. An older kernel keeps less of it; what it reads is checked all the same."""
    checks = {
        "network": "what reads outputs has no network",
        "files": "what reads outputs opens no other file",
        "processes": "what reads outputs starts no process",
        "programs": "what reads outputs starts no program",
        "memory": "what reads outputs has a limit of memory",
    }
    return [
        Finding(
            check=check,
            ok=kept.get(name) in (*REFUSED, "Cannot allocate memory"),
            seen=kept.get(name, ""),
            essential=name == "memory",
        )
        for name, check in checks.items()
    ]
