"""The image half of the fake engine: archives are read as the engine reads them, and kept in memory."""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from evaluator.container.images import TaggedImage, by_digest
from evaluator.errors import ImageRefused, PlatformFault


@dataclass(kw_only=True)
class FakeImage:
    """An image: its config and, of its layers, the files."""

    config: dict[str, Any]
    layers: list[bytes] = field(default_factory=list)


class FakeImages:
    """Images by digest and by name. ``programs`` are images without layers whose USER is 1000:1000."""

    def __init__(self, programs: Iterable[str]) -> None:
        bare = {"os": "linux", "architecture": "amd64", "config": {"User": "1000:1000", "Cmd": ["run"]}}
        self.images = {digest: FakeImage(config=bare) for digest in programs}
        self.names: dict[str, str] = {}
        self.tagged: dict[str, float] = {}  # when, by name
        self.registry: dict[str, tuple[str, FakeImage]] = {}  # by reference: config digest and image

    def load_image(self, stream: IO[bytes]) -> str:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            files = {
                member.name: source.read() for member in archive if (source := archive.extractfile(member)) is not None
            }
        try:
            (entry,) = json.loads(files["manifest.json"])
            config = files[entry["Config"]]
            layers = [files[name] for name in entry["Layers"]]
        except (KeyError, ValueError) as error:
            raise PlatformFault("The engine did not load exactly one image.", why=str(error)) from error
        digest = "sha256:" + hashlib.sha256(config).hexdigest()
        self.images[digest] = FakeImage(config=json.loads(config), layers=layers)
        return digest

    def pull_image(
        self, reference: str, *, username: str = "", password: str = "", progress: Callable[[], object] | None = None
    ) -> None:
        by_digest(reference)
        if progress:
            progress()
        if reference not in self.registry:
            raise PlatformFault(f"The engine did not fetch {reference}.", why="The registry has no such image.")
        digest, image = self.registry[reference]
        self.images[digest] = image

    def push_image(self, digest: str, *, place: str, name: str) -> str:
        reference = f"{name}@sha256:{hashlib.sha256(digest.encode()).hexdigest()}"
        self.registry[f"{place}/{reference}"] = digest, self.images[digest]
        return reference

    def inspect_image(self, reference: str) -> Mapping[str, Any] | None:
        digest = self.names.get(reference, reference)
        image = self.images.get(digest)
        if image is None:
            return None
        return {
            "Id": digest,
            "Os": image.config.get("os"),
            "Architecture": image.config.get("architecture"),
            "Config": image.config.get("config") or {},
            "RootFS": {"Type": "layers", "Layers": (image.config.get("rootfs") or {}).get("diff_ids", [])},
            "RepoTags": [name for name, target in self.names.items() if target == digest],
            "Size": sum(len(layer) for layer in image.layers),
        }

    def tag_image(self, digest: str, *, repository: str, tag: str) -> None:
        self.names[f"{repository}:{tag}"] = digest
        self.tagged[f"{repository}:{tag}"] = time.time()

    def tagged_images(self, repository: str) -> tuple[TaggedImage, ...]:
        return tuple(
            TaggedImage(
                reference=name,
                digest=digest,
                size_bytes=sum(len(layer) for layer in self.images[digest].layers),
                tagged=self.tagged[name],
            )
            for name, digest in sorted(self.names.items())
            if name.rpartition(":")[0] == repository
        )

    def remove_image(self, reference: str) -> None:
        digest = self.names.pop(reference, reference)
        if digest not in self.names.values():
            self.images.pop(digest, None)

    def read_image_file(self, digest: str, path: str, *, max_bytes: int) -> bytes | None:
        for _ in range(8):
            member, data = self._find(digest, path)
            if member is None:
                return None
            if member.issym():
                path = posixpath.join(posixpath.dirname(path), member.linkname)
                continue
            if member.size > max_bytes:
                raise ImageRefused(f"{path} in the image is larger than {max_bytes:,} bytes.")
            return data
        return None

    def _find(self, digest: str, path: str) -> tuple[tarfile.TarInfo | None, bytes | None]:
        wanted = posixpath.normpath(path).lstrip("/")
        for layer in reversed(self.images[digest].layers):
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                for member in archive:
                    if posixpath.normpath(member.name).lstrip("/") == wanted:
                        source = archive.extractfile(member) if member.isreg() else None
                        return member, source.read() if source else None
        return None, None
