"""Who holds a row and waits for the log's end, and who holds the log's end and waits for the row: both get through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from leaderboard.accounts.models import Team
from leaderboard.audit.models import Record
from leaderboard.audit.services import faults, record
from leaderboard.benchmarks.models import Benchmark
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_submission_that_comes_while_a_ranking_is_made_waits_for_it(benchmark_rows: Benchmark, team: Team) -> None:
    """A new row's foreign key is checked at the commit, after its record: that must not be where it waits."""
    held, errors = threading.Event(), list[Exception]()

    def rank() -> None:
        with transaction.atomic():
            Benchmark.objects.select_for_update().get(pk=benchmark_rows.pk)
            held.set()
            time.sleep(1)  # the other has got as far as it gets
            record("ranking.made", "a ranking")

    def hand_in() -> None:
        held.wait(timeout=30)
        with transaction.atomic():
            factories.SubmissionFactory.create(benchmark=benchmark_rows, team=team)
            record("submission.received", "a submission")

    def kept(act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # of a thread, told to the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=kept, args=(act,)) for act in (rank, hand_in)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert set(Record.objects.values_list("act", flat=True)) >= {"ranking.made", "submission.received"}
    assert list(faults()) == []
