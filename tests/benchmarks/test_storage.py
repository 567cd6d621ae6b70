"""The benchmark of storage: every way keeps the same answers, and the table has them all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings

from tests.benchmarks.storage import COLUMNS, ROWS, SENT_DOCUMENT, SENT_JSONB, Size, measure, table

SMALL = Size(hospitals=4, cases=400, submissions=6)


def address() -> str | None:
    """Of the PostgreSQL of the tests, whose own database this leaves alone; None on SQLite."""
    of = settings.DATABASES["default"]
    if not of["ENGINE"].endswith("postgresql"):
        return None
    return f"postgresql://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/postgres"


def test_every_way_keeps_the_same_answers(record_property: Callable[[str, object], None]) -> None:
    database = address()
    measured = measure(SMALL, database=database)
    names = [ROWS, COLUMNS, SENT_JSONB, SENT_DOCUMENT] if database else [COLUMNS, SENT_DOCUMENT]
    assert [one.name for one in measured] == names
    assert {one.right for one in measured if one.name in (ROWS, COLUMNS)} == {measured[0].right}
    assert 0 < measured[0].right < measured[0].case_results == 2400
    assert len({one.right for one in measured if one.name in (SENT_JSONB, SENT_DOCUMENT)}) == 1
    record_property("shown", table(measured))


@pytest.mark.long("storage")
def test_at_the_largest_size_too(record_property: Callable[[str, object], None]) -> None:
    measured = measure(Size(), database=address())
    assert measured[0].case_results == 7_278_000 - 200 * (36_390 % 145)
    record_property("shown", table(measured))
