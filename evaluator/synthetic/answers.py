"""Case results without scans: what submissions of different skill might have answered at hospitals, for load tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from evaluator.errors import FailureClass
from evaluator.records import (
    CaseRecord,
    CaseResult,
    CohortResult,
    Finding,
    Lesion,
    StructureScore,
    TruthSource,
)

Floats = NDArray[np.float64]

PREVALENCE = 0.3
SCANNERS = ("Siemens", "GE", "Philips", "Canon")
RACES = ("Asian", "Black", "White", "")
PLACES = ("head", "body", "tail")
TOLERANCES = ("1.0", "2.0", "3.0")
DIGITS = 4
STARTED, FINISHED = "2026-01-01T00:00:00+00:00", "2026-01-01T06:00:00+00:00"


@dataclass(frozen=True, kw_only=True, eq=False)
class Patients:
    """A hospital's patients, one scan each, and how hard each is for whoever reads it."""

    hospital: str
    fingerprint: str
    cases: tuple[CaseRecord, ...]
    diameters: Floats  # mm; of those without cancer, of no meaning
    hardness: Floats
    shift: float  # of all answers at this hospital


def make_patients(hospital: str, count: int, *, rng: np.random.Generator) -> Patients:
    """Three of ten with cancer, tumours of 5 to 60 mm, one scanner at most hospitals."""
    cancer = np.arange(count) < round(PREVALENCE * count)
    scanner = rng.integers(len(SCANNERS))
    other = rng.random(count) < 0.2 * (rng.random() < 0.5)
    age, race, sex = rng.integers(30, 90, count), rng.integers(len(RACES), size=count), rng.integers(2, size=count)
    cases = tuple(
        CaseRecord(
            case=f"case-{n:05d}",
            patient=f"patient-{n:05d}",
            cancer=bool(cancer[n]),
            index_scan=True,
            reference=TruthSource.MASK if cancer[n] else TruthSource.DIAGNOSIS,
            sex="FM"[sex[n]],
            age=int(age[n]),
            race=RACES[race[n]] or None,
            phase="arterial" if n % 5 == 0 else "venous",
            scanner=SCANNERS[(scanner + other[n]) % len(SCANNERS)],
            slice_thickness_mm=(1.0, 1.5, 3.0)[n % 3],
        )
        for n in range(count)
    )
    return Patients(
        hospital=hospital,
        fingerprint=f"sha256:{rng.bytes(32).hex()}",
        cases=cases,
        diameters=np.round(rng.lognormal(3.1, 0.5, count).clip(5.0, 60.0), 1).astype(np.float64),
        hardness=rng.normal(0.0, 0.9, count),
        shift=float(rng.normal(0.0, 0.35)),
    )


def answer(patients: Patients, *, skill: float, failing: float, rng: np.random.Generator) -> CohortResult:
    """What a submission answers there: right more often with skill and large tumours, alike where patients are hard.

    Parameters
    ----------
    patients : Patients
        Of one hospital.
    skill : float
        About 0 to 2; the logit that a cancer is surer than another patient by grows with it.
    failing : float
        Share of cases that fail through the submission.
    rng : numpy.random.Generator
        Of this submission at this hospital.

    Returns
    -------
    CohortResult
        As a worker would send it.
    """
    count = len(patients.cases)
    cancer = np.array([case.cancer for case in patients.cases])
    here = patients.shift + rng.normal(0.0, 0.2)
    easy = 0.8 * np.log(patients.diameters / 20)
    logit = np.where(cancer, 1.0 + skill + easy - patients.hardness, -1.0 - skill + patients.hardness)
    said = np.round(expit(logit + here + rng.normal(0.0, 0.6, count)), DIGITS)
    failed = rng.random(count) < failing
    draws = np.round(rng.random((count, 16)), DIGITS)
    cases = tuple(
        _result(record, patients.diameters[n], float(said[n]), draws[n].tolist(), failed=bool(failed[n]))
        for n, record in enumerate(patients.cases)
    )
    return CohortResult(
        hospital=patients.hospital,
        cohort="portal venous",
        version="1",
        fingerprint=patients.fingerprint,
        cases=cases,
        started=STARTED,
        finished=FINISHED,
        peak_memory_bytes=6 * 1024**3,
        containers=1,
        seed=1,
    )


def _result(record: CaseRecord, diameter: float, said: float, drawn: list[float], *, failed: bool) -> CaseResult:
    hit = not failed and said > 0.2 and drawn[0] < 0.9
    outline = _score(drawn) if hit else None
    lesion = Lesion(
        id=1,
        diameter_mm=float(diameter),
        volume_ml=round(float(diameter) ** 3 / 1900, DIGITS),
        centre_mm=(round(200 * drawn[1] - 100, 1), round(200 * drawn[2] - 100, 1), round(400 * drawn[3], 1)),
        location=PLACES[int(3 * drawn[4]) % 3],
        hit=hit,
        finding=1 if hit else None,
        diameter_3d_mm=round(1.2 * float(diameter), 1),
        slices=(100, 112),
        outline=outline,
    )
    lesions = (lesion,) if record.cancer else ()
    if failed:
        return CaseResult(case=record, failure=FailureClass.TIME_LIMIT, reason="It took too long.", lesions=lesions)
    found = 2 if drawn[5] < 0.3 else 1 if said > 0.1 else 0
    findings = tuple(
        Finding(
            id=at + 1,
            confidence=said if at == 0 else round(said * drawn[6], DIGITS),
            volume_ml=round(20 * drawn[7 + at], DIGITS),
            centre_mm=lesion.centre_mm if at == 0 else (round(100 * drawn[9], 1), 0.5, round(300 * drawn[10], 1)),
            lesion=1 if record.cancer and hit and at == 0 else None,
        )
        for at in range(max(found, 1) if hit else found)
    )
    return CaseResult(
        case=record,
        lesions=lesions,
        findings=findings,
        structures={"lesions": outline or _score([0.0] * 16)} if record.cancer else {},
        likelihood=said,
        likelihood_source="prediction",
        seconds=round(8 + 10 * drawn[11], 2),
    )


def _score(drawn: list[float]) -> StructureScore:
    """Numbers that hang together as those of a real case do: a high Dice, short distances."""
    dice = drawn[12]
    far = round(30 * (1 - dice) * drawn[13], DIGITS)
    near: dict[str, float | None] = {
        name: round(min(1.0, dice + 0.1 * at), DIGITS) for at, name in enumerate(TOLERANCES)
    }
    return StructureScore(
        dice=dice,
        nsd=near,
        hd95_pooled=far if dice else None,
        hd95_max=round(1.1 * far, DIGITS) if dice else None,
        assd_pooled=round(far / 3, DIGITS) if dice else None,
        masd=round(far / 3.1, DIGITS) if dice else None,
        volume_reference_ml=round(20 * drawn[14], DIGITS),
        volume_prediction_ml=round(20 * drawn[15], DIGITS),
        iou=round(dice / (2 - dice), DIGITS),
        hd=round(1.6 * far, DIGITS) if dice else None,
        volume_error=round(drawn[15] - drawn[14], DIGITS),
        nsd_area=dict(near),
    )
