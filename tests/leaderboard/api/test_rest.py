"""The REST interface: what a team's program does there, what it is told, and what stays closed to it."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from leaderboard.accounts.models import Team, Token, User
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.submissions.models import Submission, Upload
from tests.leaderboard.api.conftest import append, begin, program
from tests.leaderboard.stage import Stage, crash

pytestmark = [pytest.mark.django_db, pytest.mark.core]

API = "/api/v1"
ARCHIVE = b"what an archive might hold"


def post(client: Client, path: str, **content: Any) -> Any:
    return client.post(f"{API}/{path}", content, content_type="application/json")


def uploaded(client: Client, body: bytes = ARCHIVE, **metadata: str) -> str:
    place = begin(client, len(body), filename="detector.tar", **metadata)
    append(client, place, body, 0)
    return place.rpartition("/")[2]


def hand_in(client: Client, **changes: Any) -> Any:
    asked = {"team": "uppsala-imaging", "benchmark": "pancreas-ct", "model": "Detector", "terms": 1}
    return post(client, "submissions", **(asked | changes))


def test_a_program_hands_in_what_it_uploaded(client: Client, benchmark_rows: Benchmark, member: User) -> None:
    (offered,) = client.get(f"{API}/benchmarks").json()
    assert (offered["slug"], offered["terms"], offered["quotas"][0]["team"]) == ("pancreas-ct", 1, "uppsala-imaging")
    upload = uploaded(client, sha256=hashlib.sha256(ARCHIVE).hexdigest())
    answer = hand_in(client, upload=upload, trained_on=offered["hospitals"][:1], threshold=0.25, public=False)
    assert answer.status_code == 201, answer.content
    submission = Submission.objects.get()
    assert submission.archive_path.read_bytes() == ARCHIVE
    assert (submission.created_by, submission.threshold, submission.public) == (member, 0.25, False)
    assert submission.archive_name == "detector.tar"
    assert [one.slug for one in submission.trained_on.all()] == offered["hospitals"][:1]
    assert not Upload.objects.exists()
    told = answer.json()
    assert (told["state"], told["place_in_line"], told["open"]) == ("uploaded", 1, True)
    assert client.get(told["page"]).status_code == 302  # a token opens no page
    assert [one["id"] for one in client.get(f"{API}/submissions").json()] == [str(submission.pk)]


def test_weights_may_come_apart_from_the_image(client: Client, benchmark_rows: Benchmark) -> None:
    image, weights = uploaded(client), uploaded(client, b"weights")
    assert "one upload" in hand_in(client, upload=image, weights=image).json()["what"]
    gone = hand_in(client, upload=image, weights="00000000-0000-0000-0000-000000000000")
    assert "no such upload" in gone.json()["what"]
    told = hand_in(client, upload=image, weights=weights).json()
    assert told["weights_sha256"] == hashlib.sha256(b"weights").hexdigest()
    submission = Submission.objects.get()
    assert (submission.archive_path.read_bytes(), submission.weights_path.read_bytes()) == (ARCHIVE, b"weights")
    assert not Upload.objects.exists()


def test_a_refused_hand_in_keeps_the_upload_for_the_next(client: Client, benchmark_rows: Benchmark) -> None:
    upload = uploaded(client)
    for changes, said in (
        ({"terms": 7}, "terms have changed"),
        ({"contract": "telepathy"}, "no contract"),
        ({"trained_on": ["atlantis"]}, "no hospital"),
        ({"team": "rivals"}, "in no team"),
        ({"version_of": "Nothing"}, "no accepted model"),
        ({"model": " "}, "not taken in"),
    ):
        answer = hand_in(client, upload=upload, **changes)
        assert answer.status_code == 422
        assert said in answer.json()["what"]
        assert Upload.objects.get().path.read_bytes() == ARCHIVE
    assert hand_in(client, upload=upload).status_code == 201
    assert "no such upload" in hand_in(client, upload=upload, model="Again").json()["what"]


def test_a_program_says_of_what_it_hands_in_the_next_version(client: Client, ranked: Benchmark, member: User) -> None:
    first = Submission.objects.filter(team=member.teams.get(), followed_by=None).latest("created")
    answer = hand_in(client, upload=uploaded(client), version_of=first.model)
    assert answer.status_code == 201, answer.content
    assert Submission.objects.get(model="Detector").follows == first


def test_what_is_not_whole_or_not_what_was_sent_is_not_handed_in(client: Client, benchmark_rows: Benchmark) -> None:
    half = begin(client, 100)
    append(client, half, ARCHIVE, 0)
    answer = hand_in(client, upload=half.rpartition("/")[2])
    assert "26 of 100 bytes" in answer.json()["what"]
    other = uploaded(client, sha256="0" * 64)
    assert "not the one that was sent" in hand_in(client, upload=other).json()["what"]
    assert Upload.objects.count() == 2
    assert not Submission.objects.exists()


def test_somebody_elses_upload_is_not_there(client: Client, benchmark_rows: Benchmark, rival: User) -> None:
    theirs = uploaded(program(rival))
    assert "no such upload" in hand_in(client, upload=theirs).json()["what"]


def test_a_submission_is_told_as_its_team_sees_it(stage: Stage, team: Team) -> None:
    member = team.members.get()
    client = program(member)
    done, failed = stage.accept(model="Done"), stage.accept(crash, model="Crashing")
    stage.execute(done)
    told = client.get(f"{API}/submissions/{done.pk}").json()
    assert (told["state"], told["open"]) == ("accepted", False)
    assert [(one["hospital"], one["state"]) for one in told["runs"]] == [("harbour", "done"), ("lakeside", "done")]
    assert told["image"].startswith("sha256:")
    assert {one["check"] for one in told["checks"]} != set()
    assert told["try_out"] == done.try_out != []
    assert told["evaluation"] == "done"
    assert all(one["ok"] for one in told["checks"])
    told = client.get(f"{API}/submissions/{failed.pk}").json()
    assert (told["state"], told["failure"], told["fault"]) == ("refused", "exit-code", "submission")
    assert "cannot find my weights" in told["try_out_log"]
    assert told["next_step"]


def test_for_a_rival_nothing_of_it_exists(ranked: Benchmark, member: User, rival: User) -> None:
    pk = ranked.submissions.get(model="Careful").pk
    other = program(rival)
    assert other.get(f"{API}/submissions/{pk}").status_code == 404
    for act in ("cancel", "withdraw"):
        assert post(other, f"submissions/{pk}/{act}").status_code == 404
    assert other.get(f"{API}/submissions").json() == []
    assert program(member).get(f"{API}/submissions/{pk}").status_code == 200


def test_withdrawing_and_cancelling(client: Client, benchmark_rows: Benchmark) -> None:
    pk = hand_in(client, upload=uploaded(client)).json()["id"]
    assert "Nothing of it runs yet" in post(client, f"submissions/{pk}/cancel").json()["what"]
    assert post(client, f"submissions/{pk}/withdraw").json()["state"] == "withdrawn"
    again = post(client, f"submissions/{pk}/withdraw")
    assert (again.status_code, again.json()["what"]) == (422, "“Detector” cannot be withdrawn.")


def test_a_token_goes_as_far_as_its_scopes(benchmark_rows: Benchmark, member: User) -> None:
    reader = program(member, "read")
    assert reader.get(f"{API}/me").json()["teams"] == [{"slug": "uppsala-imaging", "name": "Uppsala Imaging"}]
    answer = hand_in(reader, upload="00000000-0000-0000-0000-000000000000")
    assert (answer.status_code, "scope “submit”" in answer.json()["what"]) == (403, True)
    assert program(member, "submit").get(f"{API}/me").status_code == 403


def test_a_token_that_is_taken_back_too_old_or_a_persons_who_left_is_none(client: Client, member: User) -> None:
    assert client.get(f"{API}/me").status_code == 200
    Token.objects.update(expires=timezone.now() - timedelta(seconds=1))
    answer = client.get(f"{API}/me")
    assert (answer.status_code, answer.json()["what"]) == (401, "Who asks?")
    Token.objects.update(expires=timezone.now() + timedelta(days=1))
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert client.get(f"{API}/me").status_code == 401
    User.objects.filter(pk=member.pk).update(is_active=True)
    Token.objects.all().delete()
    assert client.get(f"{API}/me").status_code == 401


def test_a_wrong_token_is_not_made_good_by_a_session(member: User) -> None:
    both = Client(headers={"Authorization": "Bearer cil_guessed"})
    both.force_login(member)
    assert both.get(f"{API}/me").status_code == 401


def test_a_browser_reads_with_its_session_and_changes_with_the_sites_own_token(
    benchmark_rows: Benchmark, member: User
) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.get(f"{API}/me").status_code == 401
    assert hand_in(browser).status_code == 401
    browser.force_login(member)
    assert browser.get(f"{API}/me").json()["name"] == "Mira Member"
    assert hand_in(browser).status_code == 403


def test_what_is_sent_wrongly_is_said_by_its_place(client: Client) -> None:
    answer = post(client, "submissions", team="", terms="first", threshold=2)
    assert answer.status_code == 422
    where = {fault["where"] for fault in answer.json()["faults"]}
    assert {"given.team", "given.terms", "given.threshold", "given.upload"} <= where
    assert client.post(f"{API}/submissions", "{", content_type="application/json").status_code == 400


def test_the_description_is_served_from_here(client: Client) -> None:
    described = client.get(f"{API}/openapi.json").json()
    assert {"/api/v1/submissions", "/api/v1/me"} <= set(described["paths"])
    page = client.get(f"{API}/docs").content.decode()
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page


def test_who_looks_at_a_submission_is_told_of(ranked: Benchmark, member: User) -> None:
    pk = ranked.submissions.get(model="Careful").pk
    program(member).get(f"{API}/submissions/{pk}")
    assert Record.objects.filter(act="seen", about=f"submission {pk}", actor=f"user {member.pk}").count() == 1
