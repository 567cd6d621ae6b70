"""The candidates as one person may see them, by themselves or as a call counts them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404

from leaderboard.accounts.selectors import Person
from leaderboard.awards.models import Call
from leaderboard.awards.selectors.calls import calls_for, get_call_for
from leaderboard.awards.selectors.evidence import Known, in_call, known, panel_without
from leaderboard.awards.selectors.judging import Candidates, candidates, unseen
from leaderboard.awards.selectors.standing import hidden_teams
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.selectors import main_benchmark


@dataclass(frozen=True, kw_only=True)
class CandidatesPage:
    """``choices``: what else can be looked at. ``sponsors`` are the hospitals whose patients are left out."""

    benchmark: Benchmark
    benchmarks: list[Benchmark]
    call: Call | None
    calls: list[Call]
    found: Candidates
    finalists: list[Known]
    others: list[Known]
    hidden: list[tuple[str, str]]
    sponsors: list[str]

    @property
    def known(self) -> list[Known]:
        return [*self.finalists, *self.others]

    @property
    def query(self) -> str:
        """Of the same view, for links to its tables."""
        call = f"&call={self.call.slug}" if self.call else ""
        return f"?benchmark={self.benchmark.slug}{call}"


def candidates_page_for(user: Person, *, call: str, benchmark: str) -> CandidatesPage | None:
    """Everything of one benchmark but what a conflict of interest hides from this person."""
    chosen_call = get_call_for(user, call) if call else None
    rows = chosen_call.benchmarks.all() if chosen_call else Benchmark.objects.all()
    choices = list(rows.filter(published=True))
    chosen = next((one for one in choices if one.slug == benchmark), None)
    if chosen is None and benchmark:
        raise Http404("No such benchmark.")
    chosen = chosen or (next(iter(choices), None) if chosen_call else main_benchmark())
    if chosen is None:
        return None
    if chosen_call:
        everything, off_panel = in_call(chosen_call, chosen)
        sponsors = list(
            chosen_call.sponsor_hospitals.filter(cohorts__benchmarks=chosen).distinct().values_list("name", flat=True)
        )
    else:
        everything, sponsors = candidates(benchmark=chosen), []
        off_panel = panel_without(everything)
    why = hidden_teams(user)
    found = unseen(everything, why)
    about = known(found.rows, chosen, off_panel=off_panel)
    teams = {row.submission.team_id: str(row.submission.team) for row in everything.rows}
    return CandidatesPage(
        benchmark=chosen,
        benchmarks=choices,
        call=chosen_call,
        calls=list(calls_for(user).filter(published_at__isnull=False)),
        found=found,
        finalists=about[: len(found.finalists)],
        others=about[len(found.finalists) :],
        hidden=[(teams[pk], reason) for pk, reason in why.items() if pk in teams],
        sponsors=sponsors,
    )
