"""DICOM segmentations written by highdicom, for tests that read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from evaluator.records import Grid

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def source_of(affine: NDArray[np.float64], rows: int, columns: int) -> Dataset:
    """A CT slice's header: as much of it as a segmentation refers to."""
    source = Dataset()
    source.SOPClassUID, source.SOPInstanceUID = CTImageStorage, generate_uid()
    source.StudyInstanceUID, source.SeriesInstanceUID = generate_uid(), generate_uid()
    source.FrameOfReferenceUID = generate_uid()
    source.Modality, source.PatientID, source.PatientName = "CT", "1", "Phantom^A"
    source.PatientBirthDate, source.PatientSex, source.AccessionNumber = "", "", ""
    source.StudyID, source.StudyDate, source.StudyTime = "1", "20260101", "000000"
    source.ReferringPhysicianName, source.SeriesNumber, source.InstanceNumber = "", 1, 1
    source.Rows, source.Columns = rows, columns
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    source.PixelSpacing, source.SliceThickness = [spacing[1], spacing[2]], spacing[0]
    source.ImageOrientationPatient = [*(affine[:3, 2] / spacing[2]), *(affine[:3, 1] / spacing[1])]
    source.ImagePositionPatient = list(affine[:3, 3])
    return source


def write_seg(
    path: Path,
    data: NDArray[Any],
    grid: Grid,
    *,
    kind: str = "BINARY",
    order: tuple[int, int, int] = (2, 1, 0),
    flip: Sequence[int] = (),
    segments: int = 1,
    **options: Any,
) -> Path:
    """Write an array on a grid as a segmentation.

    ``order`` says which axis of the array becomes slices, rows and columns; ``flip`` which of these three then run
    backwards. An array of four axes has the segments last. highdicom leaves empty frames out.
    """
    stack = data.transpose((*order, *range(3, data.ndim)))
    affine = LPS @ grid.affine
    affine[:3, :3] = affine[:3, list(order)]
    for axis in flip:
        stack = np.flip(stack, axis)
        affine[:3, 3] += affine[:3, axis] * (stack.shape[axis] - 1)
        affine[:3, axis] *= -1
    volume = hd.Volume(
        np.ascontiguousarray(stack),
        affine,
        coordinate_system="PATIENT",
        channels={"SegmentNumber": list(range(1, stack.shape[3] + 1))} if data.ndim == 4 else None,
    )
    descriptions = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"Lesion {number}",
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion,
            algorithm_type="MANUAL",
        )
        for number in range(1, segments + 1)
    ]
    options = {"transfer_syntax_uid": ExplicitVRLittleEndian} | options
    written = hd.seg.Segmentation(
        source_images=[source_of(affine, *stack.shape[1:3])],
        pixel_array=volume,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Tests",
        manufacturer_model_name="Tests",
        software_versions="1",
        device_serial_number="1",
        **options,
    )
    written.save_as(path)
    return path
