"""What an image's config says, checked: platform, layers against ``rootfs.diff_ids``, user, command, volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evaluator.container.archive_checks import ArchiveLimits, Checklist
from evaluator.container.archive_json import get
from evaluator.container.archive_layout import DIGEST, FoundImage

SQUASH = "Build the image with fewer steps, or squash it, and save it again."
BUILD_FOR_AMD64 = "Build it with `docker build --platform linux/amd64 …`."


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    diff_ids: tuple[str, ...]
    user: str
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    volumes: tuple[str, ...]
    architecture: str
    os: str


def check_config(document: Any, image: FoundImage, limits: ArchiveLimits, checks: Checklist) -> ImageConfig:
    """The checks ``config``, ``platform``, ``layers``, ``devices`` and ``command`` are done here."""
    checks.accept("config", f"sha256:{image.config.sha256}")
    os, architecture = str(get(document, "os", "")), str(get(document, "architecture", ""))
    if (os, architecture) != ("linux", "amd64"):
        checks.refuse(
            "platform",
            f"The image is for {os or 'no system'}/{architecture or 'no processor'}; the platform runs linux/amd64.",
            next_step=BUILD_FOR_AMD64,
        )
    checks.accept("platform", "linux/amd64")
    diff_ids = _check_layers(document, image, limits, checks)
    settings = get(document, "config", {})
    entrypoint, cmd = _words(settings, "Entrypoint", checks), _words(settings, "Cmd", checks)
    if not entrypoint and not cmd:
        checks.refuse(
            "command",
            "The image has neither ENTRYPOINT nor CMD.",
            why="The platform starts the image as it is and passes no command.",
            next_step="Add ENTRYPOINT to the Dockerfile and build again.",
        )
    user, volumes = get(settings, "User", ""), get(settings, "Volumes", {})
    if not isinstance(user, str) or not isinstance(volumes, dict) or len(volumes) > limits.volumes:
        checks.refuse(
            "command", "The image's USER or VOLUME is not as it must be.", why=f"At most {limits.volumes} volumes."
        )
    checks.accept("command", f"{' '.join((*entrypoint, *cmd))[:200]}, USER {user or '(not set)'}")
    return ImageConfig(
        diff_ids=diff_ids,
        user=user,
        entrypoint=entrypoint,
        cmd=cmd,
        env=_words(settings, "Env", checks),
        volumes=tuple(sorted(volumes)),
        architecture=architecture,
        os=os,
    )


def _check_layers(document: Any, image: FoundImage, limits: ArchiveLimits, checks: Checklist) -> tuple[str, ...]:
    rootfs = get(document, "rootfs")
    diff_ids = get(rootfs, "diff_ids", [])
    if get(rootfs, "type") != "layers" or not isinstance(diff_ids, list) or not diff_ids:
        checks.refuse("layers", "The image's config names no layers.")
    if not all(isinstance(item, str) and DIGEST.fullmatch(item) for item in diff_ids):
        checks.refuse("layers", "The image's config names a layer by something that is no SHA-256 digest.")
    if len(diff_ids) > limits.layers:
        checks.refuse(
            "layers", f"The image has {len(diff_ids)} layers; at most {limits.layers} are accepted.", next_step=SQUASH
        )
    if len(diff_ids) != len(image.layers):
        checks.refuse("layers", f"The config names {len(diff_ids)} layers, the archive's manifest {len(image.layers)}.")
    for number, (expected, member) in enumerate(zip(diff_ids, image.layers, strict=True), start=1):
        if member.layer.problem:
            checks.refuse(
                "layers", f"Layer {number} ({member.name}) cannot be read.", why=f"Because {member.layer.problem}."
            )
        if member.layer.diff_id != expected:
            checks.refuse(
                "layers",
                f"Layer {number} ({member.name}) is not the one that the config names.",
                why=f"Uncompressed it is {member.layer.diff_id}; the config says {expected}.",
            )
    checks.accept("layers", f"{len(diff_ids)}, each with the uncompressed SHA-256 that the config names")
    for number, member in enumerate(image.layers, start=1):
        if member.layer.block_device:
            checks.refuse(
                "devices",
                f"Layer {number} holds a block device ({member.layer.block_device}).",
                why="A block device could reach the host's disks.",
                next_step="Remove the device from the image and build it again.",
            )
    checks.accept("devices", "no block devices in any layer")
    return tuple(diff_ids)


def _words(settings: Any, key: str, checks: Checklist) -> tuple[str, ...]:
    words = get(settings, key, [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        checks.refuse("command", f"The image's {key} is not a list of words.")
    return tuple(words)
