"""Screening in two stages: a first test chooses who gets the second, and only who passes both is flagged."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.errors import UsageError
from evaluator.statistics.prevalence import check_prevalence

VERSION = "two-stage/1"
ASSUMPTION = (
    "The two stages err independently of each other in people with cancer, and in people without; "
    "where they miss the same cancers the programme finds fewer than this."
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Sensitivity and specificity of one test, as proportions."""

    sensitivity: float
    specificity: float

    @property
    def likelihood_ratio(self) -> float | None:
        """Se/(1 − Sp); None where nobody without cancer passes, so that it is endless."""
        return None if self.specificity == 1 else self.sensitivity / (1 - self.specificity)


@dataclass(frozen=True, kw_only=True)
class Programme:
    """Both stages as one test. Proportions go in, not counts, so there is no interval; None where nobody is called."""

    prevalence: float
    stage1: Stage
    stage2: Stage
    sensitivity: float
    specificity: float
    enriched_prevalence: float | None  # among those who pass stage one
    ppv: float | None
    npv: float | None
    false_alarms_per_1000: float  # false-positive people among 1,000 who enter stage one
    assumption: str = ASSUMPTION
    method: str = "conditional independence, no interval"
    version: str = VERSION

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        finds = f"The programme finds {100 * self.sensitivity:.1f} % of the cancers"
        if self.enriched_prevalence is None:
            return f"{finds}: nobody passes stage one."
        before, after = 100 * self.prevalence, 100 * self.enriched_prevalence
        rise = f"stage one takes the prevalence from {before:.4g} to {after:.4g} %"
        calls = "nobody is flagged" if self.ppv is None else f"{100 * self.ppv:.3g} % of those flagged have cancer"
        return f"{finds}; {rise}, and {calls}. {self.assumption}"


def _check(stage: Stage, name: str) -> None:
    if not (0 <= stage.sensitivity <= 1 and 0 <= stage.specificity <= 1):
        raise UsageError(
            f"{name} of sensitivity {stage.sensitivity:g} and specificity {stage.specificity:g} is impossible.",
            why="Both are proportions between 0 and 1.",
            next_step="Give 0.542,0.770 for 54.2 % and 77.0 %.",
        )


def _share(part: float, other: float) -> float | None:
    return part / (part + other) if part + other > 0 else None


def screen_in_two_stages(*, prevalence: float, stage1: Stage, stage2: Stage) -> Programme:
    """What two tests in a row do, the second given only to those whom the first calls.

    Parameters
    ----------
    prevalence : float
        Share of people with cancer among those who enter stage one.
    stage1, stage2 : Stage
        Sensitivity and specificity of each, the second's as it would be in anyone.

    Returns
    -------
    Programme
        Se = Se₁Se₂, Sp = 1 − (1 − Sp₁)(1 − Sp₂) and what follows, under conditional independence.

    Raises
    ------
    UsageError
        An impossible prevalence or proportion.

    References
    ----------
    Zhou XH, Obuchowski NA, McClish DK. Statistical Methods in Diagnostic Medicine, 2nd ed. Wiley 2011, section 2.12
    (tests in series).
    """
    check_prevalence(prevalence)
    _check(stage1, "A stage one")
    _check(stage2, "A stage two")
    sensitivity = stage1.sensitivity * stage2.sensitivity
    alarms = (1 - stage1.specificity) * (1 - stage2.specificity)
    sick, well = prevalence, 1 - prevalence
    return Programme(
        prevalence=prevalence,
        stage1=stage1,
        stage2=stage2,
        sensitivity=sensitivity,
        specificity=1 - alarms,
        enriched_prevalence=_share(stage1.sensitivity * sick, (1 - stage1.specificity) * well),
        ppv=_share(sensitivity * sick, alarms * well),
        npv=_share((1 - alarms) * well, (1 - sensitivity) * sick),
        false_alarms_per_1000=1000 * alarms * well,
    )


def likelihood_ratio_needed(*, prevalence: float, enriched: float) -> float:
    """The stage-one likelihood ratio that turns one prevalence into another: the ratio of their odds.

    Raises
    ------
    UsageError
        Either is no prevalence.

    References
    ----------
    Bayes' theorem in odds: Fagan TJ. Nomogram for Bayes theorem. N Engl J Med 1975;293:257.
    """
    check_prevalence(prevalence)
    check_prevalence(enriched)
    return enriched / (1 - enriched) * (1 - prevalence) / prevalence
