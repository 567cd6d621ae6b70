"""An engine for tests and load simulation: an image is a Python callable, a container a thread, a volume a folder."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from evaluator.container import labels
from evaluator.container.engine import ContainerSpec, ContainerState, EngineFacts, OutputCopy, OutputSpec, Owned
from evaluator.container.fake_images import FakeImages
from evaluator.container.limits import GIB
from evaluator.container.tar_copy import copy_wanted
from evaluator.container.whose_fault import KILLED
from evaluator.errors import PlatformFault

CRASHED = 1


class Killed(BaseException):
    """Raised inside a program that sleeps when its container is killed."""


@dataclass(kw_only=True)
class FakeBox:
    """What a program sees of its container."""

    input: Path
    output: Path
    environment: Mapping[str, str]
    killed: threading.Event = field(default_factory=threading.Event)
    log: list[bytes] = field(default_factory=list)
    memory: int = 0

    def print(self, text: str) -> None:
        self.log.append(text.encode() + b"\n")

    def sleep(self, seconds: float) -> None:
        if self.killed.wait(seconds):
            raise Killed


Program = Callable[[FakeBox], int]


class FakeContainer:
    """A program running in a thread; its return value is the exit code, a MemoryError is the kernel's kill."""

    def __init__(self, program: Program, spec: ContainerSpec, output: Path) -> None:
        self.spec, self.program = spec, program
        self.box = FakeBox(input=spec.input_dir, output=output, environment=spec.environment)
        self.exit_code: int | None = None
        self.oom_killed = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        code = CRASHED
        try:
            code = self.program(self.box)
        except Killed:
            code = KILLED
        except MemoryError:
            code, self.oom_killed = KILLED, True
        except Exception:
            self.box.print(traceback.format_exc())
        finally:
            self.exit_code = KILLED if self.box.killed.is_set() else code


class FakeEngine(FakeImages):
    """Runs programs by image digest. ``restart()`` does to running containers what an engine's restart does."""

    def __init__(self, programs: Mapping[str, Program] | None = None, *, gpus: bool = False) -> None:
        super().__init__(programs or {})
        self._root = Path(tempfile.mkdtemp(prefix="fake-engine-"))
        weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        self.programs = dict(programs or {})
        self._gpus = gpus
        self.caps_layers = False
        self.containers: dict[str, FakeContainer] = {}
        self.outputs: dict[str, OutputSpec] = {}
        self.held: set[str] = set()
        self.started: list[ContainerSpec] = []
        self.supervisor = labels.supervisor()
        self.away = False  # set while it does not answer; what runs goes on

    def facts(self) -> EngineFacts:
        return EngineFacts(version="fake", cpus=2, memory_bytes=16 * GIB, gpus=self._gpus, data_root=self._root)

    def ask_facts(self) -> EngineFacts:
        self._answer()
        return self.facts()

    def free_disk_bytes(self) -> int:
        return 100 * GIB

    def written_bytes(self, name: str) -> int:
        return 0

    def _answer(self) -> None:
        if self.away:
            raise PlatformFault("The container engine does not answer.")

    def restart(self) -> None:
        self.held.clear()
        for name in list(self.containers):
            self.kill(name)

    def _folder(self, name: str) -> Path:
        return self._root / name

    # Containers -----------------------------------------------------------------------------------------------------
    def make_output(self, spec: OutputSpec) -> None:
        self._folder(spec.name).mkdir()
        self.outputs[spec.name] = spec
        self.held.add(spec.name)

    def output_is_held(self, name: str) -> bool:
        return name in self.held

    def start(self, spec: ContainerSpec) -> None:
        self._answer()
        if spec.limits.gpus and not self._gpus:
            raise PlatformFault("The engine refused to start the container.", why="It has no GPU.")
        if spec.image not in self.programs:
            raise PlatformFault("The engine refused to start the container.", why=f"No such image: {spec.image}.")
        self.started.append(spec)
        container = FakeContainer(self.programs[spec.image], spec, self._folder(spec.output.name))
        self.containers[spec.name] = container
        container.thread.start()

    def look(self, name: str) -> ContainerState | None:
        self._answer()
        container = self.containers.get(name)
        if container is None:
            return None
        code = container.exit_code
        return ContainerState(running=code is None, exit_code=code, oom_killed=container.oom_killed)

    def follow_memory(self, name: str) -> Iterator[int]:
        container = self.containers.get(name)  # a follower's thread may begin after its container is gone
        while container is not None and container.exit_code is None:
            yield container.box.memory
            container.thread.join(0.05)

    def follow_log(self, name: str) -> Iterator[bytes]:
        container, read = self.containers.get(name), 0
        while container is not None:
            ended = container.exit_code is not None
            lines = container.box.log[read:]
            read += len(lines)
            yield from lines
            if ended:
                return
            container.thread.join(0.02)

    def kill(self, name: str) -> None:
        self._answer()
        if name in self.containers:
            self.containers[name].box.killed.set()

    def remove(self, name: str) -> None:
        self._answer()
        self.kill(name)
        self.containers.pop(name, None)

    def output_has(self, name: str, path: PurePosixPath) -> bool:
        found = self._folder(name) / path
        return found.is_file() and not found.is_symlink()

    def copy_output(
        self, spec: OutputSpec, into: Path, *, wanted: Callable[[PurePosixPath], bool], file_bytes: int
    ) -> OutputCopy:
        if not self.output_is_held(spec.name):
            raise PlatformFault("The output was lost before it was read.", why="The container engine restarted.")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.add(self._folder(spec.name), arcname="output")
        buffer.seek(0)
        with tarfile.open(fileobj=buffer, mode="r|") as archive:
            return copy_wanted(
                archive, into, wanted=wanted, file_bytes=file_bytes, volume_bytes=spec.bytes, root="output"
            )

    def discard_output(self, name: str) -> None:
        self._answer()
        shutil.rmtree(self._folder(name), ignore_errors=True)
        self.outputs.pop(name, None)
        self.held.discard(name)

    # Housekeeping ---------------------------------------------------------------------------------------------------
    def owned(self) -> tuple[Owned, ...]:
        self._answer()
        containers = (
            Owned(kind="container", name=name, deadline=container.spec.deadline, supervisor=self.supervisor)
            for name, container in self.containers.items()
        )
        volumes = (
            Owned(kind="volume", name=name, deadline=spec.deadline, supervisor=self.supervisor)
            for name, spec in self.outputs.items()
        )
        return (*containers, *volumes)
