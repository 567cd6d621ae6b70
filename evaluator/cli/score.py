"""`score`: one prediction against one reference, from files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from evaluator.cli import audited, console, scored
from evaluator.errors import InputRefused, OutputRefused, UsageError
from evaluator.records import CaseScore, Prediction, Volume
from evaluator.scoring import DEFAULT_EXTRACTION, DEFAULT_HIT_RULE, SCORER, get_device, score_case, score_label_maps
from evaluator.volumes import as_detection_map, read_volume

SCHEMA = "evaluator-score/1"

Document = TypeVar("Document")


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One line of a findings file."""

    label: Annotated[int, msgspec.Meta(ge=1)]
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """What the files hold, lesions and organs apart where they came in one label map."""

    reference: Volume
    prediction: Prediction
    organs: Volume | None
    names: Mapping[int, str] | None
    lesion_label: int | None


def register(app: typer.Typer) -> None:
    app.command("score")(score)


def score(
    *,
    reference: Annotated[Path, typer.Option(help="Lesion labels of the reference standard.")],
    prediction: Annotated[Path, typer.Option(help="Integer labels or a detection map, on the same grid.")],
    is_map: Annotated[
        bool, typer.Option("--map", help="The prediction is a detection map; in eight bits, 255 stands for 1.")
    ] = False,
    findings: Annotated[Path | None, typer.Option(help="findings.json with a confidence for each label.")] = None,
    organs: Annotated[Path | None, typer.Option(help="Integer organ labels, to say where a lesion lies.")] = None,
    predicted_organs: Annotated[
        Path | None, typer.Option(help="Organ labels of the prediction, each scored against --organs.")
    ] = None,
    names: Annotated[
        Path | None, typer.Option(help='Names of the organ labels that count: JSON, {"1": "pancreas"}.')
    ] = None,
    lesion_label: Annotated[
        int | None, typer.Option(help="Both files are label maps of organs too, in which this label marks lesions.")
    ] = None,
    tolerance: Annotated[
        list[float] | None, typer.Option(help="Tolerance of the surface Dice in mm, 2.0 by default; may be repeated.")
    ] = None,
    hit_rule: Annotated[str, typer.Option(help="When a finding hits a lesion.")] = DEFAULT_HIT_RULE,
    extraction: Annotated[str, typer.Option(help="How findings are cut out of a detection map.")] = DEFAULT_EXTRACTION,
    connectivity: Annotated[int, typer.Option(help="Neighbours by which voxels connect: 6, 18 or 26.")] = 26,
    device: Annotated[str, typer.Option(help="Where large structures are compared: cpu or cuda.")] = "cpu",
    audit: Annotated[
        bool, typer.Option("--audit", help="Score it again with medpy; exit code 5 if that differs.")
    ] = False,
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Score one prediction: overlap, surface distances, lesions hit, findings, likelihood."""
    tolerances = tolerance or [2.0]
    if not all(math.isfinite(value) and value >= 0 for value in tolerances):
        raise UsageError("A tolerance is a length in mm, 0 or more.", next_step="For example --tolerance 2.0.")
    own_way = extraction != DEFAULT_EXTRACTION or connectivity != 26
    if audit and own_way:
        raise UsageError(
            "The audit knows the platform's own way of finding objects only.",
            next_step="Leave --extraction and --connectivity out, or --audit.",
        )
    if lesion_label is not None and (own_way or is_map or findings or organs or predicted_organs):
        raise UsageError(
            "--lesion-label says that both files hold lesions and organs together.",
            next_step="Leave out --map, --findings, --organs, --predicted-organs, --extraction and --connectivity.",
        )
    on = get_device(device)
    given = _read(
        reference,
        prediction,
        is_map=is_map,
        findings=findings,
        organs=organs,
        predicted_organs=predicted_organs,
        names=names,
        lesion_label=lesion_label,
    )
    how: dict[str, Any] = {"hit_rule": hit_rule, "tolerances": tolerances, "device": on}
    try:
        if lesion_label is None:
            found = score_case(
                given.reference,
                given.prediction,
                organs=given.organs,
                organ_names=given.names,
                extraction=extraction,
                connectivity=connectivity,
                **how,
            )
        else:
            found = score_label_maps(
                given.reference, given.prediction.lesions, lesion_label=lesion_label, names=given.names, **how
            )
    except OutputRefused as error:  # here nobody's container wrote it: it is this command's input
        raise InputRefused(error.what, why=error.why, next_step=error.next_step) from error
    checked = _audit(found, given, hit_rule) if audit else None
    if as_json:
        said = {"hit_rule": hit_rule, "extraction": extraction, "connectivity": connectivity}
        document = {"schema": SCHEMA, "scorer": SCORER, **said, **asdict(found)}
        console.emit_json(document | ({"audit": audited.as_json(*checked)} if checked else {}))
    else:
        scored.show(found, scorer=SCORER, hit_rule=hit_rule)
        if checked:
            audited.show(*checked)
    if checked:
        audited.require_agreement(checked[0])


def _read(
    reference: Path,
    prediction: Path,
    *,
    is_map: bool,
    findings: Path | None,
    organs: Path | None,
    predicted_organs: Path | None,
    names: Path | None,
    lesion_label: int | None,
) -> _Inputs:
    if predicted_organs and not organs:
        raise UsageError(
            "--predicted-organs are scored against organs of the reference.", next_step="Give those by --organs."
        )
    confidences = None if findings is None else _read_confidences(findings)
    named = None if names is None else _read_json(names, dict[int, str], '{"1": "pancreas", "2": "liver"}')
    truth = read_volume(reference)
    lesions = read_volume(prediction, expect=truth.grid)
    return _Inputs(
        reference=truth,
        prediction=Prediction(
            lesions=as_detection_map(lesions) if is_map else lesions,
            confidences=confidences,
            organs=None if predicted_organs is None else read_volume(predicted_organs, expect=truth.grid),
        ),
        organs=None if organs is None else read_volume(organs, expect=truth.grid),
        names=named,
        lesion_label=lesion_label,
    )


def _audit(found: CaseScore, given: _Inputs, hit_rule: str) -> audited.Audited:
    reference, prediction, organs = given.reference, given.prediction, given.organs
    if given.lesion_label is not None:
        organs = reference
        reference, lesions = (
            Volume(volume.data == given.lesion_label, volume.grid) for volume in (reference, prediction.lesions)
        )
        prediction = Prediction(lesions=lesions, organs=prediction.lesions)
    return audited.audit_score(
        found, reference=reference, prediction=prediction, hit_rule=hit_rule, organs=organs, organ_names=given.names
    )


def _read_confidences(path: Path) -> dict[int, float]:
    lines = _read_json(path, list[_Line], '[{"label": 1, "confidence": 0.87}], a line for each label')
    confidences = {line.label: line.confidence for line in lines}
    if len(confidences) < len(lines):
        raise InputRefused(f"{path} names a label twice.", next_step="Give one confidence for each label.")
    return confidences


def _read_json(path: Path, kind: type[Document], example: str) -> Document:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        raise InputRefused(
            f"{path} is not the JSON that is read here.", why=f"{error}.", next_step=f"Write {example}."
        ) from error
