"""Documents on disk: kept once under their digest; what is lost or altered is noticed by name."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import zstandard
from django.core.management import CommandError, call_command
from django.test import Client

from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult
from leaderboard.evaluations.selectors import read_results
from leaderboard.lib import documents
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import EvaluationNumbers, Snapshot
from leaderboard.rankings.services import snapshot_make
from tests import factories

VALUE = {"b": [1, 2.5, None], "a": "Ärztin"}


def test_a_document_is_kept_once_under_the_digest_of_what_it_says(data_folder: Path) -> None:
    digest = documents.keep_json(VALUE)
    assert digest == json_digest(VALUE) == documents.digest_of(documents.read(digest))
    assert documents.read_json(digest) == VALUE
    assert documents.keep_json(dict(reversed(VALUE.items()))) == digest
    files = [path for path in (data_folder / "documents").rglob("*") if path.is_file()]
    assert files == [documents.path_of(digest)]


def test_a_lost_document_is_said_to_be_lost(data_folder: Path) -> None:
    digest = documents.keep_json(VALUE)
    documents.path_of(digest).unlink()
    with pytest.raises(documents.DocumentLost, match=f"{digest} is not in the data folder.*Restore the data folder"):
        documents.read(digest)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zstandard.compress(b'{"b":[1,2.5,null],"a":"Arzt"}'), "another digest"),
        (b"not zstandard", "cannot be unpacked"),
        (zstandard.compress(b"long enough to be cut short" * 40)[:-8], "another digest|cannot be unpacked"),
    ],
)
def test_an_altered_document_is_never_read(data_folder: Path, content: bytes, why: str) -> None:
    digest = documents.keep_json(VALUE)
    documents.path_of(digest).write_bytes(content)
    with pytest.raises(documents.DocumentAltered, match=why):
        documents.read(digest)


def test_parts_are_read_when_they_are_asked_for(data_folder: Path) -> None:
    here, gone = documents.keep_json([1]), documents.keep_json([2])
    documents.path_of(gone).unlink()
    parts = documents.Parts({"here": here, "gone": gone}, whole=documents.keep_json({"rest": 3}))
    assert (parts["here"], parts["rest"], set(parts), len(parts)) == ([1], 3, {"here", "gone", "rest"}, 3)
    assert parts.get("elsewhere", "nothing") == "nothing"
    with pytest.raises(documents.DocumentLost):
        parts["gone"]


@pytest.mark.core
def test_verify_names_what_was_lost_altered_or_exchanged(ranked: Benchmark) -> None:
    said = io.StringIO()
    call_command("documents", "verify", stdout=said)
    assert "documents are there and what they were" in said.getvalue()
    first, second, third = CohortResult.objects.order_by("pk")[:3]
    documents.path_of(first.document).unlink()
    documents.path_of(second.document).write_bytes(zstandard.compress(b"{}"))
    snapshot = Snapshot.objects.get()
    snapshot.seed += 1
    snapshot.save()
    wrong = io.StringIO()
    with pytest.raises(CommandError, match="3 faults"):
        call_command("documents", "verify", stderr=wrong)
    assert f"The cohort result of run {first.run_id}: Document {first.document} is not in the" in wrong.getvalue()
    assert f"The cohort result of run {second.run_id}: Document {second.document} was altered" in wrong.getvalue()
    assert "does not say what it said when it was made" in wrong.getvalue()
    assert f"run {third.run_id}:" not in wrong.getvalue()


def test_a_result_that_the_audit_log_does_not_have_is_named(ranked: Benchmark) -> None:
    from leaderboard.audit.services import record  # noqa: PLC0415

    result = CohortResult.objects.earliest("pk")
    record("run.done", f"run {result.run_id}", result="0" * 64)
    wrong = io.StringIO()
    with pytest.raises(CommandError, match="1 fault"):
        call_command("documents", "verify", stderr=wrong)
    assert f"run {result.run_id} is not the one that the audit log recorded" in wrong.getvalue()


def test_no_ranking_is_made_of_a_result_that_was_altered(ranked: Benchmark) -> None:
    factories.make_done(factories.SubmissionFactory.create(benchmark=ranked, model="Late", accepted=True))
    result = CohortResult.objects.latest("pk")
    documents.path_of(result.document).write_bytes(zstandard.compress(b"{}"))
    with pytest.raises(documents.DocumentAltered):
        read_results(result)
    with pytest.raises(documents.DocumentAltered):
        snapshot_make(benchmark=ranked)
    assert Snapshot.objects.count() == 1


@pytest.mark.core
def test_a_ranking_takes_up_the_numbers_that_are_there(ranked: Benchmark, client: Client) -> None:
    before = dict(EvaluationNumbers.objects.values_list("evaluation", "pk"))
    factories.make_done(factories.SubmissionFactory.create(benchmark=ranked, model="Late", accepted=True))
    for result in CohortResult.objects.filter(run__evaluation__in=before):
        documents.path_of(result.document).unlink()  # nobody reads them again
    assert snapshot_make(benchmark=ranked) is not None
    after = dict(EvaluationNumbers.objects.values_list("evaluation", "pk"))
    assert len(after) == 4
    assert before.items() <= after.items()
    assert b"Late" in client.get("/leaderboard/pancreas-ct/").content


def test_other_rules_are_counted_anew(ranked: Benchmark) -> None:
    before = set(EvaluationNumbers.objects.values_list("pk", flat=True))
    ranked.prevalences = [{"value": 0.02, "label": "elsewhere"}]
    ranked.save()
    snapshot = snapshot_make(benchmark=ranked)
    assert snapshot is not None
    assert not before & set(EvaluationNumbers.objects.values_list("pk", flat=True))
    assert set(snapshot.report["models"][0]["overall"]["ppv"]) == {"0.02"}
