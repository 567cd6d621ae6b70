"""What one container may use. Everything that is counted has a limit here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of one container. The output volume's memory comes on top of ``memory_bytes``."""

    memory_bytes: int = 4 * GIB
    cpus: float | None = None  # None: all of the host's
    pids: int = 4096
    output_bytes: int = 2 * GIB
    output_inodes: int = 65_536
    file_bytes: int = 2 * GIB
    json_bytes: int = MIB
    findings: int = 1000  # per case
    case_seconds: float = 300.0
    start_seconds: float = 30.0
    log_bytes: int = 64 * MIB  # above it the container is killed
    layer_bytes: int = 10 * GIB  # what a container may write to its own file system where the engine can limit that
    disk_floor_bytes: int = 2 * GIB  # free space of the engine's disk, below it a writing container is killed
    restarts: int = 3
    batch_cases: int = 64
    gpus: int = 0
    gpu_ids: tuple[str, ...] = ()  # which; the first ones where it is not said

    @property
    def devices(self) -> tuple[str, ...]:
        """The GPUs that a container is given, by the engine's names for them."""
        return (self.gpu_ids or tuple(map(str, range(self.gpus))))[: self.gpus]

    def seconds(self, cases: int) -> float:
        """How long a container may run on so many cases."""
        return self.start_seconds + cases * self.case_seconds
