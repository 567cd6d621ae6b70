"""The log of who did what: nothing changes in it unseen, and what it tells of is there with it or not at all."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from leaderboard.accounts.models import User
from leaderboard.audit.models import BEGINNING, Chain, Record
from leaderboard.audit.services import faults, record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital
from leaderboard.hospitals.services import hospital_set_active
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_withdraw
from tests.leaderboard.stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.fixture
def three(db: None) -> list[Record]:
    return [record("thing.made", f"thing {number}", by=number, colour="red") for number in range(1, 4)]


def tamper(statement: str) -> None:
    """As somebody with the database in their hands would: the trigger is taken off first."""
    off = "DROP TRIGGER audit_record_stays" + (" ON audit_record" if connection.vendor == "postgresql" else "")
    with connection.cursor() as cursor:
        cursor.execute(off)
        cursor.execute(statement)


def test_each_record_holds_the_one_before(three: list[Record]) -> None:
    assert [one.number for one in three] == [1, 2, 3]
    assert [one.previous for one in three] == [BEGINNING, three[0].sha256, three[1].sha256]
    assert (Chain.objects.get().length, Chain.objects.get().head) == (3, three[2].sha256)
    assert str(Record.objects.get(number=2)) == "2: user 2 thing.made thing 2"
    assert list(faults()) == []


def test_records_are_neither_changed_nor_deleted_by_the_program(three: list[Record]) -> None:
    with pytest.raises(TypeError, match="append-only"):
        Record.objects.filter(number=1).update(act="nothing")
    with pytest.raises(TypeError, match="append-only"):
        Record.objects.all().delete()
    three[0].act = "nothing"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        three[0].save()
    assert list(faults()) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_record SET actor = 'user 9' WHERE number = 2", ["Record 2 was changed"]),
        ("DELETE FROM audit_record WHERE number = 2", ["Record 2 is missing; the next is 3"]),
        ("DELETE FROM audit_record WHERE number = 3", ["The log ends at record 2; the chain says that it has 3"]),
    ],
)
def test_what_was_done_behind_its_back_is_found(three: list[Record], statement: str, said: list[str]) -> None:
    tamper(statement)
    found = list(faults())
    assert len(found) == len(said)
    assert all(one.startswith(words) for one, words in zip(found, said, strict=True))
    with pytest.raises(CommandError, match="not whole"):
        call_command("audit", "verify")


def test_a_record_made_anew_with_its_digest_breaks_the_next(three: list[Record]) -> None:
    forged = Record.objects.get(number=2)
    forged.actor = "user 9"
    tamper(f"UPDATE audit_record SET actor = 'user 9', sha256 = '{forged.digest()}' WHERE number = 2")
    assert list(faults()) == ["Record 3 does not follow the one before it."]


def test_what_is_undone_was_never_told(three: list[Record]) -> None:
    def undone() -> None:
        with transaction.atomic():
            record("thing.made", "thing 4")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert Record.objects.count() == 3
    assert list(faults()) == []


def test_the_command_says_where_the_log_ends(three: list[Record], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "verify")
    assert f"whole: 3 records, ending with sha256:{three[2].sha256}" in capsys.readouterr().out
    call_command("audit", "show", "--last", "2")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" UTC ")[1] for line in lines] == [
        f"{number}: user {number} thing.made thing {number} (colour red)" for number in (2, 3)
    ]


def test_an_empty_log_is_whole(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "verify")
    assert "whole: 0 records." in capsys.readouterr().out


def test_the_way_of_a_submission_is_told(stage: Stage) -> None:
    submission = stage.accept()
    stage.execute(submission)
    submission_withdraw(submission=submission, by=stage.member)
    acts = list(Record.objects.filter(about=f"submission {submission.pk}").values_list("act", "actor"))
    member = f"user {stage.member.pk}"
    assert acts == [
        ("submission.handed-in", member),
        ("submission.accepted", "platform"),
        ("submission.withdrawn", member),
    ]
    assert Record.objects.filter(act="cohort.frozen").count() == 3
    done = Record.objects.filter(act="run.done")
    assert {one.details["result"] for one in done} == {run.cohort_result.sha256 for run in stage.runs(submission)}
    assert list(faults()) == []


def test_only_what_changed_is_told(ranked: Benchmark, organiser: User) -> None:
    hospital = Hospital.objects.earliest("pk")
    for _ in range(2):
        hospital_set_active(hospital=hospital, active=False, by=organiser)
    (told,) = Record.objects.filter(act="hospital.switched")
    assert (told.actor, told.about, told.details) == (
        f"user {organiser.pk}",
        f"hospital {hospital.slug}",
        {"active": False},
    )
    assert Record.objects.filter(act="ranking.made").count() == 1
    assert Submission.objects.exists()
