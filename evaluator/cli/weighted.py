"""An image archive and its weights, where a command takes both."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluator.cli import console
from evaluator.container.weights import join_weights
from evaluator.errors import ArchiveCheck, UsageError

HELP = "An archive of weights apart from the image: /opt/ml/model in the container."


@contextmanager
def with_weights(image: str, weights: Path | None, *, state: Path) -> Iterator[tuple[str, tuple[ArchiveCheck, ...]]]:
    """The image to work with, and what was checked of its weights; joined in a file that is gone afterwards."""
    if weights is None:
        yield image, ()
        return
    path = Path(image)
    if not path.is_file():
        raise UsageError(
            f"{image} is not a file.",
            why="Weights are added to an image archive.",
            next_step=f"docker save {image} | gzip > image.tar.gz, and give that file.",
        )
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="weights-", dir=state) as folder:
        out = Path(folder) / path.name
        with console.progress(f"Adding {weights.name}", None):
            checks = join_weights(path, weights, out=out)
        yield str(out), checks
