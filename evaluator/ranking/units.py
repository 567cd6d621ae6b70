"""A ranking of values of which low is good: computed on their negatives, told in their own units."""

from __future__ import annotations

from dataclasses import replace

from evaluator.ranking.attribute_records import AttributeResult
from evaluator.ranking.records import HospitalScore, NewHospital, Pair, RankedModel, Ranking


def lower_first(ranking: Ranking) -> Ranking:
    """The same ranking with every score, difference and interval in the units of the table.

    ``difference`` is still ``a`` minus ``b``, so that it is negative where ``a`` is better; the worst hospital has the
    highest value; an unranked model's gap says how much better it is where it was trained, as ever.
    """
    return replace(
        ranking,
        models=tuple(_model(model) for model in ranking.models),
        pairs=tuple(_pair(pair) for pair in ranking.pairs),
        new_hospital=_new_hospital(ranking.new_hospital),
        attributes={name: _attribute(found) for name, found in ranking.attributes.items()},
        statistic=f"{ranking.statistic}, lower is better",
    )


def _turn(value: float | None) -> float | None:
    return None if value is None else _minus(value)


def _minus(value: float) -> float:
    return 0.0 - value  # never −0


def _turned(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if limits is None else (_minus(limits[1]), _minus(limits[0]))


def _model(model: RankedModel) -> RankedModel:
    return replace(
        model,
        score=_minus(model.score),
        score_by_patients=_minus(model.score_by_patients),
        score_by_patients_limits=_turned(model.score_by_patients_limits),
        hospitals={name: _score(found) for name, found in model.hospitals.items()},
        worst_hospital=replace(model.worst_hospital, value=_minus(model.worst_hospital.value)),
    )


def _score(found: HospitalScore) -> HospitalScore:
    return replace(found, value=_minus(found.value), low=_minus(found.high), high=_minus(found.low))


def _pair(pair: Pair) -> Pair:
    return replace(pair, difference=_minus(pair.difference), low=_minus(pair.high), high=_minus(pair.low))


def _new_hospital(found: NewHospital) -> NewHospital:
    return replace(
        found,
        pairs=tuple(
            replace(
                pair,
                mean=_minus(pair.mean),
                low=_turn(pair.high),
                high=_turn(pair.low),
                prediction_low=_turn(pair.prediction_high),
                prediction_high=_turn(pair.prediction_low),
            )
            for pair in found.pairs
        ),
    )


def _attribute(found: AttributeResult) -> AttributeResult:
    return replace(
        found,
        reversals=tuple(
            replace(
                one,
                difference=_minus(one.difference),
                low=_minus(one.high),
                high=_minus(one.low),
                difference_there=_minus(one.difference_there),
                low_there=_minus(one.high_there),
                high_there=_minus(one.low_there),
            )
            for one in found.reversals
        ),
        gaps=tuple(
            replace(gap, difference=_minus(gap.difference), low=_minus(gap.high), high=_minus(gap.low))
            for gap in found.gaps
        ),
    )
