"""The one seam: what we ask of a container engine, and the frozen records that cross it.

``DockerEngine`` is the real one; ``FakeEngine`` runs Python callables on folders. One conformance suite runs on both.
An engine that cannot do what it is asked raises ``PlatformFault``; what a submission did is never an exception here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, Protocol

from evaluator.container.images import TaggedImage
from evaluator.container.limits import Limits

INPUT = PurePosixPath("/input")
OUTPUT = PurePosixPath("/output")
WEIGHTS = PurePosixPath("/opt/ml/model")
SCRATCH = PurePosixPath("/tmp")  # noqa: S108 - inside the container


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What the engine and its host can give."""

    version: str
    cpus: int
    memory_bytes: int
    gpus: bool
    cdi: bool = False  # GPUs are asked for as CDI devices: there is no runtime that gives them
    data_root: Path
    id: str = ""  # the engine's own
    storage_driver: str = ""  # what images and containers' own layers are kept with
    runtime: str = ""  # that submissions run under; "" is the engine's default
    first_ids: tuple[int, int] = (0, 0)  # what a container's root is on the host: others where users are remapped


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """A volume in memory for one container's output. ``owner`` is the numeric "uid:gid" that may write."""

    name: str
    owner: str
    bytes: int
    inodes: int
    deadline: float  # by `time.monotonic`; past it the reaper removes the volume


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
    """Everything that distinguishes one submission's container from another; isolation itself is not negotiable."""

    name: str
    image: str  # config digest, never a tag
    user: str  # "uid:gid" in numbers, never root
    input_dir: Path
    output: OutputSpec
    limits: Limits
    deadline: float
    environment: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = True
    cap_layer: bool = False  # ask the engine to limit what it writes to its own layer; few can, the others refuse
    masked: tuple[str, ...] = ()  # the image's VOLUME paths


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """What the engine says of a container. ``exit_code`` is None until it has ended."""

    running: bool
    exit_code: int | None = None
    oom_killed: bool = False


@dataclass(frozen=True, kw_only=True)
class OutputCopy:
    """What was copied out of an output volume, and what was left there and why."""

    copied: tuple[str, ...]
    refused: Mapping[str, str]
    used_bytes: int
    entries: int
    truncated: bool = False  # a header claimed more than the volume can hold: reading stopped there


@dataclass(frozen=True, kw_only=True)
class Owned:
    """A container or volume of ours, as its labels tell."""

    kind: Literal["container", "volume"]
    name: str
    deadline: float
    supervisor: str


class ContainerEngine(Protocol):
    """A container engine."""

    caps_layers: bool  # the doctor found that it limits what a container writes to its own layer

    def facts(self) -> EngineFacts:
        """Version and capacity of the engine's host, as it was last asked."""

    def ask_facts(self) -> EngineFacts:
        """The same, asked now: raises ``PlatformFault`` while it does not answer."""

    def free_disk_bytes(self) -> int:
        """Free space where containers' writable layers lie."""

    def written_bytes(self, name: str) -> int:
        """What a container has written to its own layer."""

    # Images ---------------------------------------------------------------------------------------------------------
    def load_image(self, stream: IO[bytes]) -> str:
        """Load a docker-archive of one image; return its config digest."""

    def push_image(self, digest: str, *, place: str, name: str) -> str:
        """Bring an image to the registry at ``place``; return how it is fetched there: ``name`` by manifest digest."""

    def inspect_image(self, reference: str) -> Mapping[str, Any] | None:
        """Docker's image inspect (``Id``, ``Os``, ``Architecture``, ``Config``, ``RootFS``), None if there is none."""

    def pull_image(
        self, reference: str, *, username: str = "", password: str = "", progress: Callable[[], object] | None = None
    ) -> None:
        """Fetch an image from a registry by its manifest's digest, ``host/name@sha256:…``; a tag is refused.

        ``progress`` is called as it goes on, and may raise to stop it.
        """

    def tag_image(self, digest: str, *, repository: str, tag: str) -> None:
        """Give an image a name."""

    def tagged_images(self, repository: str) -> tuple[TaggedImage, ...]:
        """Every name that images have in this repository."""

    def remove_image(self, reference: str) -> None:
        """Remove a name, and the image with its last name; silent if it is gone."""

    def read_image_file(self, digest: str, path: str, *, max_bytes: int) -> bytes | None:
        """A regular file's bytes from a created, unstarted container that is always removed; None if there is none.

        A link is followed inside the image only. Raises ``ImageRefused`` above ``max_bytes``.
        """

    # Containers -----------------------------------------------------------------------------------------------------
    def make_output(self, spec: OutputSpec) -> None:
        """Make the volume and hold it mounted until it is discarded."""

    def output_is_held(self, name: str) -> bool:
        """False if the engine lost the volume's contents, as it does when it restarts."""

    def start(self, spec: ContainerSpec) -> None:
        """Create and start a container; on failure nothing is left of it."""

    def look(self, name: str) -> ContainerState | None:
        """The container's state; None if it is gone."""

    def follow_memory(self, name: str) -> Iterator[int]:
        """Resident bytes of all its processes, without page cache, about once a second, ending with it."""

    def follow_log(self, name: str) -> Iterator[bytes]:
        """Its output as it comes, ending with it."""

    def kill(self, name: str) -> None:
        """End all its processes at once; silent if it has ended."""

    def remove(self, name: str) -> None:
        """Kill and remove a container with its anonymous volumes; silent if it is gone."""

    def output_has(self, name: str, path: PurePosixPath) -> bool:
        """Whether a regular file, not reached by a link at its end, exists in the output volume now."""

    def copy_output(
        self, spec: OutputSpec, into: Path, *, wanted: Callable[[PurePosixPath], bool], file_bytes: int
    ) -> OutputCopy:
        """Copy the wanted regular files out of an output volume. Paths are relative to the volume."""

    def discard_output(self, name: str) -> None:
        """Remove the volume and whatever holds it; silent if it is gone."""

    # Housekeeping ---------------------------------------------------------------------------------------------------
    def owned(self) -> tuple[Owned, ...]:
        """All containers and volumes that carry our labels."""
