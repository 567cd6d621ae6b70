"""Who is scanned when: patients with and without cancer, some with more than one scan, some before diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from evaluator.errors import UsageError
from evaluator.synthetic.hospitals import Hospital

FEWEST_SCANS = 4
PANEL = 3  # patients of either truth a demonstration needs for a ranking
SMALLEST, LARGEST = 3.0, 50.0  # mm at diagnosis
SEE_NOTHING = 6.0  # mm; before diagnosis a smaller tumour leaves no trace


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where a tumour sits and how wide it is at diagnosis."""

    course: float
    diameter_mm: float


@dataclass(frozen=True, kw_only=True)
class ScanPlan:
    """One scan. ``diameters_mm`` has one entry per seat, 0 where the tumour cannot be seen yet."""

    case: str
    index_scan: bool
    day: int
    phase: str
    scanner: str
    lead_time_months: float | None
    diameters_mm: tuple[float, ...]
    number: int  # for its own random numbers

    @property
    def visible(self) -> bool:
        return any(self.diameters_mm)


@dataclass(frozen=True, kw_only=True)
class PatientPlan:
    patient: str
    number: int
    cancer: bool
    sex: str | None
    age: int | None
    race: str | None
    size: tuple[float, float, float]
    fat_mm: float
    seats: tuple[Seat, ...]
    mimic: Seat | None  # inflamed or fatty tissue of a patient without cancer, fainter than a tumour
    dilated_duct: bool
    cysts: int
    scans: tuple[ScanPlan, ...]


