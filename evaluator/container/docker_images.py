"""The image half of the Docker engine."""

from __future__ import annotations

import posixpath
import tarfile
import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import IO, Any

from docker.errors import ImageNotFound, NotFound

from evaluator.container import labels
from evaluator.container.docker_calls import LONG_SECONDS, ByteStream, connect, engine_faults, silent_if_gone
from evaluator.errors import ImageRefused, PlatformFault

LINKS = 8  # followed inside an image before we call it a circle
UNSTARTED_SECONDS = 600  # a container made to read a file is removed by the reaper after this


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
