"""What the overhead is measured on: scans of the design's size, and a program that stamps when it computes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from evaluator.cohort import Cohort, CohortHeader, read_cohort, write_header, write_manifest, write_table
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from tests.benchmarks.case import LESIONS, PANCREAS, Size, write_case

TISSUE, DARK, NOISE = 100, -500, 25
STAMP = b"STAMP "

# From when a case is opened until its last file is written is the container's own time; so is what comes before the
# first, from when Python has started.
PROGRAM = """
import time
begun = time.time()
import gzip, json, os, pathlib, struct, numpy
windows = []
for case in json.loads(pathlib.Path("/input/cases.json").read_bytes())["cases"]:
    opened = time.time()
    scan = gzip.decompress(pathlib.Path("/input/" + case["ct"]).read_bytes())
    found = numpy.frombuffer(scan, "<i2", offset=352) < -250
    time.sleep(SECONDS)
    header = bytearray(scan[:352])
    struct.pack_into("<hh", header, 70, 2, 8)
    out = "/output/" + case["id"]
    os.makedirs(out)
    with gzip.open(out + "/lesions.nii.gz", "wb", compresslevel=1) as file:
        file.write(bytes(header) + found.astype("u1").tobytes())
    with open(out + "/prediction.json", "w") as file:
        json.dump({"likelihood": float(found.any())}, file)
    windows.append([opened, time.time()])
print("STAMP " + json.dumps({"begun": begun, "windows": windows}))
"""


def program(seconds: float) -> str:
    """It waits so long for each scan, as one does that computes on a GPU."""
    return PROGRAM.replace("SECONDS", str(seconds))


@dataclass(frozen=True, kw_only=True)
class Stamps:
    """Of one container, in seconds since the epoch: when Python ran, and from when until when each case was its own."""

    begun: float
    windows: list[tuple[float, float]]


def read_stamps(log: bytes) -> Stamps:
    [line] = [line for line in log.splitlines() if line.startswith(STAMP)]
    return msgspec.json.decode(line.removeprefix(STAMP), type=Stamps)


def write_scans(folder: Path, size: Size, *, cases: int) -> Cohort:
    """The scoring benchmark's pancreas and tumours in noise, which no two scans share."""
    names = [f"case{number:02}" for number in range(cases)]
    painted = read_volume(write_case(folder / "painted", size).reference)
    rng = np.random.default_rng(0)
    for name in names:
        noise = rng.normal(0, NOISE, painted.data.size // 8).astype(np.int16)
        scan = np.resize(noise, painted.data.size).reshape(painted.data.shape, order="F") + np.int16(TISSUE)
        scan[painted.data == LESIONS] += np.int16(DARK)
        for part in ("images", "references"):
            (folder / part / name).mkdir(parents=True)
        write_nifti(folder / "images" / name / "ct.nii.gz", Volume(scan, painted.grid))
        for file, label in (("lesions", LESIONS), ("organs", PANCREAS)):
            mask = (painted.data == label).astype(np.uint8)
            write_nifti(folder / "references" / name / f"{file}.nii.gz", Volume(mask, painted.grid))
    organs = {str(PANCREAS): "pancreas"}
    write_header(folder, CohortHeader(schema="cohort/1", hospital="bench", name="full", version="1", organs=organs))
    write_table(
        folder / "cases.csv",
        [{"case": name, "patient": name, "cancer": True, "index_scan": True, "phase": "venous"} for name in names],
    )
    cohort = read_cohort(folder)
    write_manifest(cohort)
    return cohort
