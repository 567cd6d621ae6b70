"""The contract ``folder``: many cases, one after the other, `prediction.json` last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np

from common.scan import Finding, Scan, likelihood, prepare

INPUT, OUTPUT = Path("/input"), Path("/output")
WORTH_SHOWING = 0.1  # less likely findings count for the patient's likelihood only


def main(detect: Callable[[Scan], list[Finding]]) -> None:
    for case in json.loads((INPUT / "cases.json").read_text())["cases"]:
        image = nib.load(INPUT / case["ct"])
        scan = prepare(np.asanyarray(image.dataobj), image.affine)
        findings = detect(scan)
        write(OUTPUT / case["id"], image, scan, findings)
        print(f"{case['id']}: {len(findings)} findings, likelihood {likelihood(findings):.3f}", flush=True)


def write(folder: Path, image: nib.Nifti1Image, scan: Scan, findings: list[Finding]) -> None:
    shown = [finding for finding in findings if finding.confidence >= WORTH_SHOWING]
    labels = np.zeros(scan.hu.shape, dtype=np.uint8)
    for label, finding in enumerate(shown, start=1):
        labels[finding.mask] = label
    folder.mkdir()
    nib.Nifti1Image(scan.to_native(labels), image.affine).to_filename(folder / "lesions.nii.gz")
    confidences = [{"label": label, "confidence": finding.confidence} for label, finding in enumerate(shown, start=1)]
    (folder / "findings.json").write_text(json.dumps(confidences))
    (folder / "prediction.json").write_text(json.dumps({"likelihood": likelihood(findings)}))
