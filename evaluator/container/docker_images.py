"""The image half of the Docker engine."""

from __future__ import annotations

import posixpath
import tarfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import IO, Any

from docker.errors import DockerException, ImageNotFound, NotFound

from evaluator.container import labels
from evaluator.container.docker_calls import LONG_SECONDS, ByteStream, connect, engine_faults, silent_if_gone
from evaluator.container.images import TaggedImage, by_digest
from evaluator.errors import ImageRefused, PlatformFault

LINKS = 8  # followed inside an image before we call it a circle
UNSTARTED_SECONDS = 600  # a container made to read a file is removed by the reaper after this


def tagged(name: str, seen: Mapping[str, Any]) -> TaggedImage:
    at = str((seen.get("Metadata") or {}).get("LastTagTime") or seen["Created"])
    return TaggedImage(
        reference=name,
        digest=str(seen["Id"]),
        size_bytes=int(seen.get("Size") or 0),
        tagged=datetime.fromisoformat(at).timestamp(),
    )


class DockerImages:
    """Images of the local Docker engine."""

    def __init__(self) -> None:
        self.api = connect()

    def load_image(self, stream: IO[bytes]) -> str:
        with engine_faults("The engine did not load the image"), closing(connect(seconds=LONG_SECONDS)) as api:
            lines = list(api.load_image(stream))
        said = "".join(str(line.get("stream") or line.get("error") or "") for line in lines)
        loaded = [part.split()[0] for part in said.split("Loaded image ID: ")[1:]]
        if len(loaded) != 1:
            raise PlatformFault("The engine did not load exactly one untagged image.", why=said.strip()[:500])
        return loaded[0]

    def save_image(self, digest: str) -> Iterator[bytes]:
        """The archive that `docker save` writes, in pieces."""
        with engine_faults(f"The engine did not write image {digest}"), closing(connect(seconds=LONG_SECONDS)) as api:
            yield from api.get_image(digest)

    def pull_image(
        self, reference: str, *, username: str = "", password: str = "", progress: Callable[[], object] | None = None
    ) -> None:
        where, digest = by_digest(reference)
        login = {"username": username, "password": password} if username else None
        with engine_faults(f"The engine did not fetch {reference}"), closing(connect(seconds=LONG_SECONDS)) as api:
            for line in api.pull(where, tag=digest, stream=True, decode=True, auth_config=login):
                if "error" in line:
                    raise DockerException(line["error"])
                if progress:
                    progress()

    def push_image(self, digest: str, *, place: str, name: str) -> str:
        repository, tag = f"{place}/{name}", digest.removeprefix("sha256:")[:32]
        self.tag_image(digest, repository=repository, tag=tag)
        manifest = ""
        with engine_faults(f"The engine did not bring image {digest} to the registry"):
            with closing(connect(seconds=LONG_SECONDS)) as api:
                for line in api.push(repository, tag=tag, stream=True, decode=True):
                    if "error" in line:
                        raise DockerException(line["error"])
                    manifest = (line.get("aux") or {}).get("Digest", manifest)
            if len((self.inspect_image(digest) or {}).get("RepoTags") or ()) > 1:
                self.remove_image(f"{repository}:{tag}")  # its last name would take the image with it
        if not manifest:
            raise PlatformFault(f"The registry did not say under which digest it keeps image {digest}.")
        return f"{name}@{manifest}"

    def inspect_image(self, reference: str) -> Mapping[str, Any] | None:
        with engine_faults(f"The engine cannot look at image {reference}"):
            try:
                found: Mapping[str, Any] = self.api.inspect_image(reference)
            except (ImageNotFound, NotFound):
                return None
            return found

    def tag_image(self, digest: str, *, repository: str, tag: str) -> None:
        with engine_faults(f"The engine did not tag image {digest}"):
            self.api.tag(digest, repository, tag)

    def tagged_images(self, repository: str) -> tuple[TaggedImage, ...]:
        with engine_faults("The engine cannot list its images"):
            names = [name for image in self.api.images(name=repository) for name in image["RepoTags"] or ()]
        found = ((name, self.inspect_image(name)) for name in sorted(names))
        return tuple(tagged(name, seen) for name, seen in found if seen is not None)

    def remove_image(self, reference: str) -> None:
        with engine_faults(f"The engine did not remove image {reference}"), silent_if_gone():
            self.api.remove_image(reference)

    def read_image_file(self, digest: str, path: str, *, max_bytes: int) -> bytes | None:
        name = f"cil-look-{uuid.uuid4().hex}"
        with engine_faults(f"The engine cannot read {path} in image {digest}"):
            try:
                self.api.create_container(
                    digest, command=["true"], name=name, network_disabled=True, labels=labels.soon(UNSTARTED_SECONDS)
                )
                return self._read_file(name, path, max_bytes=max_bytes)
            finally:
                with silent_if_gone():
                    self.api.remove_container(name, v=True, force=True)

    def _read_file(self, name: str, path: str, *, max_bytes: int) -> bytes | None:
        for _ in range(LINKS):
            try:
                chunks, _ = self.api.get_archive(name, path)
            except NotFound:
                return None
            try:
                with tarfile.open(fileobj=ByteStream(chunks), mode="r|") as archive:
                    member = archive.next()
                    if member is None:
                        return None
                    if member.issym():
                        path = posixpath.join(posixpath.dirname(path), member.linkname)
                        continue
                    if not member.isreg():
                        return None
                    if member.size > max_bytes:
                        raise ImageRefused(f"{path} in the image is larger than {max_bytes:,} bytes.")
                    data = archive.extractfile(member)
                    return data.read() if data else None
            finally:
                chunks.close()
        return None
