"""Submissions for tests: a Python script on the examples' base image, committed as an image of its own."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import docker
import pytest
from docker.errors import ImageNotFound

BASE = "cil-base:latest"

# The folder contract in the standard library: no finding anywhere. `number` is the case's number in the tiny cohort.
FOLDER = """
import gzip, json, os, pathlib, struct, sys, time
cases = json.loads(pathlib.Path("/input/cases.json").read_bytes())["cases"]
def inflated(case):
    return gzip.decompress(pathlib.Path("/input/" + case["ct"]).read_bytes())
def number(case):
    return struct.unpack_from("<h", inflated(case), 352)[0] - 100
def answer(case, likelihood=0.5):
    out = "/output/" + case["id"]
    os.makedirs(out, exist_ok=True)
    scan = inflated(case)
    with gzip.open(out + "/lesions.nii.gz", "wb") as file:
        file.write(scan[:352] + bytes(len(scan) - 352))
    with open(out + "/prediction.json", "w") as file:
        json.dump({"likelihood": likelihood}, file)
"""

# A detector worth the name for the tiny cohort and for real scans: voxels between two values.
FOLDER_DETECTOR = """
import json, os, nibabel, numpy
for case in json.load(open("/input/cases.json"))["cases"]:
    scan = nibabel.load("/input/" + case["ct"])
    found = ((scan.get_fdata() > LOW) & (scan.get_fdata() < HIGH)).astype("uint8")
    out = "/output/" + case["id"]
    os.makedirs(out)
    nibabel.save(nibabel.Nifti1Image(found, scan.affine), out + "/lesions.nii.gz")
    with open(out + "/prediction.json", "w") as file:
        json.dump({"likelihood": float(found.any())}, file)
"""

# The same under the grand-challenge contract, a MetaImage written by hand.
GRAND_CHALLENGE_DETECTOR = """
import json, os, zlib, glob, numpy
(item,) = [item for item in json.load(open("/input/inputs.json")) if item["interface"]["slug"] == "venous-ct"]
(path,) = glob.glob("/input/" + item["interface"]["relative_path"] + "/*.mha")
header, data = {}, open(path, "rb")
while "ElementDataFile" not in header:
    key, _, value = data.readline().decode().partition("=")
    header[key.strip()] = value.strip()
raw = data.read()
scan = numpy.frombuffer(zlib.decompress(raw) if header["CompressedData"] == "True" else raw, "<i2")
found = ((scan > LOW) & (scan < HIGH)).astype("<f8")
clinical = json.load(open("/input/clinical-information-pancreatic-ct.json"))
assert set(clinical) == {"age", "sex"}
out = "/output/images/pdac-detection-map"
os.makedirs(out)
header.update(CompressedData="False", ElementType="MET_DOUBLE")
header.pop("CompressedDataSize", None)
last = header.pop("ElementDataFile")
with open(out + "/map.mha", "wb") as file:
    file.write("".join(f"{key} = {value}\\n" for key, value in header.items()).encode() + b"ElementDataFile = LOCAL\\n")
    file.write(found.tobytes())
json.dump(float(found.max()), open("/output/pdac-likelihood.json", "w"))
"""


def between(script: str, low: float, high: float) -> str:
    return script.replace("LOW", str(low)).replace("HIGH", str(high))


class Images:
    """Builds images from scripts, each once, and removes them in the end."""

    def __init__(self, base: str = BASE) -> None:
        api: Any = docker.from_env().api
        self._api, self._base = api, base
        self._built: dict[str, str] = {}
        try:
            self._api.inspect_image(base)
        except ImageNotFound:
            pytest.fail(f"There is no image {base}: run docker/setup.sh")

    def of(
        self,
        script: str,
        *,
        user: str = "1000:1000",
        entrypoint: tuple[str, ...] = ("python3", "/app.py"),
        changes: tuple[str, ...] = (),
    ) -> str:
        key = hashlib.sha256("\n".join([script, user, *entrypoint, *changes]).encode()).hexdigest()
        if key not in self._built:
            conf = {"User": user, "Entrypoint": list(entrypoint), "Cmd": []}
            self._built[key] = self._build(script, conf, list(changes))
        return self._built[key]

    def _build(self, script: str, conf: Mapping[str, object], changes: list[str]) -> str:
        container = self._api.create_container(self._base, command=["true"])["Id"]
        try:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                member = tarfile.TarInfo("app.py")
                member.size, member.mode = len(script.encode()), 0o755
                archive.addfile(member, io.BytesIO(script.encode()))
            self._api.put_archive(container, "/", buffer.getvalue())
            image: str = self._api.commit(container, conf=conf, changes=changes)["Id"]
            return image
        finally:
            self._api.remove_container(container, v=True, force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for image in self._built.values():
            with suppress(ImageNotFound):
                self._api.remove_image(image, force=True)
        self._api.close()
