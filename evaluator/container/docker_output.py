"""Output volumes of the Docker engine: memory with a size, held mounted by a container of our own until read."""

from __future__ import annotations

import itertools
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from evaluator.container import holder, labels, security
from evaluator.container.docker_calls import ByteStream, engine_faults, silent_if_gone
from evaluator.container.engine import OUTPUT, OutputCopy, OutputSpec
from evaluator.container.tar_copy import copy_wanted
from evaluator.errors import PlatformFault

# open files: what large programs like, then less where the daemon's own hard limit is lower
NOFILE = (1_048_576, 65_536, 16_384, 4_096, 1_024)


class DockerOutput:
    """Output volumes. The first one also learns how many open files this daemon can grant."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.nofile = NOFILE[0]
        self._image: str | None = None

    def make(self, spec: OutputSpec) -> None:
        user, _, group = spec.owner.partition(":")
        options = f"size={spec.bytes},nr_inodes={spec.inodes},uid={user},gid={group or user},mode=0700"
        with engine_faults("The engine did not make an output volume"):
            self.api.create_volume(
                spec.name,
                driver="local",
                driver_opts={"type": "tmpfs", "device": "tmpfs", "o": f"{options},nosuid,nodev,noexec"},
                labels=labels.ours(spec.deadline),
            )
            try:
                self._hold(spec)
            except BaseException:
                with suppress(PlatformFault):  # the first fault says more
                    self.discard(spec.name)
                raise

    def _hold(self, spec: OutputSpec) -> None:
        for nofile in itertools.dropwhile(lambda count: count > self.nofile, NOFILE):
            self.api.create_container(
                self._holder_image(),
                name=spec.name,
                labels=labels.ours(spec.deadline),
                host_config=self.api.create_host_config(**security.holder_options(spec.name, nofile=nofile)),
            )
            try:
                self.api.start(spec.name)
            except APIError as error:
                self.api.remove_container(spec.name, force=True)
                if "rlimit" not in str(error.explanation) or nofile == NOFILE[-1]:
                    raise
            else:
                self.nofile = nofile
                return

    def _holder_image(self) -> str:
        if self._image is None:
            name = f"{holder.REPOSITORY}:{holder.TAG}"
            try:
                found = self.api.inspect_image(name)
            except (ImageNotFound, NotFound):
                found = {}
            if found.get("RootFS", {}).get("Layers") != [holder.LAYER]:
                self.api.import_image_from_data(
                    holder.root_file_system(),
                    repository=holder.REPOSITORY,
                    tag=holder.TAG,
                    changes=['ENTRYPOINT ["/pause"]', "USER 65534:65534"],
                )
                found = self.api.inspect_image(name)
            self._image = found["Id"]
        return self._image

    def is_held(self, name: str) -> bool:
        with engine_faults("The engine cannot look at the output's holder"):
            try:
                return bool(self.api.inspect_container(name)["State"]["Running"])
            except NotFound:
                return False

    def has(self, name: str, path: PurePosixPath) -> bool:
        with engine_faults("The engine cannot look into the output"):
            try:
                chunks, _ = self.api.get_archive(name, str(OUTPUT / path))
            except NotFound:
                return False
            with tarfile.open(fileobj=ByteStream(chunks), mode="r|") as archive:
                member = archive.next()
            chunks.close()
            return member is not None and bool(member.isreg())

    def copy(
        self, spec: OutputSpec, into: Path, *, wanted: Callable[[PurePosixPath], bool], file_bytes: int
    ) -> OutputCopy:
        if not self.is_held(spec.name):
            raise PlatformFault(
                "The output was lost before it was read.", why="The container engine restarted in between."
            )
        with engine_faults("The engine did not hand out the output"):
            chunks, _ = self.api.get_archive(spec.name, str(OUTPUT))
            try:
                with tarfile.open(fileobj=ByteStream(chunks), mode="r|") as archive:
                    return copy_wanted(
                        archive, into, wanted=wanted, file_bytes=file_bytes, volume_bytes=spec.bytes, root=OUTPUT.name
                    )
            except tarfile.TarError as error:
                raise PlatformFault("The engine's copy of the output is not an archive.", why=str(error)) from error
            finally:
                chunks.close()

    def discard(self, name: str) -> None:
        with engine_faults("The engine did not remove an output volume"):
            with silent_if_gone():
                self.api.remove_container(name, v=True, force=True)
            with silent_if_gone():
                self.api.remove_volume(name)
