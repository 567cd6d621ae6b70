"""A final ranking can be downloaded and computed again; nothing else gives its patients away."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from leaderboard.accounts.models import User
from leaderboard.awards.management.commands.demonstrate import Command as Demonstrate
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import FinalRanking, Snapshot
from leaderboard.rankings.services import ranking_publish_final, snapshot_make
from leaderboard.submissions.models import Submission
from tests import factories
from tests.evaluator.cli.shell import call

pytestmark = pytest.mark.django_db
ZIP = "/leaderboard/pancreas-ct/rankings/1/snapshot.zip"
LIST = "/leaderboard/pancreas-ct/rankings/"


def unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def test_what_is_downloaded_gives_its_own_numbers(ranked: Benchmark, client: Client, tmp_path: Path) -> None:
    assert client.get(ZIP).status_code == 404
    final = ranking_publish_final(snapshot=Snapshot.objects.get(), by=None)
    response = client.get(ZIP)
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    folder = unpacked(response.content, tmp_path / "ranking")
    verified = call("rank", "--verify", folder, "--json")
    found = json.loads(verified.out)
    assert (verified.code, found["identical"], found["differences"]) == (0, True, [])
    assert found["id"] == final.record_id

    record = json.loads((folder / "snapshot.json").read_text())
    assert record["ranking"] == Snapshot.objects.get().ranking
    named = {digest.removeprefix("sha256:") for digest in record["inputs"].values()}
    assert named == set(CohortResult.objects.values_list("sha256", flat=True))

    table = folder / "patients.csv"
    header, first, *rest = table.read_text().splitlines()
    assert header.startswith("patient,hospital,truth,")
    table.write_text("\n".join([header, first[:-1] + ("0" if first[-1] == "1" else "1"), *rest]) + "\n")
    changed = call("rank", "--verify", folder, "--json")
    differences = json.loads(changed.out)["differences"]
    assert changed.code == 3
    assert "table_sha256" in {one["where"] for one in differences}
    assert any(one["where"].startswith("ranking.") for one in differences)


def test_the_table_says_hospitals_and_random_numbers_and_no_name_of_a_patient(ranked: Benchmark) -> None:
    final = ranking_publish_final(snapshot=Snapshot.objects.get(), by=None)
    with zipfile.ZipFile(io.BytesIO(bytes(final.archive))) as archive:
        content = archive.read("patients.csv").decode()
        names = archive.read("models.csv").decode()
    assert "patient-0" not in content
    assert "case-0" not in content
    for team in ("Uppsala Imaging", "Wolves"):
        assert team in names


def test_small_cells_are_withheld(ranked: Benchmark) -> None:
    Benchmark.objects.update(public_minimum=4)
    snapshot = snapshot_make(benchmark=Benchmark.objects.get())
    assert snapshot is not None
    final = ranking_publish_final(snapshot=snapshot, by=None)
    with zipfile.ZipFile(io.BytesIO(bytes(final.archive))) as archive:
        header, *rows = archive.read("patients.csv").decode().splitlines()
    # Of a hospital's four patients with cancer two came from scanner A: fewer than four.
    scanner = header.split(",").index("phase")
    assert {row.split(",")[scanner] for row in rows} == {"venous"}
    assert "scanner" not in header or {row.split(",")[header.split(",").index("scanner")] for row in rows} <= {
        "withheld",
        "",
    }


def test_final_once_is_final(ranked: Benchmark, organiser: User) -> None:
    snapshot = Snapshot.objects.get()
    first = ranking_publish_final(snapshot=snapshot, by=organiser)
    assert ranking_publish_final(snapshot=snapshot, by=organiser) == first
    assert FinalRanking.objects.count() == 1


def test_a_ranking_whose_rules_changed_since_is_refused(ranked: Benchmark) -> None:
    Benchmark.objects.update(panel_minimum=4)
    with pytest.raises(Refusal, match="changed since"):
        ranking_publish_final(snapshot=Snapshot.objects.get(), by=None)
    assert not FinalRanking.objects.exists()


def test_one_that_is_not_published_is_refused_and_not_listed(ranked: Benchmark, client: Client) -> None:
    Snapshot.objects.update(published=False)
    with pytest.raises(Refusal, match="not published"):
        ranking_publish_final(snapshot=Snapshot.objects.get(), by=None)
    assert "No ranking has been published yet" in client.get(LIST).content.decode()


def test_a_ranking_of_nobody_is_refused(ranked: Benchmark) -> None:
    Benchmark.objects.update(panel_minimum=1000)
    snapshot = snapshot_make(benchmark=Benchmark.objects.get())
    assert snapshot is not None
    with pytest.raises(Refusal, match="nothing to publish"):
        ranking_publish_final(snapshot=snapshot, by=None)


def test_the_list_says_what_changed_and_how_to_compute_again(ranked: Benchmark, client: Client) -> None:
    call_command("publish_ranking", "pancreas-ct", "--number", "1")
    factories.make_done(factories.SubmissionFactory.create(benchmark=ranked, model="Latecomer", accepted=True))
    snapshot_make(benchmark=ranked)
    page = client.get(LIST).content.decode()
    assert "new: Latecomer" in page
    assert page.index("Ranking 2") < page.index("Ranking 1, final")
    assert FinalRanking.objects.get().record_id in page
    assert page.count("rank --verify") == 1


def test_every_ranking_has_an_id_final_or_not(ranked: Benchmark, client: Client) -> None:
    call_command("publish_ranking", "pancreas-ct", "--number", "1")
    factories.make_done(factories.SubmissionFactory.create(benchmark=ranked, model="Latecomer", accepted=True))
    snapshot_make(benchmark=ranked)
    page = client.get(LIST).content.decode()
    for snapshot in Snapshot.objects.all():
        assert snapshot.sha256 == snapshot.digest()  # as the database gives the row back
        assert page.count(f"sha256:{snapshot.sha256}") == 1
    assert Snapshot.objects.values_list("sha256").distinct().count() == 2


def test_a_ranking_that_is_over_is_not_made_final_afterwards(ranked: Benchmark) -> None:
    factories.make_done(factories.SubmissionFactory.create(benchmark=ranked, model="Latecomer", accepted=True))
    snapshot_make(benchmark=ranked)
    with pytest.raises(Refusal, match="Ranking 2 has come since"):
        ranking_publish_final(snapshot=Snapshot.objects.get(number=1), by=None)


def test_a_ranking_that_was_edited_cannot_be_final(ranked: Benchmark) -> None:
    snapshot = Snapshot.objects.get()
    factories.rewrite_ranking(snapshot, notes=["Careful is the best there is."])
    with pytest.raises(Refusal, match="what it said"):
        ranking_publish_final(snapshot=snapshot, by=None)


def test_the_demonstration_started_again_by_a_newer_version_ranks_anew_and_is_final(ranked: Benchmark) -> None:
    Snapshot.objects.update(inputs_sha256="0" * 64)  # an earlier version listed its inputs in another way
    said = io.StringIO()
    Demonstrate(stdout=said).conclude(ranked, list(Submission.objects.all()))
    final = FinalRanking.objects.get()
    assert final.snapshot.number == 2
    assert f"Ranking 2 is published with 3 submissions, as final: {final.record_id}" in said.getvalue()


def test_commands_write_the_files_and_say_what_is_wrong(ranked: Benchmark, tmp_path: Path) -> None:
    for arguments, words in (
        (("publish_ranking", "nothing"), "no benchmark"),
        (("publish_ranking", "pancreas-ct", "--number", "9"), "no such ranking"),
        (("write_snapshot", "pancreas-ct", "1", str(tmp_path / "new")), "not final"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command(*arguments)
    call_command("publish_ranking", "pancreas-ct")
    call_command("write_snapshot", "pancreas-ct", "1", str(tmp_path / "new"))
    assert call("rank", "--verify", tmp_path / "new").code == 0
    with pytest.raises(CommandError, match="there already"):
        call_command("write_snapshot", "pancreas-ct", "1", str(tmp_path))
