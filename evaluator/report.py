"""Case results to the numbers of a report: per submission, hospital by hospital and over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.results import Results
from evaluator.statistics.attribute_strata import withhold_groups
from evaluator.statistics.block import Block, MeanScore, PatientCounts, WithoutFailures, make_block
from evaluator.statistics.curves import Curves, hide_bins, hide_curves, make_curves
from evaluator.statistics.disclosure import hidden_cells, hide
from evaluator.statistics.intervals import ClusteredRate
from evaluator.statistics.lead_time import LeadTime
from evaluator.statistics.operating_point import OperatingPoint, Status
from evaluator.statistics.outcomes import HospitalOutcomes, answers, by_submission
from evaluator.statistics.prevalence import check_prevalence
from evaluator.statistics.prior_scans import lead_time_of, prior_scans
from evaluator.statistics.size_location import ANYWHERE, cells_and_sums, unplaced
from evaluator.statistics.strata import LEAD_TIME_BINS, SIZE_SUMS, UNKNOWN

SCHEMA = "evaluator-report/1"
OVERALL = ""  # the name of the pooled column beside the hospitals' (which are never empty)
DETECTED = "detected"  # patients with an earlier scan, beside the bins of months that they are in

Cell = tuple[str, str]  # hospital or OVERALL, stratum
Number = TypeVar("Number", bound=Rate | MeanScore)


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    model: str
    image: str
    scorer: str
    hit_rule: str
    threshold: float
    operating_point: str  # how the threshold came to be: `operating_point.Status`
    hospitals: dict[str, Block]
    overall: Block


@dataclass(frozen=True, kw_only=True)
class Report:
    """``public_minimum``: cells of fewer patients are hidden, and what subtraction would reveal."""

    schema: str
    public_minimum: int
    models: tuple[ModelReport, ...]


def make_report(
    results: Sequence[Results],
    *,
    prevalences: Sequence[float],
    threshold: float | None = None,
    locked: OperatingPoint | None = None,
    public_minimum: int = 0,
    curves_seed: int | None = None,
    hospital_curves: bool = True,
) -> Report:
    """Turn results files into a report; files of one submission are taken together.

    ``threshold`` overrides the submission's own operating point, which makes the report exploratory; ``locked`` does so
    with one that was frozen on calibration patients.
    ``curves_seed`` asks for FROC, calibration and net benefit too, and seeds their bootstrap (seconds a block);
    ``hospital_curves`` says whether of each hospital too. Raises `TableRefused` where the results cannot be counted,
    `UsageError` for an impossible prevalence or threshold.
    """
    for prevalence in prevalences:
        check_prevalence(prevalence)
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"A threshold of {threshold:g} is impossible.", why="Likelihoods lie between 0 and 1.")
    if public_minimum < 0:
        raise UsageError("The public minimum is a number of patients, 0 or more.")
    if locked is not None and (threshold is not None or locked.threshold is None):
        raise UsageError(
            locked.sentence if threshold is None else "A report has one threshold: one given, or one from calibration.",
            next_step="Bring more calibration patients, or give a --threshold, which is exploratory.",
        )
    models = [
        _count(
            files,
            prevalences=prevalences,
            cut=(threshold, Status.EXPLORATORY) if threshold is not None else _of(locked),
        ).report(public_minimum=public_minimum, curves_seed=curves_seed, hospital_curves=hospital_curves)
        for files in by_submission(results).values()
    ]
    return Report(schema=SCHEMA, public_minimum=public_minimum, models=tuple(models))


@dataclass(frozen=True, kw_only=True)
class BothReports:
    """One submission's numbers: as they may be shown, and with nothing hidden and without curves."""

    shown: ModelReport
    detailed: ModelReport


def report_both(
    files: Sequence[Results], *, prevalences: Sequence[float], public_minimum: int, curves_seed: int
) -> BothReports:
    """One submission's report twice, counted once; curves of all hospitals together only.

    Parameters
    ----------
    files : sequence of Results
        Of one submission.
    prevalences, public_minimum, curves_seed
        As for `make_report`.

    Returns
    -------
    BothReports
        What `make_report` gives with these arguments, and with the prevalences alone.

    Raises
    ------
    TableRefused, UsageError
        As `make_report`.

    References
    ----------
    `make_report`.
    """
    for prevalence in prevalences:
        check_prevalence(prevalence)
    counted = _count(files, prevalences=prevalences, cut=None)
    return BothReports(
        shown=counted.report(public_minimum=public_minimum, curves_seed=curves_seed, hospital_curves=False),
        detailed=counted.report(public_minimum=0, curves_seed=None, hospital_curves=False),
    )


