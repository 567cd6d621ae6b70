"""What the platform itself answers of the reporting guidelines, in sentences made of the report card's own numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Unit
from leaderboard.dashboards.selectors.card import Card, group_lines
from leaderboard.hospitals.models import Cohort

AT_FINAL = "Kept back until the final of this benchmark."
NAMED = 12  # cohorts; the provenance lists all


def platform_words(card: Card, *, address: str) -> dict[str, str]:
    """Of every topic that the platform answers a paragraph."""
    return {**_what(card, address), **_how(card), **_found(card)}


def _what(card: Card, address: str) -> dict[str, str]:
    submission, benchmark = card.source.submission, card.source.submission.benchmark
    overall = card.source.overall
    hospitals = len(card.source.hospitals)
    ranking = (
        f"ranking {card.source.snapshot.number}, ID sha256:{card.source.snapshot.sha256}"
        if card.source.snapshot
        else "no ranking: this report card is private"
    )
    synthetic = " The scans of this benchmark are synthetic: a demonstration." if benchmark.demonstration else ""
    return {
        "identification": f"An evaluation of the diagnostic accuracy of “{submission.model}”, a program that finds "
        f"cancer "
        f"in CT scans, on the benchmark “{benchmark.title}”. The question: {benchmark.question}{synthetic}",
        "summary": f"“{submission.model}” of {submission.team.label} ran offline and unchanged on held-out scans of "
        f"{hospitals} hospital{'' if hospitals == 1 else 's'} ({_patients(overall)}). Sensitivity "
        f"{_rate(overall['sensitivity']['all'])}, specificity {_rate(overall['specificity'])}, AUC "
        f"{formatting.rate(overall['auc'], unit=Unit.PLAIN).sentence}, at an operating point that was fixed before the "
        "first of these scans.",
        "design": "Retrospective: scans and reference standard were there before the model ran. The aim is its "
        "accuracy at "
        "hospitals that it has not seen; of one model by itself no hypothesis is tested, and among models all pairs "
        "are "
        "compared at once.",
        "rules": f"The benchmark’s rules stand at {address}. The numbers are those of {ranking}.",
        "availability": "Scans stay at their hospitals. The numbers are published as CSV, JSON and Parquet under the "
        "same "
        "address, and the program that counts them is public. When a ranking is final, a table with a row for each "
        "patient "
        "is published, from which anybody can compute it again.",
        "audit": "Cohorts, image, cohort results and ranking are named by SHA-256 digests; every act is in a log "
        "that can "
        "only be added to; of each run some scans are scored again by a second program, and who differs is marked.",
        "updating": "None: the image is named by its digest and cannot change. A new version is a new submission. "
        + _versions(card),
    }


def _versions(card: Card) -> str:
    said = f"This is {card.version.words}. " if card.version.words else ""
    return f"{said}Submissions that its team used on this benchmark so far: {card.used}."


def _how(card: Card) -> dict[str, str]:
    submission, benchmark = card.source.submission, card.source.submission.benchmark
    minimum = benchmark.public_minimum
    shown = f"Numbers of fewer than {minimum} patients are hidden, and what would reveal them. " if minimum else ""
    trained = ", ".join(hospital.name for hospital in submission.trained_on.all())
    handed = (
        "one CT volume per case in Hounsfield units (NIfTI, any orientation) with its contrast phase"
        if submission.contract == "folder"
        else "one CT volume per case (MetaImage) and the clinical information that this contract has"
    )
    return {
        "sources": f"Held-out cohorts: {_cohorts(card.cohorts, Cohort.Purpose.HELD_OUT)}. Calibration: "
        f"{_cohorts(card.cohorts, Cohort.Purpose.CALIBRATION)}.",
        "eligibility": "Each hospital’s cohort as that hospital froze it. One index scan a patient counts: of "
        "cancers the "
        "latest up to the diagnosis, of others the earliest. A hospital takes part in the ranking with at least "
        f"{benchmark.panel_minimum} patients with and {benchmark.panel_minimum} without cancer.",
        "input": f"The container (contract “{submission.contract}”) got {handed}, and nothing else of the patient. "
        f"It had no "
        "network, ran as another user than root, and its image is the one named by its digest in the provenance. No "
        "person "
        "took part in reading.",
        "privacy": "Free text and extensions were removed from the headers, modification times made constant; every "
        "case "
        "got a random name for every run, in random order. Scans were read where their hospital keeps them: on a "
        "machine of its own, or on the platform’s, where it gave them to it."
        " No team saw one.",
        "threshold": f"{formatting.point_sentence(card.source.evaluation.operating_point or {})} Fixed on "
        f"{formatting.utc(card.source.evaluation.locked_at)}."
        if card.source.evaluation.operating_point and card.source.evaluation.locked_at
        else "Not fixed.",
        "reference": "Of patients: cancer or not, as the hospital’s own diagnosis has it. Of tumours: masks, where the "
        f"hospital has drawn them. A finding is a hit by rule {card.source.report['hit_rule']}. The reference is "
        f"part of "
        "what a cohort’s fingerprint binds, so it cannot change after a model ran.",
        "blinding": "The container saw no reference standard and no other patient’s answers. The reference was "
        "frozen before "
        "the model ran, so its assessors did not know the model’s answers. Nobody was examined for this evaluation: no "
        "adverse event can come of it.",
        "measures": "Sensitivity, specificity: Wilson. T-Sen: tumours clustered by patient (Obuchowski, Rao–Scott). "
        "PPV, "
        "NPV at given prevalences: Mercaldo 2007. AUC: DeLong on the logit scale. FROC, net benefit: bootstrap by "
        "patient. "
        "Between hospitals: binomial-normal model (Chu and Cole 2006) with a prediction interval. Between models: "
        "intervals "
        f"that hold for all pairs at once. All intervals are 95 %. {shown}".strip(),
        "missing": "A scan on which the container failed, or whose answer was refused, is a wrong answer in every "
        "rate; the "
        "rates without such scans stand beside. What the platform or a hospital caused is tried again and never "
        "scored. "
        f"{_failed(card)}",
        "robustness": "By size, location, lead time and hospital, declared before; by groups of patients, as far as "
        "something "
        "is known of them. The ranking is repeated without each hospital in turn, and the rates without failed scans.",
        "size": f"All patients of the cohorts: {_patients(card.source.overall)}. No size was computed beforehand; the "
        "intervals say how much the numbers can tell.",
        "partitions": "The cohorts are held out: no scan of them is given to any team. The operating point was fixed "
        "on patients of "
        "calibration cohorts, where the benchmark has such; they count in no number. Hospitals that the team "
        "declares to "
        f"have trained on: {trained or 'none'}. A model that was trained at a hospital of the panel is not ranked.",
    }


def _cohorts(cohorts: Iterable[Cohort], purpose: str) -> str:
    mine = [
        f"{one.hospital.name}{f' ({one.hospital.country})' if one.hospital.country else ''}, {one.name} {one.version}, "
        f"frozen {one.frozen_at:%Y-%m-%d}"
        for one in cohorts
        if one.purpose == purpose
    ]
    more = f"; and {len(mine) - NAMED} more, which the provenance lists" if len(mine) > NAMED else ""
    return "; ".join(mine[:NAMED]) + more if mine else "none"


def _found(card: Card) -> dict[str, str]:
    overall, kept = card.source.overall, card.source.keeps_strata
    sensitivity, specificity = overall["sensitivity"]["all"], overall["specificity"]
    pooled = [rate.sentence for rate in card.pooled.values()]
    lines = group_lines(overall)
    attributes = ", ".join(dict.fromkeys(line.attribute for line in lines))
    groups = f"{len(lines)} group{'' if len(lines) == 1 else 's'} by {attributes}; see the table."
    return {
        "flow": f"Patients with an answer: {_patients(overall)}. {_failed(card)}",
        "patients": AT_FINAL if kept else _groups(card),
        "severity": AT_FINAL if kept else f"Patients by their largest tumour: {_sizes(card)}.",
        "accuracy": f"{_table(sensitivity, specificity)}Sensitivity {_rate(sensitivity)}, specificity "
        f"{_rate(specificity)}, "
        f"AUC {formatting.rate(overall['auc'], unit=Unit.PLAIN).sentence}. {_values(card)}",
        "groups": AT_FINAL
        if kept
        else groups
        if lines
        else "Nothing is known of the patients that groups could be made of.",
        "heterogeneity": " ".join(pooled) or "A hospital’s counts are hidden, so nothing is pooled.",
        "failures": _failed(card),
        "bounds": "The share of cancers in these cohorts is not that of the people a model is meant for; PPV, NPV "
        "and false "
        "alarms are therefore given at named prevalences. The evaluation is retrospective, at "
        f"{len(card.source.hospitals)} hospitals, and says nothing of what acting on an answer does for a patient. "
        "Retrospective lead time is not survival benefit.",
    }


def _rate(given: Mapping[str, Any]) -> str:
    shown = formatting.rate(given)
    return shown.sentence if shown.words else f"{shown.prefix} {shown.text} % {shown.interval}, {shown.counts}".strip()


def _patients(overall: Mapping[str, Any]) -> str:
    positive, negative = overall["patients"]["positive"], overall["patients"]["negative"]
    words = ["hidden" if count is None else f"{count:,}" for count in (positive, negative)]
    return f"{words[0]} patients with and {words[1]} without cancer"


def _failed(card: Card) -> str:
    failures = card.failures
    if not failures["cases"]:
        return "No scan failed."
    classes = ", ".join(f"{name} {count:,}" for name, count in failures["by_class"].items())
    return f"Scans that failed: {failures['cases']:,} ({classes})."


def _table(sensitivity: Mapping[str, Any], specificity: Mapping[str, Any]) -> str:
    """The cross-tabulation in words; nothing where a count is hidden."""
    if None in (sensitivity["k"], sensitivity["n"], specificity["k"], specificity["n"]):
        return ""
    missed, alarms = sensitivity["n"] - sensitivity["k"], specificity["n"] - specificity["k"]
    return (
        f"Of {sensitivity['n']:,} patients with cancer {sensitivity['k']:,} were flagged and {missed:,} not; of "
        f"{specificity['n']:,} without {alarms:,} were flagged and {specificity['k']:,} not. "
    )


def _values(card: Card) -> str:
    """PPV at the benchmark's prevalences."""
    said = []
    for item in card.source.submission.benchmark.prevalences:
        key = format(item["value"], ".10f").rstrip("0").rstrip(".")
        shown = formatting.rate(card.source.overall["ppv"].get(key))
        said.append(f"PPV at {formatting.prevalence(item['value'])}: {shown.sentence}")
    return f"{'; '.join(said)}." if said else ""


def _sizes(card: Card) -> str:
    rates = card.source.overall["sensitivity"]
    parts = [
        f"{label} {'hidden' if rates[key]['n'] is None else format(rates[key]['n'], ',')}"
        for key, label in card.strata
        if key in rates
    ]
    return ", ".join(parts)


def _groups(card: Card) -> str:
    """How many patients of each group have cancer and how many have not."""
    parts = []
    for attribute, groups in (card.source.overall.get("by_attribute") or {}).items():
        counts = [
            f"{group} {_count(rates['sensitivity'])} + {_count(rates['specificity'])}"
            for group, rates in groups.items()
        ]
        parts.append(f"{attribute}: {', '.join(counts)}")
    known = "; ".join(parts)
    return f"With + without cancer, by {known}." if known else "Nothing is known of them but their hospital."


def _count(rate: Mapping[str, Any]) -> str:
    return "hidden" if rate["n"] is None else f"{rate['n']:,}"
