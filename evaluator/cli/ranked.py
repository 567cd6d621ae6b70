"""A ranking, another method's, and a verification as people read them."""

from __future__ import annotations

from evaluator.cli import console
from evaluator.ranking import MethodRanking, Ranking, Verification
from evaluator.statistics.intervals import p_text


def print_ranking(ranking: Ranking) -> None:
    rows = [
        [
            str(model.rank_set[0]) if len(set(model.rank_set)) == 1 else f"{model.rank_set[0]}–{model.rank_set[1]}",
            model.model,
            f"{model.score:.3f}",
            f"{model.worst_hospital.value:.3f} {model.worst_hospital.hospital}",
            *(f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f}) {one.patients}" for one in model.hospitals.values()),
        ]
        for model in ranking.models
    ]
    if rows:
        hospitals = list(ranking.models[0].hospitals)
        console.table(ranking.statistic, ["rank", "model", "score", "worst hospital", *hospitals], rows)
    for pair in ranking.pairs:
        limits = f"{pair.difference:+.3f} ({pair.low:+.3f} to {pair.high:+.3f})"
        console.say(f"{pair.a} − {pair.b}: {limits}, adjusted p {p_text(pair.p_adjusted)}")
    for attribute, found in ranking.attributes.items():
        console.say(f"By {attribute}: {found.verdict}. {found.why}")
        for one in found.reversals:
            console.say(f"  {one.a} is better than {one.b} in {one.better_in} and worse in {one.worse_in}.")
    for left in ranking.unranked:
        console.say(f"Not ranked: {left.model} {left.reason}.")
    for off in ranking.off_panel:
        console.say(f"Not on the panel: {off.hospital}, {off.reason}.")
    for note in ranking.notes:
        console.say(note)


def print_method(ranking: MethodRanking) -> None:
    rows = [[str(one.rank), one.model, f"{one.score:.4g}", str(one.transfer_rank)] for one in ranking.models]
    console.table(f"{ranking.method}: {ranking.statistic}", ["rank", "model", "score", "transfer rank"], rows)
    if ranking.kendall_tau is not None:
        console.say(f"Kendall's τ with the transfer ranking: {ranking.kendall_tau:.3f}")
    for left in ranking.unranked:
        console.say(f"Not ranked: {left.model} {left.reason}.")
    for note in ranking.notes:
        console.say(note)


def print_verification(found: Verification) -> None:
    console.say(f"Snapshot {found.id}: " + ("identical." if found.identical else "it differs."))
    console.say(f"Taken as declared, not computed again: {', '.join(found.not_verified)}.")
