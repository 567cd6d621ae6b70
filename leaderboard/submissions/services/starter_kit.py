"""A folder to begin with: a detector that runs, sample scans of the benchmark, and the server's own checks."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings
from django.template.loader import render_to_string

from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal

EXAMPLES = {"folder": "threshold", "grand-challenge": "grand-challenge"}  # by contract
LARGEST_SAMPLE = 512 * 1024**2
PROGRAM = 0o755 << 16  # in a zip's notes of a file
PACKED = {".gz", ".npz"}  # there is nothing to gain
IGNORED = ".checker\nchecker\nsample\n*.tar.gz\n"  # of the build: a gigabyte that no image needs


def starter_kit(*, benchmark: Benchmark, contract: str, into: IO[bytes]) -> None:
    """Write the kit as a zip.

    Raises
    ------
    Refusal
        The benchmark does not speak this contract.
    """
    if contract not in benchmark.contracts or contract not in EXAMPLES:
        raise Refusal(
            f"{benchmark} has no contract {contract!r}.", next_step=f"Choose one of {', '.join(benchmark.contracts)}."
        )
    sample = list(_sample(benchmark))
    given = {"benchmark": benchmark, "contract": contract, "sample": bool(sample)}
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as kit:
        for path, name in (*_detector(EXAMPLES[contract]), *_checker(), *sample):
            packed = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
            kit.write(path, f"{benchmark.slug}/{name}", compress_type=packed)
        kit.writestr(f"{benchmark.slug}/.dockerignore", IGNORED)
        for name in ("README.md", "check.sh"):
            entry = zipfile.ZipInfo(f"{benchmark.slug}/{name}")
            entry.external_attr = PROGRAM if name.endswith(".sh") else 0o644 << 16
            kit.writestr(entry, render_to_string(f"submissions/kit/{name}.txt", given), zipfile.ZIP_DEFLATED)


def _detector(example: str) -> Iterator[tuple[Path, str]]:
    """The shortest complete submission under the contract, in folders as its Dockerfile names them."""
    examples = settings.BASE_DIR / "docker" / "examples"
    yield examples / example / "Dockerfile", "Dockerfile"
    for folder in (example, "common"):
        for path in sorted((examples / folder).glob("*.py")):
            yield path, f"{folder}/{path.name}"


def _checker() -> Iterator[tuple[Path, str]]:
    """The engine that checks and scores here, to be installed from its folder."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        yield settings.BASE_DIR / name, f"checker/{name}"
    for path in sorted((settings.BASE_DIR / "evaluator").rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield path, f"checker/{path.relative_to(settings.BASE_DIR)}"


def _sample(benchmark: Benchmark) -> Iterator[tuple[Path, str]]:
    """The public cohort that submissions are tried out on; nothing where it is too large to send."""
    if benchmark.sample is None or not benchmark.sample.folder:
        return
    folder = benchmark.sample.path
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in files) <= LARGEST_SAMPLE:
        for path in files:
            yield path, f"sample/{path.relative_to(folder)}"
