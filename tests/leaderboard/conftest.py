"""The stage for tests of the line from upload to ranking."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard.accounts.models import Team, User
from tests.leaderboard.stage import Stage, make_stage


@pytest.fixture
def stage(tmp_path: Path, team: Team, member: User) -> Stage:
    return make_stage(tmp_path / "cohorts", team=team, member=member)
