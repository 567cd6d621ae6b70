"""``run``: an image through one or more cohorts, to a results file."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import typer

from evaluator import results
from evaluator.cli import audited, console, weighted
from evaluator.cohort import Cohort, read_cohort
from evaluator.container.archive import load_archive, read_archive, resolve_image
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.images import ImageRecord
from evaluator.container.limits import GIB, KIB, MIB, Limits
from evaluator.contract import get_contract
from evaluator.errors import SubmissionFault, UsageError
from evaluator.pipeline import Unwatched, run_cohort
from evaluator.records import SubmissionRecord
from evaluator.results import SCHEMA, Results
from evaluator.scoring import DEFAULT_HIT_RULE, SCORER
from evaluator.statistics.prevalence import check_prevalence

UNITS = {"": 1, "k": KIB, "m": MIB, "g": GIB}


class Bar(Unwatched):
    """Moves a progress bar."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance, self._done = advance, 0

    def case_done(self, done: int, total: int) -> None:
        self._advance(done - self._done)
        self._done = done


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    *,
    image: str = typer.Argument(help="An archive that `docker save` wrote, or an image's ID or local name."),
    cohorts: list[Path] = typer.Argument(help="Folders of cases, checked by `cohort check`."),  # noqa: B008
    out: Path = typer.Option(..., "--out", help="Where the results are written."),  # noqa: B008
    contract: str = typer.Option("folder", "--contract", help="folder or grand-challenge."),
    case_limit: float = typer.Option(300.0, "--case-limit", min=0.1, help="Seconds per case."),
    start_limit: float = typer.Option(30.0, "--start-limit", min=0.0, help="Seconds to start, once a container."),
    memory: str = typer.Option("4g", "--memory", help="Memory of a container, such as 512m or 16g."),
    gpus: int = typer.Option(0, "--gpus", min=0, help="GPUs of a container."),
    threshold: float = typer.Option(0.5, "--threshold", min=0.0, max=1.0, help="Operating point, fixed beforehand."),
    declared_prevalence: float | None = typer.Option(
        None, "--declared-prevalence", help="Share of people with cancer that the likelihoods are made for."
    ),
    model: str = typer.Option("", "--model", help="The model's name; default: the image's."),
    trained_on: list[str] = typer.Option([], "--trained-on", help="A hospital whose scans it was trained on."),  # noqa: B008
    weights: Path | None = typer.Option(None, "--weights", help=weighted.HELP),  # noqa: B008
    state: Path | None = typer.Option(None, "--state", help="Where sanitised scans and run folders are kept."),  # noqa: B008
    seed: int | None = typer.Option(None, "--seed", help="Seed of case names and their order; default: a fresh one."),
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Run a submission on cohorts and score it.

    Failed cases are in the results and count. Exit code 4: nothing at all could be used.
    """
    get_contract(contract)
    if declared_prevalence is not None:
        check_prevalence(declared_prevalence)
    if not out.resolve().parent.is_dir():
        raise UsageError(f"The folder of {out} does not exist.", next_step="Make it, or choose another --out.")
    limits = Limits(memory_bytes=parse_bytes(memory), case_seconds=case_limit, start_seconds=start_limit, gpus=gpus)
    seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> 1) if seed is None else seed
    seeds = np.random.SeedSequence(seed).spawn(len(cohorts))
    read = [_read(path) for path in cohorts]
    engine = DockerEngine()
    with weighted.with_weights(image, weights, state=state or default_state()) as (whole, _):
        record = _image(engine, whole)
    submission = SubmissionRecord(
        model=model or model_name(image),
        image=record.digest,
        contract=contract,
        threshold=threshold,
        declared_prevalence=declared_prevalence,
        trained_on=tuple(trained_on),
        submitted=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    written = Results(schema=SCHEMA, scorer=SCORER, hit_rule=DEFAULT_HIT_RULE, submission=submission, cohorts=())
    for cohort, child in zip(read, seeds, strict=True):
        with _bar(f"{cohort.hospital}: running", len(cohort.cases)) as advance:
            result = run_cohort(
                engine=engine,
                image=record.digest,
                cohort=cohort,
                contract=contract,
                limits=limits,
                state=state or default_state(),
                rng=np.random.default_rng(child),
                watcher=Bar(advance),
            )
        written = replace(written, cohorts=(*written.cohorts, replace(result, seed=seed)))
        results.write(out, written)  # after each hospital: what a later one's failure cannot take back
    _summarise(written, out, as_json=as_json)


def parse_bytes(text: str) -> int:
    """Bytes of ``4g``, ``512m``, ``1.5G`` or a bare number. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?", text.strip().lower())
    size = int(float(found[1]) * UNITS[found[2]]) if found else 0
    if size < 16 * MIB:
        raise UsageError(f"{text!r} is no amount of memory for a container.", next_step="Write it like 512m or 4g.")
    return size


def default_state() -> Path:
    """``$EVALUATOR_STATE``, or the user's state folder."""
    named = os.environ.get("EVALUATOR_STATE")
    return Path(named) if named else Path.home() / ".local" / "state" / "cancer-imaging-leaderboard"


def model_name(image: str) -> str:
    """What to call a model that has no name: its archive's, its image's, or the start of its digest."""
    if image.startswith("sha256:"):
        return image[7:19]
    name = image.rpartition("/")[2]
    return re.sub(r"\.(tar|tgz|tar\.gz|tar\.zst)$", "", name).partition(":")[0] or name


def _read(path: Path) -> Cohort:
    with _bar(f"Reading {path.name}", None):
        return read_cohort(path)


def _image(engine: DockerEngine, image: str) -> ImageRecord:
    path = Path(image)
    if not path.is_file():
        return resolve_image(engine, image)
    with _bar(f"Checking and loading {path.name}", None):
        return load_archive(engine, path, read_archive(path))


def _bar(text: str, total: int | None) -> AbstractContextManager[Any]:
    return console.progress(text, total)


def _summarise(written: Results, out: Path, *, as_json: bool) -> None:
    for cohort in written.cohorts:
        classes = Counter(str(case.failure) for case in cohort.cases if case.failure)
        failed = ", ".join(f"{count} {name}" for name, count in sorted(classes.items())) or "none"
        peak = f"{cohort.peak_memory_bytes / MIB:,.0f} MiB" if cohort.peak_memory_bytes else "unknown"
        console.note(
            f"{cohort.hospital}: {len(cohort.cases)} cases, failed: {failed}; "
            f"{cohort.containers} containers, peak memory {peak}"
        )
        if cohort.audit:
            console.note(f"  {audited.sentence(cohort.audit)}")
        for case in cohort.cases:
            if case.failure:
                console.note(f"  {case.case.case}: {case.failure}: {case.reason}")
    if as_json:
        console.emit_json(written)
    else:
        console.note(f"Results: {out}")
    cases = [case for cohort in written.cohorts for case in cohort.cases]
    if cases and all(case.failed for case in cases):
        raise SubmissionFault(
            f"No case of {len(cases)} has a usable output.",
            failure=cases[0].failure,
            why=cases[0].reason,
            next_step="Try the image on one case, read its log, and hand in a new one.",
        )
