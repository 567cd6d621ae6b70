"""A submission's image, by the digest of its config: in the engine, else from the registry, else from a disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.container.archive import REPOSITORY, load_archive, read_archive
from evaluator.container.engine import ContainerEngine
from evaluator.container.images import by_digest
from evaluator.errors import EvaluatorError, FailureClass, ImageRefused, InputRefused, PlatformFault
from evaluator.worker.words import Refusal

logger = logging.getLogger(__name__)

MayStop = Callable[[], object]
DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where the platform keeps images: ``host`` or ``host/prefix``, and who asks."""

    place: str
    username: str = ""
    password: str = field(default="", repr=False)


class Images:
    """Fetches what an order names, and gives the engine nothing else."""

    def __init__(self, engine: ContainerEngine, *, registry: Registry | None, folder: Path | None) -> None:
        self._engine, self._registry, self._folder = engine, registry, folder
        self._digests: dict[tuple[str, int, int], str] = {}  # of archives that were read, by path, size, time

    def ensure(self, image: str, *, reference: str, may_stop: MayStop) -> None:
        """Have the image in the engine.

        Raises
        ------
        Refusal
            It cannot be had here now, or is not the one that was ordered.
        """
        if self._has(image):
            return
        if reference and self._registry:
            self._pull(image, f"{self._registry.place}/{reference}", self._registry, may_stop)
        if not self._has(image) and self._folder:
            self._load(image, self._folder, may_stop)
        if not self._has(image):
            raise Refusal(
                "The submission's image is not to be had at this hospital.",
                why="Neither its container engine, nor the registry, nor its folder of archives has it.",
                next_step="Check the registry, or bring the archive on a disk.",
            )

    def prune(self, *, days: float, needed: Callable[[str], bool]) -> None:
        """Remove submissions' images that came so long ago, but for those that an order still needs."""
        oldest = time.time() - days * DAY_SECONDS
        for image in self._engine.tagged_images(REPOSITORY):
            if image.tagged >= oldest or needed(image.digest):
                continue
            seen = self._engine.inspect_image(image.digest) or {}
            # One that was fetched stays under the registry's name, too, until that is removed.
            for name in (image.reference, *(seen.get("RepoDigests") or ())):
                self._engine.remove_image(name)
            logger.info("image %s is removed: nothing here needed it for %.0f days", image.digest, days)

    def _has(self, image: str) -> bool:
        found = self._engine.inspect_image(image)
        return found is not None and found["Id"] == image

    def _pull(self, image: str, reference: str, registry: Registry, may_stop: MayStop) -> None:
        try:
            by_digest(reference)
            self._engine.pull_image(
                reference, username=registry.username, password=registry.password, progress=may_stop
            )
        except (PlatformFault, InputRefused) as fault:
            logger.warning("image %s was not fetched: %s", image, fault)
            if self._folder is None:
                raise Refusal(
                    "The submission's image could not be fetched from the registry.",
                    why="The hospital's log has the registry's answer.",
                    next_step="Check that the hospital reaches the registry and may read there.",
                    failure=FailureClass.PLATFORM_ERROR,
                ) from fault
            return
        if not self._has(image):
            found = self._engine.inspect_image(reference)
            logger.error("ALERT: the registry gave image %s for %s", found and found["Id"], image)
            self._engine.remove_image(reference)
            raise Refusal(
                "The registry gave another image than the one that was ordered.",
                why="The digest of its config differs.",
                failure=FailureClass.PLATFORM_ERROR,
            )
        self._engine.tag_image(image, repository=REPOSITORY, tag=image.removeprefix("sha256:")[:32])

    def _load(self, image: str, folder: Path, may_stop: MayStop) -> None:
        for path in _likely_first(folder, image):
            try:
                if self._digest(path, may_stop) == image:
                    load_archive(self._engine, path, read_archive(path, progress=_each(may_stop)))
                    return
            except (ImageRefused, InputRefused) as refusal:
                logger.warning("archive %s is passed over: %s", path, refusal)

    def _digest(self, path: Path, may_stop: MayStop) -> str:
        stat = path.stat()
        known = (str(path), stat.st_size, stat.st_mtime_ns)
        if known not in self._digests:
            try:
                self._digests[known] = read_archive(path, progress=_each(may_stop)).digest
            except EvaluatorError as error:
                if not isinstance(error, ImageRefused | InputRefused):
                    raise
                self._digests[known] = ""
                raise
        return self._digests[known]


def _each(may_stop: MayStop) -> Callable[[int], None]:
    def read(_: int) -> None:
        may_stop()

    return read


def _likely_first(folder: Path, image: str) -> Iterator[Path]:
    """Archives whose name holds the digest before all others, which have to be read to be known."""
    short = image.removeprefix("sha256:")[:12]
    yield from sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: short not in path.name)
