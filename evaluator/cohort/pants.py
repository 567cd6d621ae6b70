"""The PanTS layout brought into ours; what its table leaves unclear is reported, never guessed.

::

    ImageTe/PanTS_00009001/ct.nii.gz                                       also ImageTr, LabelTr
    LabelTe/PanTS_00009001/segmentations/pancreatic_lesion.nii.gz          and a mask an organ
    metadata.xlsx, or a CSV copy of it

The table has no patient: each scan is taken for a patient of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.cohort.layout import (
    SCHEMA,
    TABLE_FILE,
    THREADS,
    CohortHeader,
    Progress,
    ct_path,
    lesions_path,
    organs_path,
    write_header,
)
from evaluator.cohort.pants_metadata import CASE, TUMOUR, Notes, attributes, number, read_metadata
from evaluator.cohort.table import write_table
from evaluator.errors import FaultLine, InputRefused, UsageError
from evaluator.records import Grid, Volume
from evaluator.volumes import read_grid, read_volume, write_nifti

LESION = "pancreatic_lesion"
# Merged in this order: what comes later lies on top.
ORGANS = (
    ("pancreas", "pancreas"),
    ("liver", "liver"),
    ("spleen", "spleen"),
    ("kidney_right", "kidney_right"),
    ("kidney_left", "kidney_left"),
    ("stomach", "stomach"),
    ("duodenum", "duodenum"),
    ("gall_bladder", "gallbladder"),
    ("colon", "colon"),
    ("pancreas_tail", "pancreas_tail"),
    ("pancreas_body", "pancreas_body"),
    ("pancreas_head", "pancreas_head"),
    ("pancreatic_duct", "pancreatic_duct"),
    ("common_bile_duct", "common_bile_duct"),
    ("aorta", "aorta"),
    ("postcava", "inferior_vena_cava"),
    ("veins", "portal_vein_and_splenic_vein"),
    ("superior_mesenteric_artery", "superior_mesenteric_artery"),
    ("celiac_artery", "celiac_artery"),
)


@dataclass(frozen=True, kw_only=True)
class PantsImport:
    """How many cases were brought over, and what was not understood on the way."""

    cases: int
    positive: int
    notes: tuple[FaultLine, ...]


def import_pants(
    source: Path, out: Path, *, hospital: str, name: str, version: str = "1", progress: Progress | None = None
) -> PantsImport:
    """Write a cohort folder from a PanTS folder: images are hard-linked where the disk allows, else copied.

    Raises InputRefused where ``source`` holds no cases, UsageError where ``out`` is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty.", next_step="Name a new folder.")
    images = {path.name: path for path in sorted(source.glob("Image*/PanTS_*")) if CASE.fullmatch(path.name)}
    if not images:
        raise InputRefused(
            f"{source} holds no ImageTe/PanTS_########/ct.nii.gz.",
            next_step="Give the folder that holds ImageTe and LabelTe (or ImageTr and LabelTr).",
        )
    notes = Notes()
    metadata = read_metadata(source, notes)
    for case in sorted(set(metadata) - set(images)):
        notes.add(case, "is in the metadata but has no image; left out")

    def bring(case: str) -> tuple[dict[str, object], list[FaultLine]]:
        own = Notes()
        labels = source / images[case].parent.name.replace("Image", "Label", 1) / case / "segmentations"
        found = _Found(case=case, image=images[case] / "ct.nii.gz", labels=labels, metadata=metadata.get(case, {}))
        row = _bring_case(found, out, own)
        if progress:
            progress()
        return row, own.lines

    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(THREADS) as pool:
        brought = list(pool.map(bring, images))
    rows = [row for row, _ in brought if row]
    write_table(out / TABLE_FILE, rows)
    organs = {str(number): ours for number, (_, ours) in enumerate(ORGANS, start=1)}
    write_header(out, CohortHeader(schema=SCHEMA, hospital=hospital, name=name, version=version, organs=organs))
    return PantsImport(
        cases=len(rows),
        positive=sum(bool(row["cancer"]) for row in rows),
        notes=(*notes.lines, *(line for _, lines in brought for line in lines)),
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Where one case lies in the release, and its row of the table."""

    case: str
    image: Path
    labels: Path
    metadata: Mapping[str, str]


def _bring_case(found: _Found, out: Path, notes: Notes) -> dict[str, object]:
    case = found.case
    try:
        grid = read_grid(found.image)
        lesion = _mask(found.labels / f"{LESION}.nii.gz", grid)
        organs = _merge(found.labels, grid, notes, case)
        _bring_image(found.image, ct_path(out, case), notes, case)
    except InputRefused as error:
        notes.add(case, "is left out", str(error))
        shutil.rmtree(ct_path(out, case).parent, ignore_errors=True)
        return {}
    drawn = lesion is not None and bool(lesion.any())
    cancer, reference = _truth(found.metadata.get(TUMOUR, ""), lesion, notes, case)
    if lesion is not None or organs is not None:
        lesions_path(out, case).parent.mkdir(parents=True, exist_ok=True)
    if lesion is not None and (drawn or not cancer):
        write_nifti(lesions_path(out, case), Volume(lesion.astype(np.uint8), grid))
    if organs is not None:
        write_nifti(organs_path(out, case), Volume(organs, grid))
    return {
        "case": case,
        "patient": case,
        "cancer": cancer,
        "index_scan": True,
        "reference": reference,
        "slice_thickness_mm": round(max(grid.spacing), 3),
        **attributes(found.metadata, notes, case),
    }


def _truth(flag: str, lesion: NDArray[np.bool_] | None, notes: Notes, case: str) -> tuple[bool, str]:
    """The diagnosis: the flag where there is one, a drawn lesion in any case."""
    drawn = lesion is not None and bool(lesion.any())
    positive = number(flag)
    if positive is None and flag.lower() in ("yes", "true", "no", "false"):
        positive = float(flag.lower() in ("yes", "true"))
    if positive is None:
        notes.add(case, "has no tumour flag; the mask decides", f"flag {flag!r}")
        return drawn, "mask" if lesion is not None else "diagnosis"
    if positive and not drawn:
        notes.add(case, "is flagged as tumour, but no lesion is drawn; its reference is the diagnosis")
        return True, "diagnosis"
    if not positive and drawn:
        notes.add(case, "is not flagged as tumour, but a lesion is drawn; taken as cancer")
    return drawn, "mask" if lesion is not None else "diagnosis"


def _mask(path: Path, grid: Grid) -> NDArray[np.bool_] | None:
    """A mask of the release; scaled ones hold 0.99999 for 1."""
    return None if not path.is_file() else read_volume(path, expect=grid).data > 0.5


def _merge(labels: Path, grid: Grid, notes: Notes, case: str) -> NDArray[np.uint8] | None:
    merged: NDArray[np.uint8] | None = None
    for label, (theirs, _) in enumerate(ORGANS, start=1):
        mask = _mask(labels / f"{theirs}.nii.gz", grid)
        if mask is not None:
            merged = np.zeros(grid.shape, dtype=np.uint8) if merged is None else merged
            merged[mask] = label
    if merged is None:
        notes.add(case, "has no organ masks; its lesions have no location")
    return merged


def _bring_image(image: Path, place: Path, notes: Notes, case: str) -> None:
    """Hard-link whole Hounsfield units; round what was stored otherwise."""
    volume = read_volume(image)
    place.parent.mkdir(parents=True, exist_ok=True)
    if volume.data.dtype.kind in "iu":
        try:
            os.link(image, place)
        except OSError:  # another disk
            shutil.copyfile(image, place)
        return
    whole = np.rint(volume.data)
    if not np.isfinite(whole).all() or np.abs(whole).max() >= 2**15:
        raise InputRefused(f"{image} does not hold Hounsfield units.")
    if (most := float(np.abs(whole - volume.data).max())) > 1e-3:
        notes.add(case, f"held fractions of a Hounsfield unit (up to {most:.2f}); rounded")
    write_nifti(place, Volume(whole.astype(np.int16), volume.grid))
