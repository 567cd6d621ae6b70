"""Fixtures of the web side: a data folder of its own for every test, and the people everybody tests with."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import caches
from pytest_django import Settings

from leaderboard.accounts.models import Team, User
from leaderboard.accounts.services import team_add
from leaderboard.benchmarks.models import Benchmark
from leaderboard.celery import app
from tests import factories

# Bells ring into this process's memory: what is sent can be counted, and no worker of the machine hears it.
app.conf.update(broker_url="memory://", broker_transport_options={})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", metavar="NAME", help='run the tests marked long("NAME") and no others')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests wait to be asked for by name; asked for, they run alone."""
    asked = config.getoption("--long")
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        mark = item.get_closest_marker("long")
        (chosen if (mark.args[0] if mark else None) == asked else others).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = chosen


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test recorded as "shown" or as a "row" is for the reader: a worker of xdist has no screen."""
    rows = []
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", None) == "call":
            for name, text in report.user_properties:
                if name == "shown":
                    terminalreporter.write_line(f"\n{text}")
                elif name == "row":
                    rows.append(str(text))
    for row in sorted(rows):
        terminalreporter.write_line(row)


@pytest.fixture(autouse=True)
def data_folder(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    settings.DATA = folder
    settings.BROKER = folder / "broker"
    caches["pages"].clear()
    return folder


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """A million rounds of hashing guard no account of a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def team(db: None) -> Team:
    known = Team.objects.filter(slug="uppsala-imaging").first()
    return known or factories.TeamFactory.create(name="Uppsala Imaging", slug="uppsala-imaging")


@pytest.fixture
def member(team: Team) -> User:
    user = factories.UserFactory.create(email="member@example.org", name="Mira Member")
    team_add(team=team, user=user)
    return user


@pytest.fixture
def rival(db: None) -> User:
    user = factories.UserFactory.create(email="rival@example.org", name="Rita Rival")
    team_add(team=factories.TeamFactory.create(name="Rivals", slug="rivals"), user=user)
    return user


@pytest.fixture
def organiser(db: None) -> User:
    return factories.UserFactory.create(email="organiser@example.org", name="Olga Organiser", is_organiser=True)


@pytest.fixture
def funder(db: None) -> User:
    return factories.UserFactory.create(email="funder@example.org", name="Frida Funder", is_reviewer=True)


@pytest.fixture
def benchmark_rows(db: None) -> Benchmark:
    """Pancreatic cancer on CT at two hospitals, as rows: no scan lies behind them."""
    return factories.make_benchmark(hospitals=2)


@pytest.fixture
def ranked(benchmark_rows: Benchmark) -> Benchmark:
    """The same with three evaluated submissions of two teams and a published ranking."""
    return factories.make_ranked(benchmark_rows)
