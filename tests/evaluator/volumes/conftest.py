from __future__ import annotations

import pytest

from evaluator.records import Volume
from tests.evaluator.volumes.files import make_scan


@pytest.fixture
def scan() -> Volume:
    return make_scan()
