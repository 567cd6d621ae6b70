"""The real engine: Docker, through docker-py."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import requests
from docker.errors import NotFound

from evaluator.container import labels, security
from evaluator.container.docker_calls import engine_faults, log_payloads, silent_if_gone
from evaluator.container.docker_images import DockerImages
from evaluator.container.docker_output import DockerOutput
from evaluator.container.engine import ContainerSpec, ContainerState, EngineFacts, OutputCopy, OutputSpec, Owned
from evaluator.errors import PlatformFault

CHUNK = 256 * 1024
OURS = {"label": labels.DEADLINE}


class DockerEngine(DockerImages):
    """The local Docker engine. Needs 20.10 or newer and the right to use its socket; nothing else.

    Submissions run under the engine's default runtime, or the one that ``runtime`` or CONTAINER_RUNTIME names ("runsc"
    is gVisor's); our own holders of output always under the default.
    """

    def __init__(self, *, runtime: str = "") -> None:
        super().__init__()
        self._runtime = runtime or os.environ.get("CONTAINER_RUNTIME", "")
        self._output = DockerOutput(self.api)
        self.caps_layers = False

    @cached_property
    def _facts(self) -> EngineFacts:
        return self._asked()

    def _asked(self) -> EngineFacts:
        with engine_faults("The engine does not describe itself"):
            info = self.api.info()
        runtimes = info.get("Runtimes", {})
        if self._runtime and self._runtime not in runtimes:
            raise PlatformFault(
                f"The engine has no runtime {self._runtime!r}.",
                why=f"It has {', '.join(sorted(runtimes))}.",
                next_step="Name it in the engine's daemon.json, or set CONTAINER_RUNTIME to one of these.",
            )
        return EngineFacts(
            version=str(info["ServerVersion"]),
            cpus=int(info["NCPU"]),
            memory_bytes=int(info["MemTotal"]),
            gpus="nvidia" in runtimes or bool(info.get("CDISpecDirs")),
            cdi="nvidia" not in runtimes and bool(info.get("CDISpecDirs")),
            data_root=Path(info["DockerRootDir"]),
            id=str(info.get("ID") or ""),
            storage_driver=str(info.get("Driver") or ""),
            runtime=self._runtime,
            first_ids=_first_ids(info),
        )

    def facts(self) -> EngineFacts:
        return self._facts

    def ask_facts(self) -> EngineFacts:
        self._facts = self._asked()
        return self._facts

    def free_disk_bytes(self) -> int:
        """Free space where containers write; where we may not look, of the nearest folder above it."""
        place = self._facts.data_root
        while True:
            try:
                free = os.statvfs(place)
            except PermissionError:
                place = place.parent
            except OSError as error:
                raise PlatformFault(f"The engine's folder {place} cannot be looked at.", why=str(error)) from error
            else:
                return free.f_bavail * free.f_frsize

    def written_bytes(self, name: str) -> int:
        with engine_faults("The engine cannot measure a container"):
            found = self.api.containers(all=True, size=True, filters={"name": f"^/{name}$"})
            return int(found[0].get("SizeRw", 0)) if found else 0

    # Containers -----------------------------------------------------------------------------------------------------
    def make_output(self, spec: OutputSpec) -> None:
        user, _, group = spec.owner.partition(":")
        first_user, first_group = self._facts.first_ids
        owner = f"{first_user + int(user)}:{first_group + int(group or user)}"
        self._output.make(replace(spec, owner=owner))

    def output_is_held(self, name: str) -> bool:
        return self._output.is_held(name)

    def start(self, spec: ContainerSpec) -> None:
        options = security.host_options(spec, self._facts, nofile=self._output.nofile)
        with engine_faults("The engine refused to start the container"):
            try:
                self.api.create_container(
                    host_config=self.api.create_host_config(**options), **security.container_options(spec)
                )
                self.api.start(spec.name)
            except BaseException:
                with silent_if_gone():
                    self.api.remove_container(spec.name, v=True, force=True)
                raise

    def look(self, name: str) -> ContainerState | None:
        with engine_faults("The engine cannot look at a container"):
            try:
                state: dict[str, Any] = self.api.inspect_container(name)["State"]
            except NotFound:
                return None
        ended = state["Status"] in ("exited", "dead")
        return ContainerState(
            running=not ended,
            exit_code=int(state["ExitCode"]) if ended else None,
            oom_killed=bool(state["OOMKilled"]),
        )

    def follow_memory(self, name: str) -> Iterator[int]:
        with engine_faults("The engine does not measure a container"):
            for line in self._follow(f"/containers/{name}/stats", stream="true"):
                figures = json.loads(line).get("memory_stats", {}).get("stats", {})
                if not figures:
                    return
                yield int(figures.get("total_rss", figures.get("anon", 0)))  # control groups of version 1, of version 2

    def follow_log(self, name: str) -> Iterator[bytes]:
        with engine_faults("The engine does not show a container's log"):
            yield from log_payloads(
                self._follow(f"/containers/{name}/logs", lines=False, follow="1", stdout="1", stderr="1")
            )

    def _follow(self, path: str, *, lines: bool = True, **query: str) -> Iterator[bytes]:
        """Read an endless answer; docker-py's own reader takes a log line by line, far slower than it is written."""
        url = f"{self.api.base_url}/v{self.api.api_version}{path}"
        with self.api.get(url, params=query, stream=True, timeout=(60, None)) as answer:
            if answer.status_code == requests.codes.not_found:
                return
            answer.raise_for_status()
            if lines:
                yield from answer.iter_lines()
            else:
                while chunk := answer.raw.read1(CHUNK):
                    yield chunk

    def kill(self, name: str) -> None:
        with engine_faults("The engine did not kill a container"), silent_if_gone():
            self.api.kill(name, "SIGKILL")

    def remove(self, name: str) -> None:
        with engine_faults("The engine did not remove a container"), silent_if_gone():
            self.api.remove_container(name, v=True, force=True)

    def output_has(self, name: str, path: PurePosixPath) -> bool:
        return self._output.has(name, path)

    def copy_output(
        self, spec: OutputSpec, into: Path, *, wanted: Callable[[PurePosixPath], bool], file_bytes: int
    ) -> OutputCopy:
        return self._output.copy(spec, into, wanted=wanted, file_bytes=file_bytes)

    def discard_output(self, name: str) -> None:
        self._output.discard(name)

    # Housekeeping ---------------------------------------------------------------------------------------------------
    def owned(self) -> tuple[Owned, ...]:
        with engine_faults("The engine does not list containers and volumes"):
            containers = self.api.containers(all=True, filters=OURS)
            volumes = self.api.volumes(filters=OURS)["Volumes"] or []
        return (
            *(_owned("container", item["Names"][0].lstrip("/"), item["Labels"]) for item in containers),
            *(_owned("volume", item["Name"], item["Labels"]) for item in volumes),
        )


def _first_ids(info: Mapping[str, Any]) -> tuple[int, int]:
    """With "userns-remap" the engine keeps everything in a folder named after the first user and group."""
    if not any(option.startswith("name=userns") for option in info.get("SecurityOptions") or ()):
        return 0, 0
    user, _, group = PurePosixPath(info["DockerRootDir"]).name.partition(".")
    return int(user), int(group)


def _owned(kind: Literal["container", "volume"], name: str, found: Mapping[str, str]) -> Owned:
    try:
        deadline = float(found[labels.DEADLINE])
    except ValueError:
        deadline = 0.0
    return Owned(kind=kind, name=name, deadline=deadline, supervisor=found.get(labels.SUPERVISOR, ""))
