"""Superior to radiologists on the same cases: only where they have read them, and never by a range from a paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from evaluator.statistics.readers import Figure, compare_with_readers
from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.awards.models import ReaderStudy
from leaderboard.awards.selectors import candidates
from leaderboard.awards.services.readers import readers_import
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Case
from leaderboard.lib.errors import Refusal

pytestmark = [pytest.mark.django_db, pytest.mark.core]

HEAD = "hospital,patient,reader,flagged\n"


def panel(benchmark: Benchmark) -> list[Case]:
    rows = Case.objects.filter(cohort__benchmarks=benchmark, index_scan=True).select_related("cohort__hospital")
    return list(rows.order_by("pk"))


def table(cases: list[Case], *, misses: dict[str, int]) -> str:
    """Readers who are right but for their first so many cancers."""
    lines = []
    for reader, missed in misses.items():
        left = missed
        for case in cases:
            flagged = case.cancer and left <= 0
            left -= case.cancer
            lines.append(f"{case.cohort.hospital.name},{case.patient},{reader},{int(flagged)}\n")
    return HEAD + "".join(lines)


def words(benchmark: Benchmark, model: str) -> list[str]:
    row = next(row for row in candidates(benchmark=benchmark).rows if row.submission.model == model)
    return [one.same_cases.word for one in row.judgements]


def test_without_readings_nothing_is_judged_and_the_page_says_so(
    ranked: Benchmark, funder: User, client: Client
) -> None:
    assert words(ranked, "Careful") == ["no readers"] * 3
    client.force_login(funder)
    assert "so superiority on them is not judged" in client.get("/awards/").content.decode()
    assert ",no readers," in client.get("/awards/candidates.csv").content.decode()


def test_a_model_is_held_against_those_who_read_the_very_cases(ranked: Benchmark, funder: User, client: Client) -> None:
    cases = panel(ranked)
    misses = {"reader 1": 3, "reader 2": 4, "reader 3": 4, "reader 4": 5}
    study = readers_import(benchmark=ranked, table=table(cases, misses=misses), source="A reading for this test")
    assert (len(study.readers), len(study.calls)) == (4, 16)
    assert words(ranked, "Careful") == ["superior", "no test", "not judged"]
    assert words(ranked, "Blind")[0] == "not superior"
    # Careful finds all 8 cancers; by hand from the engine's own comparison of the same calls.
    calls = [
        [int(case.cancer and place >= missed) for place, case in enumerate(cancers_first(cases))]
        for missed in misses.values()
    ]
    truth = [case.cancer for case in cancers_first(cases)]
    expected = compare_with_readers([float(one) for one in truth], calls, truth, figure=Figure.SENSITIVITY)
    row = next(row for row in candidates(benchmark=ranked).rows if row.submission.model == "Careful")
    assert row.judgements[0].same_cases.sentence == expected.sentence
    client.force_login(funder)
    assert "Superior on the same cases" in client.get("/awards/").content.decode()
    assert Record.objects.get(act="readers.imported").details["readers"] == 4


def cancers_first(cases: list[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: not case.cancer)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("hospital,", "site,", 1), "no table of readings"),
        (lambda text: text + "Hospital X,patient-00,reader 1,1\n", "no held-out patient of this benchmark"),
        (lambda text: text + text.splitlines(keepends=True)[1], "has read patient-00 before"),
        (lambda text: "".join(text.splitlines(keepends=True)[:-1]), "was not read by reader 2"),
        (lambda text: text.replace(",1\n", ",yes\n", 1), "the last of them 1 or 0"),
        (
            lambda text: "".join(line for line in text.splitlines(keepends=True) if "reader 2" not in line),
            "two readers",
        ),
    ],
)
def test_readings_that_do_not_fit_are_refused_by_name(ranked: Benchmark, change: object, said: str) -> None:
    assert callable(change)
    text = change(table(panel(ranked), misses={"reader 1": 1, "reader 2": 2}))
    with pytest.raises(Refusal) as refused:
        readers_import(benchmark=ranked, table=text, source="x")
    assert said in f"{refused.value} {' '.join(fault.what for fault in refused.value.faults)}"
    assert not ReaderStudy.objects.exists()


def test_a_table_is_brought_by_command(ranked: Benchmark, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text(table(panel(ranked), misses={"reader 1": 1, "reader 2": 2}))
    call_command("import_readers", "pancreas-ct", str(path), source="A reading")
    path.write_text(HEAD)
    for arguments, said in (
        (("nothing", str(path)), "no benchmark"),
        (("pancreas-ct", str(path)), "two readers"),
        (("pancreas-ct", str(tmp_path / "none.csv")), "cannot be read"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("import_readers", *arguments, source="A reading")
    assert ReaderStudy.objects.get().source == "A reading"
