"""Who is on the panel and who may be ranked: the platform's own results, one outcome a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import FaultLine, UsageError
from evaluator.ranking.areas import area_panel
from evaluator.ranking.attributes import Attributes, case_attributes
from evaluator.ranking.entries import Entry, HospitalAnswers, Version, entries_of
from evaluator.ranking.names import same_name
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Panel
from evaluator.ranking.records import OffPanel, Unranked
from evaluator.records import CaseRecord
from evaluator.results import Results

DEFAULT_PANEL_MINIMUM = 30
FEWEST_PATIENTS = 2  # a cell of one patient has no variance to redraw
FAILURES_ALLOWED = 0.05
YOUDEN, AUC = "youden", "auc"
STATISTICS = (YOUDEN, AUC)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The panel with every model that has all its outcomes, and what was said about the others."""

    panel: Panel
    trained_on: Mapping[str, Sequence[str]] = field(default_factory=dict)
    submitted: Mapping[str, str | None] = field(default_factory=dict)
    unranked: tuple[Unranked, ...] = ()
    off_panel: tuple[OffPanel, ...] = ()
    others: tuple[CaseRecord, ...] = ()  # patients of hospitals off the panel, their index scans
    refused: tuple[FaultLine, ...] = ()
    notes: tuple[str, ...] = ()


def admit_results(
    results: Sequence[Results], *, panel_minimum: int, weight: float, statistic: str = YOUDEN
) -> Admission:
    """Choose the panel and admit the submissions that have an outcome for every patient of it.

    Parameters
    ----------
    results : sequence of Results
        Of any number of submissions; files of one submission are taken together.
    panel_minimum : int
        Positive patients, and as many negative, that a hospital needs to be on the panel.
    weight : float
        w of θ = Se − w(1 − Sp).
    statistic : str
        "youden" for that θ, "auc" for the area under the ROC curve.

    Returns
    -------
    Admission
        Submissions with faults are in ``refused``, incomplete ones and those over 5 % failures in ``unranked``.

    Raises
    ------
    TableRefused
        Files under one model name that are not of one submission.
    UsageError
        There is no such statistic.

    References
    ----------
    Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32–35 (w = 1).
    """
    if statistic not in STATISTICS:
        raise UsageError(f"There is no statistic {statistic!r}.", next_step=f"Choose one of {', '.join(STATISTICS)}.")
    entries, refused = entries_of(results)
    return admit_entries(entries, panel_minimum=panel_minimum, weight=weight, statistic=statistic, refused=refused)


def admit_entries(
    entries: Sequence[Entry],
    *,
    panel_minimum: int,
    weight: float,
    statistic: str = YOUDEN,
    refused: Sequence[FaultLine] = (),
) -> Admission:
    """As `admit_results`, of submissions of which only that is kept which a ranking asks for.

    Parameters
    ----------
    entries : sequence of Entry
        Of different names.
    panel_minimum, weight, statistic
        As for `admit_results`.
    refused : sequence of FaultLine
        What was wrong with others.

    Returns
    -------
    Admission
        As `admit_results`.

    References
    ----------
    As `admit_results`.
    """
    areas = statistic == AUC
    panel_of = _versions(entries)
    fewest = max(panel_minimum, FEWEST_PATIENTS)
    scans: dict[str, dict[str, CaseRecord]] = {}
    off_panel = []
    others: list[CaseRecord] = []
    for hospital, version in panel_of.items():
        holder = next(entry for entry in entries if _version(entry, hospital) == version)
        patients = holder.index_scans(hospital)
        positive = sum(case.cancer for case in patients.values())
        if min(positive, len(patients) - positive) >= fewest:
            scans[hospital] = patients
        else:
            reason = f"{positive} positive and {len(patients) - positive} negative patients; it takes {fewest} of each"
            off_panel.append(OffPanel(hospital=hospital, reason=reason, fewest=fewest))
            others += patients.values()
    reasons = {
        entry.model: _reason(entry, scans=scans, versions=panel_of) or (_bare(entry, scans) if areas else "")
        for entry in entries
    }
    admitted = [entry for entry in entries if not reasons[entry.model]]
    known = case_attributes([case for patients in scans.values() for case in patients.values()])
    return Admission(
        panel=_area_panel(admitted, scans=scans, known=known)
        if areas
        else _panel(admitted, scans=scans, known=known, weight=weight),
        trained_on={entry.model: entry.trained_on for entry in admitted},
        submitted={entry.model: entry.submitted for entry in admitted},
        unranked=tuple(Unranked(model=model, reason=reason) for model, reason in reasons.items() if reason),
        off_panel=tuple(off_panel),
        others=tuple(others),
        refused=tuple(refused),
        notes=tuple(f"{fault.what}; the attribute is left out." for fault in known.refused),
    )


