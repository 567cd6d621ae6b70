"""Find the one image in an archive: its config and its layers, lowest first.

Three layouts: `docker save` of old (``<id>/layer.tar``, links between equal layers), of new (``blobs/sha256`` beside a
``manifest.json``), and OCI (``index.json`` only, as buildx, podman and skopeo write it).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from evaluator.container.archive_checks import Checklist
from evaluator.container.archive_json import NotStrict, get, parse
from evaluator.container.archive_members import Contents, Member

HEX = re.compile(r"[0-9a-f]{64}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
ONE_IMAGE = "Save exactly one image, for one platform: `docker save IMAGE | gzip > image.tar.gz`."
DEEPEST_INDEX = 3


@dataclass(frozen=True, kw_only=True)
class FoundImage:
    layout: str
    config: Member
    layers: tuple[Member, ...]


def find_image(contents: Contents, checks: Checklist) -> FoundImage:
    """The checks ``blobs`` and ``one image`` are done here."""
    _check_blobs(contents, checks)
    if "manifest.json" in contents.members:
        image = _docker(contents, checks)
    elif "index.json" in contents.members:
        image = _oci(contents, checks)
    else:
        checks.refuse(
            "one image",
            "The archive holds no image.",
            why="It has neither a manifest.json (docker save) nor an index.json (OCI).",
        )
    checks.accept("one image", f"{image.layout}, {len(image.layers)} layers")
    return image


def document(contents: Contents, name: str, checks: Checklist) -> Any:
    """A member parsed as strict JSON."""
    text = _member(contents, name, checks).text
    if text is None:
        checks.refuse("json", f"{name} is not JSON or too large to be one of an image's documents.")
    try:
        return parse(text)
    except NotStrict as error:
        checks.refuse("json", f"{name} cannot be trusted.", why=f"{str(error)[:1].upper()}{str(error)[1:]}.")


def _check_blobs(contents: Contents, checks: Checklist) -> None:
    count = 0
    for name, member in contents.members.items():
        if name.startswith("blobs/"):
            named = BLOB.fullmatch(name)
            if named is None or named[1] != member.sha256:
                checks.refuse(
                    "blobs", f"{name} does not hold what its name says.", why=f"Its SHA-256 is {member.sha256}."
                )
            count += 1
    checks.accept("blobs", f"{count} blobs have the SHA-256 in their names" if count else "none: an older docker save")


def _docker(contents: Contents, checks: Checklist) -> FoundImage:
    manifest = document(contents, "manifest.json", checks)
    if not isinstance(manifest, list) or len(manifest) != 1:
        found = len(manifest) if isinstance(manifest, list) else "no list of"
        checks.refuse("one image", f"The archive holds {found} images; exactly one is accepted.", next_step=ONE_IMAGE)
    config = _member(contents, get(manifest[0], "Config"), checks)
    named = HEX.search(posixpath.basename(config.name))
    if named is not None and named[0] != config.sha256:
        checks.refuse(
            "one image", f"The config {config.name} has another SHA-256 than its name.", why=f"It is {config.sha256}."
        )
    names = get(manifest[0], "Layers", [])
    if not isinstance(names, list):
        checks.refuse("one image", "The manifest has no list of layers.")
    layers = tuple(_member(contents, name, checks) for name in names)
    return FoundImage(layout="docker save", config=config, layers=layers)


def _oci(contents: Contents, checks: Checklist) -> FoundImage:
    found = document(contents, "index.json", checks)
    for _ in range(DEEPEST_INDEX):
        if get(found, "manifests") is None:
            break
        manifests = get(found, "manifests")
        real = [item for item in manifests if not _is_attestation(item)] if isinstance(manifests, list) else []
        if len(real) != 1:
            checks.refuse(
                "one image",
                f"The archive's index names {len(real)} images; exactly one is accepted.",
                next_step=ONE_IMAGE,
            )
        found = document(contents, _blob(get(real[0], "digest"), checks), checks)
    names = get(found, "layers")
    if not isinstance(names, list):
        checks.refuse("one image", "The archive's index leads to no image manifest.")
    return FoundImage(
        layout="OCI",
        config=_member(contents, _blob(get(get(found, "config"), "digest"), checks), checks),
        layers=tuple(_member(contents, _blob(get(layer, "digest"), checks), checks) for layer in names),
    )


def _is_attestation(item: Any) -> bool:
    """buildx adds a manifest of build provenance, which is no image."""
    return bool(get(get(item, "annotations"), "vnd.docker.reference.type") == "attestation-manifest")


def _blob(digest: Any, checks: Checklist) -> str:
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        checks.refuse("one image", f"The archive names a blob by {digest!r}, which is no SHA-256 digest.")
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _member(contents: Contents, name: Any, checks: Checklist) -> Member:
    """The member of this name, through at most one link as docker save writes them."""
    plain = posixpath.normpath(name) if isinstance(name, str) and name else ""
    plain = contents.links.get(plain, plain)
    if plain not in contents.members:
        checks.refuse("one image", f"The archive names {name!r}, which is not a file in it.")
    return contents.members[plain]
