"""The cohort that is run through."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.cohort import Cohort
from tests.tiny_cohorts import write_tiny_cohort


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    return write_tiny_cohort(tmp_path / "cohort", cases=6)
