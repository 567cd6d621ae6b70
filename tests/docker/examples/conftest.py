"""The examples' own rooms can be imported as they are in their images."""

from __future__ import annotations

import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "docker" / "examples"
sys.path.insert(0, str(EXAMPLES))

import torch  # noqa: E402

torch.set_num_threads(1)  # threads that wait for each other on busy cores take many times as long
