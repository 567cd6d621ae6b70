"""``validate``: the checks and the try-out that the server does when an image is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from evaluator.cli import console, weighted
from evaluator.cli.run import Bar, default_state, parse_bytes
from evaluator.cohort import Cohort, read_cohort
from evaluator.container.archive import ArchiveReport, load_archive, read_archive, resolve_image
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.image_user import run_as
from evaluator.container.images import ImageRecord
from evaluator.container.limits import Limits
from evaluator.contract import get_contract
from evaluator.errors import ArchiveCheck, Fault, ImageRefused, PlatformFault, SubmissionFault
from evaluator.pipeline import TryOut, try_out
from evaluator.synthetic import SAMPLE_CASES, synthesize

SCHEMA = "validation/1"
FEWEST_CASES, SEED = 4, 1  # of the one hospital that is drawn beside the default sample


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What is printed as JSON; ``try_out`` is None where the checks refused the image before."""

    schema: str
    ok: bool
    contract: str
    image: str | None
    checks: tuple[ArchiveCheck, ...]
    try_out: TryOut | None
    next: str


def register(app: typer.Typer) -> None:
    app.command("validate")(validate)


def validate(
    image: Annotated[str, typer.Argument(help="An archive that `docker save` wrote, or an image's ID or local name.")],
    *,
    contract: Annotated[str, typer.Option(help="folder or grand-challenge.")] = "folder",
    sample: Annotated[Path | None, typer.Option(help="A cohort folder to try on; default: made-up scans.")] = None,
    case_limit: Annotated[float, typer.Option(min=0.1, help="Seconds per case.")] = 300.0,
    memory: Annotated[str, typer.Option(help="Memory of a container, such as 512m or 16g.")] = "4g",
    weights: Annotated[Path | None, typer.Option(help=weighted.HELP)] = None,
    state: Annotated[Path | None, typer.Option(help="Where sample scans and run folders are kept.")] = None,
    json: bool = console.JSON_OPTION,
) -> None:
    """Do with an image what the server does before it is accepted: check it, then try it on public sample cases.

    Exit code 4: it would be refused.
    """
    limits = Limits(memory_bytes=parse_bytes(memory), case_seconds=case_limit)
    kept = state or default_state()
    replace_root = get_contract(contract).replace_root
    checks: list[ArchiveCheck] = []
    try:
        with weighted.with_weights(image, weights, state=kept) as (whole, added):
            checks += added
            report = _check_archive(Path(whole), checks)
            engine = DockerEngine()
            record = _admit(engine, whole, report, checks, replace_root=replace_root)
    except ImageRefused as refusal:
        if not checks:  # refused while its weights were added
            checks += refusal.checks
        _show(checks, None, image=None, contract=contract, next_step=refusal.next_step, as_json=json)
        raise
    cohort = _sample(sample, kept)
    with console.progress("Trying it on sample cases", len(cohort.cases)) as advance:
        done = try_out(
            engine=engine,
            image=record.digest,
            sample=cohort,
            contract=contract,
            limits=limits,
            state=kept,
            rng=np.random.default_rng(),
            watcher=Bar(advance),
        )
    next_step = "Hand it in." if done.ok else "Read the log above, correct the image, and validate it again."
    _show(checks, done, image=record.digest, contract=contract, next_step=next_step, as_json=json)
    if done.failure is not None:
        fault = PlatformFault if done.failure.fault is Fault.PLATFORM else SubmissionFault
        raise fault(f"The try-out failed: {done.failure}.", failure=done.failure, why=done.reason, next_step=next_step)


def _check_archive(path: Path, checks: list[ArchiveCheck]) -> ArchiveReport | None:
    """None where the image was not given as an archive."""
    if not path.is_file():
        console.note(f"{path} is not a file, so an image in the engine; only an archive can be checked in full.")
        return None
    try:
        with console.progress(f"Checking {path.name}", path.stat().st_size) as advance:
            report = read_archive(path, progress=advance)
    except ImageRefused as refusal:
        checks += refusal.checks
        raise
    checks += report.checks
    return report


def _admit(
    engine: DockerEngine, image: str, report: ArchiveReport | None, checks: list[ArchiveCheck], *, replace_root: bool
) -> ImageRecord:
    """The image in the engine, and whom it runs as."""
    try:
        with console.progress(f"Loading {image}", None):
            record = resolve_image(engine, image) if report is None else load_archive(engine, Path(image), report)
        user = run_as(record, replace_root=replace_root)
    except ImageRefused as refusal:
        checks.append(ArchiveCheck(check="engine", ok=False, detail=f"{refusal.what} {refusal.why}".strip()))
        raise
    checks.append(ArchiveCheck(check="engine", ok=True, detail=f"{record.digest}, runs as {user}"))
    return record


def _sample(given: Path | None, state: Path) -> Cohort:
    if given is not None:
        return read_cohort(given)
    with console.progress("Drawing sample scans", FEWEST_CASES + SAMPLE_CASES) as advance:
        *_, path = synthesize(state / "sample", hospitals=1, cases=FEWEST_CASES, seed=SEED, progress=advance)
    return read_cohort(path)


def _show(
    checks: Sequence[ArchiveCheck],
    done: TryOut | None,
    *,
    image: str | None,
    contract: str,
    next_step: str,
    as_json: bool,
) -> None:
    if as_json:
        ok = done is not None and done.ok
        checked = tuple(checks)
        console.emit_json(
            Validation(
                schema=SCHEMA, ok=ok, contract=contract, image=image, checks=checked, try_out=done, next=next_step
            )
        )
        return
    rows = [["ok" if check.ok else "REFUSED", check.check, check.detail] for check in checks]
    console.table("Checks", ["", "check", "detail"], rows)
    if done is None:
        return
    console.say("Log")
    console.say("\n".join(f"  {line}" for line in done.log.splitlines()) or "  (empty)")
    rows = [
        [
            case.case.case,
            "ok" if case.failure is None else str(case.failure),
            "" if case.likelihood is None else f"{case.likelihood:.3f}",
            "" if case.seconds is None else f"{case.seconds:.1f}",
            case.reason,
        ]
        for case in done.cases
    ]
    console.table("Sample cases", ["case", "outcome", "likelihood", "seconds", "reason"], rows)
    if done.ok:
        console.say(next_step)
