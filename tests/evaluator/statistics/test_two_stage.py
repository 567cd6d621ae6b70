"""Two stages: the specification's vectors, a population counted by hand, and the ends where nobody is called."""

import pytest

from evaluator.errors import UsageError
from evaluator.statistics.two_stage import Stage, likelihood_ratio_needed, screen_in_two_stages


def test_the_vectors_of_the_specification() -> None:
    stage1, stage2 = Stage(sensitivity=0.542, specificity=0.770), Stage(sensitivity=0.95, specificity=0.99)
    programme = screen_in_two_stages(prevalence=0.01, stage1=stage1, stage2=stage2)
    assert programme.enriched_prevalence == pytest.approx(0.02325, abs=5e-6)
    assert programme.sensitivity == pytest.approx(0.515, abs=5e-4)
    assert likelihood_ratio_needed(prevalence=0.0001, enriched=0.04) == pytest.approx(417, abs=0.5)


def test_a_population_counted_by_hand() -> None:
    # Of 1,000 people 100 have cancer. Stage one calls 80 of them and 90 of the 900 others; stage two, half of the 80
    # and 9 of the 90. So 40 of 49 calls are right, and 60 cancers are among the 951 who are not called.
    programme = screen_in_two_stages(
        prevalence=0.1,
        stage1=Stage(sensitivity=0.8, specificity=0.9),
        stage2=Stage(sensitivity=0.5, specificity=0.9),
    )
    assert programme.sensitivity == pytest.approx(40 / 100)
    assert programme.specificity == pytest.approx(891 / 900)
    assert programme.enriched_prevalence == pytest.approx(80 / 170)
    assert programme.ppv == pytest.approx(40 / 49)
    assert programme.npv == pytest.approx(891 / 951)
    assert programme.false_alarms_per_1000 == pytest.approx(9)
    assert "finds 40.0 % of the cancers" in programme.sentence
    assert "independently" in programme.sentence


def test_a_ratio_that_is_needed_is_the_one_that_suffices() -> None:
    stage = Stage(sensitivity=0.834, specificity=0.998)
    assert stage.likelihood_ratio == pytest.approx(417)
    programme = screen_in_two_stages(prevalence=0.0001, stage1=stage, stage2=stage)
    assert programme.enriched_prevalence == pytest.approx(0.04, abs=1e-4)


def test_a_stage_without_false_alarms_leaves_only_cancers() -> None:
    perfect = Stage(sensitivity=0.5, specificity=1.0)
    programme = screen_in_two_stages(prevalence=0.01, stage1=perfect, stage2=perfect)
    assert (perfect.likelihood_ratio, programme.enriched_prevalence, programme.ppv) == (None, 1.0, 1.0)
    assert programme.false_alarms_per_1000 == 0


def test_a_stage_that_calls_nobody_gives_no_predictive_value() -> None:
    nobody, good = Stage(sensitivity=0.0, specificity=1.0), Stage(sensitivity=0.9, specificity=0.9)
    programme = screen_in_two_stages(prevalence=0.01, stage1=nobody, stage2=good)
    assert (programme.enriched_prevalence, programme.ppv) == (None, None)
    assert programme.npv == pytest.approx(0.99)
    assert "nobody passes stage one" in programme.sentence
    assert "nobody is flagged" in screen_in_two_stages(prevalence=0.01, stage1=good, stage2=nobody).sentence


@pytest.mark.parametrize("stage", [Stage(sensitivity=1.2, specificity=0.5), Stage(sensitivity=0.5, specificity=-0.1)])
def test_impossible_stages_are_refused(stage: Stage) -> None:
    good = Stage(sensitivity=0.9, specificity=0.9)
    with pytest.raises(UsageError, match="impossible"):
        screen_in_two_stages(prevalence=0.01, stage1=stage, stage2=good)
    with pytest.raises(UsageError, match="impossible"):
        screen_in_two_stages(prevalence=0.01, stage1=good, stage2=stage)
