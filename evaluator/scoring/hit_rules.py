"""When a finding hits a lesion: named rules, versioned and stored with every result."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from evaluator.errors import UsageError
from evaluator.scoring.contacts import Answers, Contacts

DEFAULT_HIT_RULE = "hit/1"
HIT_RULES = ("hit/1", "any-overlap", "iou>=T", "dice>=T", "centre<=MM", "picai")

_TENTH = Fraction(1, 10)


@dataclass(frozen=True, kw_only=True)
class HitRule:
    """Which pairs may be hits, and what is made of them.

    Attributes
    ----------
    name : str
        As it is stored with a result.
    eligible : callable
        Which of the pairs given may be hits.
    reach_mm : float or None
        Up to which distance of the finding's centre pairs are given that do not touch.
    hit_worth : float or None
        What one hit counts beside its IoU where hits compete; None: more than any overlap.
    surplus_ignored : bool
        Whether an eligible finding that gets no lesion is left out of the count, rather than a false positive.
    """

    name: str
    eligible: Callable[[Contacts], Answers]
    reach_mm: float | None = None
    hit_worth: float | None = None
    surplus_ignored: bool = False


def get_hit_rule(name: str) -> HitRule:
    """The rule of a name.

    ``hit/1``: (IoU at least 0.10, or the centre within 5 mm of the lesion) and the finding at most ten times the lesion
    or at most 4 mL. ``picai``: IoU at least 0.10; a hit counts 1 beside its IoU, so that much overlap can outweigh a
    hit, and findings left over on a lesion are ignored, all as picai_eval 1.4.13 has it. ``centre<=MM``: the finding's
    centre inside the lesion dilated by so much.

    Raises
    ------
    UsageError
        No rule has this name.
    """
    if name == "hit/1":
        return HitRule(
            name=name,
            eligible=lambda c: (c.iou_at_least(_TENTH) | c.near) & c.not_larger(times=10, ml=4.0),
            reach_mm=5.0,
        )
    if name == "any-overlap":
        return HitRule(name=name, eligible=lambda c: c.shared > 0)
    if name == "picai":
        return HitRule(name=name, eligible=lambda c: c.iou_at_least(_TENTH), hit_worth=1.0, surplus_ignored=True)
    parts = re.fullmatch(r"(iou|dice)>=([01](?:\.\d{1,6})?)", name)
    if parts and 0 < (least := Fraction(parts[2])) <= 1:
        if parts[1] == "iou":
            return HitRule(name=name, eligible=lambda c: c.iou_at_least(least))
        return HitRule(name=name, eligible=lambda c: c.dice_at_least(least))
    if parts := re.fullmatch(r"centre<=(\d{1,4}(?:\.\d{1,6})?)", name):
        return HitRule(name=name, eligible=lambda c: c.near, reach_mm=float(parts[1]))
    raise UsageError(
        f"There is no hit rule {name!r}.",
        why=f"The rules are {', '.join(HIT_RULES)}; T from above 0 to 1, MM in millimetres, to six decimals.",
        next_step=f"Choose one, or leave it out for {DEFAULT_HIT_RULE}.",
    )
