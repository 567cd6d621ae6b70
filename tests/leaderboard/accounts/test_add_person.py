"""People added from the command line, as an organiser of a new installation does it."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from leaderboard.accounts.models import Membership, User
from leaderboard.benchmarks.models import Benchmark

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_the_first_person_of_a_new_team_owns_it_and_the_second_joins_it() -> None:
    assert "owner of the new team" in run("add_person", "First@Example.org", "--team", "Basel Imaging")
    run("add_person", "second@example.org", "--team", "Basel Imaging")
    roles = dict(Membership.objects.values_list("user__email", "role"))
    assert roles == {"first@example.org": "owner", "second@example.org": "member"}


def test_a_second_call_adds_a_role_and_takes_nothing_away() -> None:
    run("add_person", "one@example.org", "--name", "One", "--organiser", "--team", "Basel Imaging")
    run("add_person", "one@example.org", "--reviewer", "--team", "Basel Imaging")
    user = User.objects.get()
    assert (user.name, user.is_organiser, user.is_reviewer) == ("One", True, True)
    assert Membership.objects.get().role == "owner"
    assert not user.has_usable_password()


def test_no_address_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="valid email"):
        run("add_person", "nobody")
    assert not User.objects.exists()


def test_criteria_of_a_benchmark_that_is_not_there_name_those_that_are(benchmark_rows: Benchmark) -> None:
    with pytest.raises(CommandError, match=benchmark_rows.slug):
        run("award_criteria", "nothing")
