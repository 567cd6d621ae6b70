"""The contract ``grand-challenge``, as algorithms of the PANORAMA challenge speak it: one MetaImage in, a map out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from common.scan import Finding, Scan, likelihood, prepare

INPUT, OUTPUT = Path("/input"), Path("/output")
TYPES = {"MET_SHORT": "<i2", "MET_USHORT": "<u2", "MET_INT": "<i4", "MET_FLOAT": "<f4", "MET_DOUBLE": "<f8"}
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def main(detect: Callable[[Scan], list[Finding]]) -> None:
    (path,) = INPUT.glob("images/venous-ct/*.mha")
    header, voxels, affine = read_mha(path)
    scan = prepare(voxels, affine)
    findings = detect(scan)
    detection_map = np.zeros(scan.hu.shape, dtype=np.float32)
    for finding in findings:
        detection_map[finding.mask] = np.maximum(detection_map[finding.mask], finding.confidence)
    folder = OUTPUT / "images/pdac-detection-map"
    folder.mkdir(parents=True)
    write_mha(folder / path.name, header, scan.to_native(detection_map))
    (OUTPUT / "pdac-likelihood.json").write_text(json.dumps(likelihood(findings)))
    print(f"{len(findings)} findings, likelihood {likelihood(findings):.3f}", flush=True)


def read_mha(path: Path) -> tuple[dict[str, str], np.ndarray, np.ndarray]:
    """A MetaImage's header, its voxels [i, j, k] and the RAS directions of its axes."""
    header: dict[str, str] = {}
    with path.open("rb") as file:
        while "ElementDataFile" not in header:
            key, _, value = file.readline().decode("ascii").partition("=")
            header[key.strip()] = value.strip()
        content = file.read()
    if header.get("CompressedData", "False") == "True":
        content = zlib.decompress(content)
    shape = [int(size) for size in header["DimSize"].split()]
    voxels = np.frombuffer(content, TYPES[header["ElementType"]]).reshape(shape[::-1]).T
    axes = np.array(header.get("TransformMatrix", "1 0 0 0 1 0 0 0 1").split(), dtype=float).reshape(3, 3)
    spacing = np.array(header["ElementSpacing"].split(), dtype=float)
    affine = np.eye(4)
    affine[:3, :3] = LPS_TO_RAS @ (axes.T * spacing)
    return header, voxels, affine


def write_mha(path: Path, header: dict[str, str], array: np.ndarray) -> None:
    """A float map on the grid of the image whose header is given."""
    content = zlib.compress(array.astype("<f4").tobytes(order="F"), 1)
    ours = {"ElementType": "MET_FLOAT", "CompressedData": "True", "CompressedDataSize": str(len(content))}
    fields = {**{key: value for key, value in header.items() if key != "ElementDataFile"}, **ours}
    text = "".join(f"{key} = {value}\n" for key, value in fields.items())
    path.write_bytes(f"{text}ElementDataFile = LOCAL\n".encode("ascii") + content)