def _of(point: OperatingPoint | None) -> tuple[float, str] | None:
    return None if point is None or point.threshold is None else (point.threshold, point.status)


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """One submission, counted hospital by hospital and over all; of that, reports that show more or less."""

    first: Results
    threshold: float
    status: str
    prevalences: Sequence[float]
    parts: Mapping[str, Sequence[HospitalOutcomes]]
    blocks: Mapping[str, Block]

    def report(self, *, public_minimum: int, curves_seed: int | None, hospital_curves: bool) -> ModelReport:
        blocks = dict(self.blocks)
        if curves_seed is not None:
            for at, found in self.parts.items():
                if not (hospital_curves or at == OVERALL):
                    continue
                patients = [outcome for hospital in found for outcome in hospital.patients]
                declared = self.first.submission.declared_prevalence
                drawn = make_curves(patients, prevalences=self.prevalences, declared=declared, seed=curves_seed)
                months = lead_time_of(prior_scans(found))
                blocks[at] = replace(blocks[at], curves=drawn, time_before_diagnosis=months)
        if public_minimum:
            lost = {at: _unplaced(found) for at, found in self.parts.items()}
            blocks = withhold(blocks, lost=lost, minimum=public_minimum)
        return ModelReport(
            model=self.first.submission.model,
            image=self.first.submission.image,
            scorer=self.first.scorer,
            hit_rule=self.first.hit_rule,
            threshold=self.threshold,
            operating_point=self.status,
            overall=blocks.pop(OVERALL),
            hospitals=blocks,
        )


def _count(files: Sequence[Results], *, prevalences: Sequence[float], cut: tuple[float, str] | None) -> _Counted:
    first = files[0]
    threshold, status = cut or (first.submission.threshold, first.submission.locked)
    answered = answers(files, threshold=threshold)
    parts = {hospital: [found] for hospital, found in answered.items()} | {OVERALL: list(answered.values())}
    return _Counted(
        first=first,
        threshold=threshold,
        status=status,
        prevalences=prevalences,
        parts=parts,
        blocks={at: make_block(found, prevalences=prevalences) for at, found in parts.items()},
    )


def _unplaced(found: Sequence[HospitalOutcomes]) -> dict[str, int]:
    return unplaced([outcome for hospital in found for outcome in hospital.patients if outcome.lesions])


def withhold(blocks: Mapping[str, Block], *, lost: Mapping[str, Mapping[str, int]], minimum: int) -> dict[str, Block]:
    """Hide what fewer than ``minimum`` patients stand behind, in hospitals and in the whole, and in what follows.

    ``lost`` has patients with a lesion of unknown location by its size (`unplaced`) of each block.
    """
    sizes = {name: _hidden_sizes(blocks, name, minimum=minimum) for name in ("sensitivity", "localised_sensitivity")}
    negatives = _hidden({at: {"": _patients(block.specificity)} for at, block in blocks.items()}, minimum=minimum)
    tumours = {at: {ANYWHERE: block.t_sen, **block.by_location_and_size} for at, block in blocks.items()}
    totals = {at: (block.patients.positive or 0, block.patients.negative or 0) for at, block in blocks.items()}
    groups = withhold_groups(
        {at: block.by_attribute for at, block in blocks.items()}, totals=totals, whole=OVERALL, minimum=minimum
    )
    counts, sums = cells_and_sums(tumours, lost=lost, whole=OVERALL)
    lesions = hidden_cells(counts, sums=sums, minimum=minimum, together=max)
    months = _hidden_months(blocks, minimum=minimum)
    masks = _hidden({at: {"": _patients(block.dsc)} for at, block in blocks.items()}, minimum=minimum)

    def veil(record: Number, hide_it: bool) -> Number:
        return hide(record, minimum=minimum) if hide_it else record

    def tumour_rates(at: str, place: str) -> dict[str, ClusteredRate]:
        return {size: veil(rate, (at, place, size) in lesions) for size, rate in tumours[at][place].items()}

    def strata(rates: Mapping[str, Number], at: str, hidden: frozenset[Cell]) -> dict[str, Number]:
        return {name: veil(rate, (at, name) in hidden) for name, rate in rates.items()}

    shown = {}
    for at, block in blocks.items():
        no_se, no_sp = (at, "all") in sizes["sensitivity"], (at, "") in negatives
        no_pair = no_se or no_sp
        no_tumours = (at, "all") in sizes["localised_sensitivity"] or (at, ANYWHERE, "all") in lesions
        shown[at] = replace(
            block,
            patients=PatientCounts(
                positive=None if no_se else block.patients.positive,
                negative=None if no_sp else block.patients.negative,
            ),
            sensitivity=strata(block.sensitivity, at, sizes["sensitivity"]),
            localised_sensitivity=strata(block.localised_sensitivity, at, sizes["localised_sensitivity"]),
            t_sen=tumour_rates(at, ANYWHERE),
            specificity=veil(block.specificity, no_sp),
            ppv={name: veil(rate, no_pair) for name, rate in block.ppv.items()},
            npv={name: veil(rate, no_pair) for name, rate in block.npv.items()},
            false_alarms_per_1000={name: veil(rate, no_sp) for name, rate in block.false_alarms_per_1000.items()},
            auc=veil(block.auc, no_pair),
            dsc=veil(block.dsc, (at, "") in masks),
            by_location={place: tumour_rates(at, place)["all"] for place in block.by_location_and_size},
            by_attribute=groups[at],
            by_location_and_size={place: tumour_rates(at, place) for place in block.by_location_and_size},
            lead_time=strata(block.lead_time, at, months),
            without_failures=WithoutFailures(
                sensitivity=_if_enough(block.without_failures.sensitivity, minimum, hidden=no_se),
                specificity=_if_enough(block.without_failures.specificity, minimum, hidden=no_sp),
            ),
            time_before_diagnosis=_months(block.time_before_diagnosis, minimum, hidden=(at, DETECTED) in months),
            curves=_curves(block.curves, minimum, hidden=no_pair or no_tumours),
        )
    return shown


