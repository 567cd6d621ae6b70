"""Image archives made by hand, in the three layouts that real tools write, with one thing wrong on request."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def member(name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(content)
    return info


def tar_of(files: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in files:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def layer(name: str, content: bytes = b"hello\n") -> bytes:
    return tar_of([(member(name, content), content)])


PASSWD = b"root:x:0:0::/:/bin/sh\nuser:x:1234:1235::/home/user:/bin/sh\n"


@dataclass
class Image:
    """An image to be archived; tests change what they need before asking for a layout."""

    layers: list[bytes] = field(default_factory=lambda: [layer("etc/passwd", PASSWD), layer("opt/algorithm")])
    config: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: {"User": "user", "Entrypoint": ["/opt/algorithm"]})
    diff_ids: list[str] | None = None
    config_text: bytes | None = None

    @property
    def config_bytes(self) -> bytes:
        if self.config_text is not None:
            return self.config_text
        ids = self.diff_ids or [f"sha256:{sha256(data)}" for data in self.layers]
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": self.settings,
            "rootfs": {"type": "layers", "diff_ids": ids},
            **self.config,
        }
        return json.dumps(document).encode()

    @property
    def digest(self) -> str:
        return f"sha256:{sha256(self.config_bytes)}"

    def old_docker(self) -> list[tuple[tarfile.TarInfo, bytes]]:
        """``<id>/layer.tar``; an equal layer that occurs again is a link to the first, as docker save writes it."""
        files, names, seen = [], [], dict[bytes, str]()
        for number, data in enumerate(self.layers):
            folder = f"{number:064x}"
            names.append(f"{folder}/layer.tar")
            files.append((member(folder, kind=tarfile.DIRTYPE), b""))
            if data in seen:
                files.append((member(names[-1], kind=tarfile.SYMTYPE, target=f"../{seen[data]}/layer.tar"), b""))
            else:
                files.append((member(names[-1], data), data))
                seen[data] = folder
        config_name = f"{sha256(self.config_bytes)}.json"
        manifest = json.dumps([{"Config": config_name, "RepoTags": ["a:b"], "Layers": names}]).encode()
        files.append((member(config_name, self.config_bytes), self.config_bytes))
        files.append((member("manifest.json", manifest), manifest))
        return files

    def new_docker(self) -> list[tuple[tarfile.TarInfo, bytes]]:
        blobs = [self.config_bytes, *self.layers]
        names = [f"blobs/sha256/{sha256(blob)}" for blob in blobs]
        manifest = json.dumps([{"Config": names[0], "RepoTags": None, "Layers": names[1:]}]).encode()
        return [*_blobs(blobs), (member("manifest.json", manifest), manifest)]

    def oci(self, *, compress: Any = gzip.compress, images: int = 1) -> list[tuple[tarfile.TarInfo, bytes]]:
        packed = [compress(data) for data in self.layers]
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "config": {"digest": self.digest, "size": len(self.config_bytes)},
                "layers": [{"digest": f"sha256:{sha256(data)}", "size": len(data)} for data in packed],
            }
        ).encode()
        descriptor = {"digest": f"sha256:{sha256(manifest)}", "size": len(manifest)}
        attestation = {**descriptor, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        inner = json.dumps({"schemaVersion": 2, "manifests": [descriptor] * images + [attestation]}).encode()
        index = json.dumps({"schemaVersion": 2, "manifests": [{"digest": f"sha256:{sha256(inner)}"}]}).encode()
        mark = b'{"imageLayoutVersion": "1.0.0"}'
        files = _blobs([self.config_bytes, manifest, inner, *packed])
        return [*files, (member("index.json", index), index), (member("oci-layout", mark), mark)]


def _blobs(blobs: Sequence[bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [(member(f"blobs/sha256/{sha256(blob)}", blob), blob) for blob in dict.fromkeys(blobs)]


def write(path: Path, files: Sequence[tuple[tarfile.TarInfo, bytes]]) -> Path:
    data = tar_of(files)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