def plan_patients(rng: np.random.Generator, *, hospital: Hospital, scans: int) -> tuple[PatientPlan, ...]:
    """As many patients as give ``scans`` scans; about one in five is scanned twice.

    Raises UsageError for fewer than ``FEWEST_SCANS``.
    """
    if scans < FEWEST_SCANS:
        raise UsageError(
            f"A hospital needs at least {FEWEST_SCANS} cases; {scans} were asked for.",
            next_step=f"Ask for --cases {FEWEST_SCANS} or more.",
        )
    twice = scans // 5
    patients = scans - twice
    most = patients - min(PANEL, patients // 2)
    cancers = int(np.clip(round(hospital.cancer_share * patients), min(PANEL, patients // 2), most))
    diameters = _diameters(rng, hospital, cancers)
    early = scans // 12  # cancers whose only scan is from before diagnosis
    # Of the patients scanned twice two in three have cancer, so that lead time can be shown.
    again = {*range(min(-(-2 * twice // 3), cancers))}
    again |= {cancers + n for n in range(twice - len(again))}

    order = rng.permutation(patients)
    names = iter(rng.permutation(scans) + 1)
    phases = iter(_phases(rng, hospital, scans))
    plans = []
    for number, who in enumerate(order):
        cancer = bool(who < cancers)
        plans.append(
            _plan(
                rng,
                hospital=hospital,
                number=number,
                diameter=diameters[who] if cancer else None,
                cases=[(f"{hospital.prefix}{next(names):04d}", next(phases)) for _ in range(2 if who in again else 1)],
                early=bool(cancer and cancers - early <= who),
            )
        )
    return tuple(plans)


def _diameters(rng: np.random.Generator, hospital: Hospital, count: int) -> list[float]:
    """Evenly spread over the hospital's distribution, so that a small cohort still has every size."""
    places = (np.arange(count) + rng.uniform(0.2, 0.8, count)) / max(count, 1)
    sizes = hospital.diameter_mm * np.exp(hospital.diameter_spread * ndtri(places))
    return [float(size) for size in rng.permutation(sizes.clip(SMALLEST + 1, LARGEST - 4))]


def _phases(rng: np.random.Generator, hospital: Hospital, count: int) -> list[str]:
    """Each phase as often as its share says; what rounding leaves over goes to the first."""
    first = hospital.phases[0][0]
    rest = [name for name, share in hospital.phases[1:] for _ in range(int(share * count + 0.5))]
    return [str(name) for name in rng.permutation([first] * (count - len(rest)) + rest)]


def _plan(
    rng: np.random.Generator,
    *,
    hospital: Hospital,
    number: int,
    diameter: float | None,
    cases: list[tuple[str, str]],
    early: bool,
) -> PatientPlan:
    cancer = diameter is not None
    age = int(np.clip(rng.normal(67, 9) if cancer else rng.normal(59, 13), 24, 92))
    stature = rng.normal(hospital.body_size, 0.045)
    girth = rng.normal(0, 0.03)
    seats = _seats(rng, diameter) if diameter is not None else ()
    return PatientPlan(
        patient=f"{hospital.prefix}-P{number + 1:03d}",
        number=number,
        cancer=cancer,
        sex=str(rng.choice(["F", "M"])),
        age=age if rng.random() > 0.06 else None,
        race=str(rng.choice(["asian", "black", "white"], p=[0.2, 0.2, 0.6])) if rng.random() > 0.1 else None,
        size=(stature + girth, stature + girth, stature),
        fat_mm=float(np.clip(rng.normal(hospital.fat_mm, 5), 7, 45)),
        seats=seats,
        mimic=_mimic(rng) if not cancer and rng.random() < 0.3 else None,
        dilated_duct=bool(rng.random() < 0.6),
        cysts=int(rng.choice([0, 1, 2], p=[0.75, 0.2, 0.05] if cancer else [0.55, 0.3, 0.15])),
        scans=_scans(rng, hospital=hospital, seats=seats, cases=cases, early=early),
    )


def _seats(rng: np.random.Generator, diameter: float) -> tuple[Seat, ...]:
    """Six tumours in ten sit in the head; one patient in ten has a second, smaller one."""
    part = rng.choice(3, p=[0.6, 0.25, 0.15])
    course = float(rng.uniform(*((0.14, 0.34), (0.45, 0.68), (0.76, 0.92))[part]))
    first = Seat(course=course, diameter_mm=diameter)
    if rng.random() > 0.1:
        return (first,)
    other = float(rng.uniform(0.7, 0.92)) if course < 0.5 else float(rng.uniform(0.14, 0.3))
    return first, Seat(course=other, diameter_mm=max(diameter * float(rng.uniform(0.3, 0.6)), SMALLEST))


def _mimic(rng: np.random.Generator) -> Seat:
    return Seat(course=float(rng.uniform(0.14, 0.9)), diameter_mm=float(rng.uniform(9, 26)))


def _seen(diameter: float, lead: float | None) -> float:
    return 0.0 if lead is not None and lead >= 3 and diameter < SEE_NOTHING else diameter


def _scans(
    rng: np.random.Generator, *, hospital: Hospital, seats: tuple[Seat, ...], cases: list[tuple[str, str]], early: bool
) -> tuple[ScanPlan, ...]:
    """In the order taken. A cancer's index scan is the latest, another patient's the earliest."""
    doubling = float(rng.lognormal(np.log(5.5), 0.25))  # months for a tumour's volume to double
    before = float(rng.uniform(3.5, 30))
    leads: tuple[float | None, ...] = (before, float(rng.uniform(0, 1.5)))[-len(cases) :]
    if early and len(cases) == 1:
        leads = (before * 0.5 + 1.5,)
    if not seats:
        leads = (None,) * len(cases)
    last = len(cases) - 1
    plans = []
    days = [0, int(30.4 * (before if seats else rng.uniform(4, 30)))]
    for number, ((case, phase), lead) in enumerate(zip(cases, leads, strict=True)):
        shrink = 2 ** (-(lead or 0.0) / (3 * doubling))
        plans.append(
            ScanPlan(
                case=case,
                index_scan=number == (last if seats else 0),
                day=days[number],
                phase=phase,
                scanner=str(rng.choice(hospital.scanners)),
                lead_time_months=None if lead is None else round(lead, 1),
                diameters_mm=tuple(_seen(seat.diameter_mm * shrink, lead) for seat in seats),
                number=number,
            )
        )
    return tuple(plans)