def _curves(curves: Curves | None, minimum: int, *, hidden: bool) -> Curves | None:
    if curves is None:
        return None
    return hide_curves(curves, minimum=minimum) if hidden else hide_bins(curves, minimum=minimum)


def _months(found: LeadTime | None, minimum: int, *, hidden: bool) -> LeadTime | None:
    if found is None or hidden:
        return None
    few = (found.detected.k or 0) < minimum  # the median among detected is theirs alone
    return replace(found, among_detected=hide(found.among_detected, minimum=minimum)) if few else found


def _patients(number: Rate | MeanScore) -> int:
    return (number.patients if isinstance(number, ClusteredRate) else number.n) or 0


def _if_enough(rate: Rate, minimum: int, *, hidden: bool) -> Rate:
    return hide(rate, minimum=minimum) if hidden or _patients(rate) < minimum else rate


def _hidden_sizes(blocks: Mapping[str, Block], name: str, *, minimum: int) -> frozenset[Cell]:
    counts = {}
    for at, block in blocks.items():
        counts[at] = {size: _patients(rate) for size, rate in getattr(block, name).items()}
        whole, *parts = SIZE_SUMS[0]
        if unknown := counts[at][whole] - sum(counts[at].get(part, 0) for part in parts):
            counts[at][UNKNOWN] = unknown
    return _hidden(counts, minimum=minimum, sums=SIZE_SUMS)


def _hidden_months(blocks: Mapping[str, Block], *, minimum: int) -> frozenset[Cell]:
    counts = {}
    for at, block in blocks.items():
        counts[at] = {months: _patients(rate) for months, rate in block.lead_time.items()}
        if block.time_before_diagnosis is not None:
            counts[at][DETECTED] = _patients(block.time_before_diagnosis.detected)
    # A patient may be in several bins; where none is, those detected are the bins' sum.
    sums = [(DETECTED, *(months.name for months in LEAD_TIME_BINS))]
    return _hidden(counts, minimum=minimum, sums=sums, together=max)


def _hidden(
    tables: Mapping[str, Mapping[str, int]],
    *,
    minimum: int,
    sums: Sequence[Sequence[str]] = (),
    together: Callable[[Iterable[int]], int] = sum,
) -> frozenset[Cell]:
    """Cells to hide in a table of hospitals × strata: hospitals add up to the whole, and ``sums`` within each."""
    counts = {(at, name): count for at, row in tables.items() for name, count in row.items()}
    columns = [OVERALL, *(at for at in tables if at != OVERALL)]
    groups = [[(at, name) for name in names] for at in columns for names in sums]
    groups += [[(at, name) for at in columns] for name in tables[OVERALL]]
    return hidden_cells(counts, sums=groups, minimum=minimum, together=together)
