"""One case's volumes against its row: readable, on one grid, Hounsfield units, lesions where there is cancer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.cohort.layout import Digests, ct_path, lesions_path, organs_path
from evaluator.cohort.manifest import digest_case
from evaluator.cohort.table import Row
from evaluator.errors import FaultLine, InputRefused
from evaluator.records import Grid, Lesion, TruthSource, Volume
from evaluator.scoring import describe_reference
from evaluator.volumes import read_volume

AIR_OR_FAT = -50  # every scan of a body holds lower values, unless its offset is missing
HIGHEST = 2**15 - 1
MOST_LABELS = 1000


@dataclass(frozen=True, kw_only=True)
class CaseContent:
    """What a case's files hold, or what is wrong with them."""

    digests: Digests | None
    lesions: tuple[Lesion, ...] = ()
    faults: list[FaultLine] = field(default_factory=list)
    warnings: list[FaultLine] = field(default_factory=list)


def inspect_case(root: Path, row: Row, *, organ_names: Mapping[int, str] | None) -> CaseContent:
    """Read every voxel of a case once. ``organ_names`` is None where the header could not be read."""
    ct, lesions, organs = (path(root, row.case) for path in (ct_path, lesions_path, organs_path))
    findings = _Findings(root)
    grid = findings.grid_of_ct(ct, row)
    reference = findings.labels(lesions, grid) if lesions.is_file() else None
    atlas = findings.labels(organs, grid) if organs.is_file() else None
    if atlas and organ_names is not None:
        unnamed = sorted(set(np.unique(atlas.data).tolist()) - {0} - set(organ_names))
        if unnamed:
            findings.add(f"holds organ numbers that cohort.json does not name: {unnamed[:10]}", organs)
    findings.truth(lesions, row, reference)
    described: tuple[Lesion, ...] = ()
    if reference is not None and not findings.faults:
        described = describe_reference(reference, organs=atlas, organ_names=organ_names)
    digests = digest_case(root, row.case) if ct.is_file() else None
    return CaseContent(digests=digests, lesions=described, faults=findings.faults, warnings=findings.warnings)


class _Findings:
    """Collects a case's faults, each under the file's place in the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[FaultLine] = []
        self.warnings: list[FaultLine] = []

    def add(self, what: str, path: Path, *, why: str = "") -> None:
        self.faults.append(FaultLine(what=what, where=str(path.relative_to(self.root)), why=why))

    def grid_of_ct(self, path: Path, row: Row) -> Grid | None:
        if not path.is_file():
            self.faults.append(FaultLine(what="is missing", where=str(path.relative_to(self.root)), why=row.where))
            return None
        volume = self.read(path, None)
        if volume is None:
            return None
        if trouble := _not_hounsfield(volume.data):
            self.add(trouble, path)
        thickness = row.slice_thickness_mm
        if thickness and thickness > 3 * max(volume.grid.spacing):
            self.warnings.append(
                FaultLine(what=f"slice_thickness_mm {thickness:g} exceeds the image's spacing by far", where=row.where)
            )
        return volume.grid

    def labels(self, path: Path, grid: Grid | None) -> Volume | None:
        """A mask on the CT's grid; where the CT cannot be read, the mask is still checked by itself."""
        volume = self.read(path, grid)
        if volume is None:
            return None
        data = volume.data
        if not np.isfinite(data).all() or (data != np.rint(data)).any():
            self.add("holds values that are not whole numbers", path)
        elif data.min() < 0 or data.max() > MOST_LABELS:
            self.add(f"holds labels outside 0 to {MOST_LABELS}", path, why=f"{data.min():g} to {data.max():g}")
        else:
            return Volume(data.astype(np.uint16) if data.dtype.kind == "f" else data, volume.grid)
        return None

    def read(self, path: Path, grid: Grid | None) -> Volume | None:
        try:
            return read_volume(path, expect=grid)
        except InputRefused as error:
            self.add(error.what.replace(str(path), "it"), path, why=error.why)
        return None

    def truth(self, path: Path, row: Row, reference: Volume | None) -> None:
        """Whether the mask agrees with what the row says."""
        drawn = reference is not None and bool(reference.data.any())
        wants_mask = row.reference is TruthSource.MASK or (row.reference is None and path.is_file())
        if wants_mask and not path.is_file():
            self.add("is missing, but the row says reference is mask", path, why=row.where)
        elif row.cancer and wants_mask and reference is not None and not drawn:
            why = f"{row.where}; write diagnosis in the column reference where no lesion can be seen"
            self.add("holds no lesion, but the patient has cancer", path, why=why)
        elif not row.cancer and drawn:
            self.add("holds a lesion, but the patient has no cancer", path, why=row.where)


def _not_hounsfield(data: NDArray[np.generic]) -> str:
    """Why these cannot be Hounsfield units of a body, or nothing."""
    least, most = float(data.min()), float(data.max())
    if not np.isfinite([least, most]).all():
        return "holds values that are not finite"
    if data.dtype.kind == "f" and (data != np.rint(data)).any():
        return "does not hold whole Hounsfield units"
    if least > AIR_OR_FAT or most < 0 or most > HIGHEST or least < -HIGHEST - 1:
        return f"does not hold Hounsfield units of a body: values run from {least:g} to {most:g}"
    return ""