def _version(entry: Entry, hospital: str) -> Version | None:
    found = entry.hospitals.get(hospital)
    return None if found is None else found.version


def _versions(entries: Sequence[Entry]) -> dict[str, Version]:
    """The cohort version that most submissions were run on, at each hospital; the latest name decides a draw."""
    hospitals = sorted({hospital for entry in entries for hospital in entry.hospitals})
    chosen = {}
    for hospital in hospitals:
        votes = Counter(entry.hospitals[hospital].version for entry in entries if hospital in entry.hospitals)
        chosen[hospital] = max(votes, key=lambda version, of=votes: (of[version], version))  # type: ignore[misc]
    return chosen


def _reason(entry: Entry, *, scans: Mapping[str, Mapping[str, CaseRecord]], versions: Mapping[str, Version]) -> str:
    """Why a submission cannot be ranked on this panel; empty if it can."""
    failed = 0
    for hospital in scans:
        if hospital not in entry.hospitals:
            return f"no results at {hospital}"
        found = entry.hospitals[hospital]
        if found.version != versions[hospital]:
            return f"was run on another version of the cohort at {hospital}"
        if found.waiting:
            return f"incomplete: {len(found.waiting)} index scans at {hospital} wait for another try"
        failed += found.failed
    everyone = sum(len(patients) for patients in scans.values())
    if failed > FAILURES_ALLOWED * everyone:
        return f"failed on {failed} of {everyone} panel index scans, more than 5 %"
    return ""


def _bare(entry: Entry, scans: Mapping[str, Mapping[str, CaseRecord]]) -> str:
    """Why it has no area under a curve; empty if it has."""
    bare = any(entry.hospitals[hospital].bare for hospital in scans)
    return "gives a mask and no likelihood, so it has no area under a curve" if bare else ""


def _area_panel(entries: Sequence[Entry], *, scans: Mapping[str, Mapping[str, CaseRecord]], known: Attributes) -> Panel:
    of = _panel(entries, scans=scans, known=known, weight=1.0, answer=lambda found: found.likelihood)
    return area_panel(of)


def _panel(
    entries: Sequence[Entry],
    *,
    scans: Mapping[str, Mapping[str, CaseRecord]],
    known: Attributes,
    weight: float,
    answer: Callable[[HospitalAnswers], NDArray[Any]] = lambda found: found.correct,
) -> Panel:
    cells, before = [], 0
    for hospital, patients in scans.items():
        truth = np.array([case.cancer for case in patients.values()])
        answered = np.empty((len(patients), len(entries)))
        orders: dict[int, list[int] | slice] = {}  # by list of patients: most have the same
        for column, entry in enumerate(entries):
            found = entry.hospitals[hospital]
            if id(found.patients) not in orders:
                orders[id(found.patients)] = _order(found, patients)
            answered[:, column] = answer(found)[orders[id(found.patients)]]
        codes = {name: of_all[before : before + len(patients)] for name, of_all in known.codes.items()}
        before += len(patients)
        for mine, group, share in ((truth, POSITIVE, 1.0), (~truth, NEGATIVE, weight)):
            labels = {name: of_all[mine] for name, of_all in codes.items()}
            cells.append(Cell(hospital=hospital, group=group, weight=share, answers=answered[mine], labels=labels))
    return youden_panel(
        models=[entry.model for entry in entries],
        cells=cells,
        weight=weight,
        cases={hospital: len(patients) for hospital, patients in scans.items()},
        groups=known.groups,
    )


def _order(found: HospitalAnswers, patients: Mapping[str, CaseRecord]) -> list[int] | slice:
    """Where each patient's answer is."""
    names = [case.patient for case in found.patients]
    if names == list(patients):
        return slice(None)
    place = {name: at for at, name in enumerate(names)}
    return [place[name] for name in patients]


def youden_panel(
    *,
    models: Sequence[str],
    cells: Sequence[Cell],
    weight: float,
    cases: Mapping[str, int],
    groups: Mapping[str, tuple[str, ...]],
) -> Panel:
    """θ = Se − w(1 − Sp); of each hospital a positive and a negative cell."""
    return Panel(
        models=tuple(models),
        hospitals=tuple(cases),
        cells=tuple(cells),
        offset=-weight,
        pooled_weights={POSITIVE: 1.0, NEGATIVE: weight},
        cases=dict(cases),
        groups=groups,
        statistic=f"sensitivity − {weight:g} × (1 − specificity)",
    )


def untrained(admission: Admission) -> list[str]:
    """The models that were trained on no hospital of the panel."""
    return [model for model in admission.panel.models if not trained_here(admission, model)]


def trained_here(admission: Admission, model: str) -> list[str]:
    """The panel's hospitals that the model was trained on."""
    declared = {same_name(hospital) for hospital in admission.trained_on.get(model, ())}
    return [hospital for hospital in admission.panel.hospitals if same_name(hospital) in declared]
