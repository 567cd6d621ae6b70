"""Which rules made a number: stored with it, raised whenever a number could come out otherwise."""

from __future__ import annotations

import numpy
import scipy

from evaluator import __version__

RANKING = "ranking/3"
STATISTICS = "statistics/4"
DISCLOSURE = "disclosure/3"  # what of a ranking is hidden; no number that is shown comes out otherwise


def versions() -> dict[str, str]:
    """Of the rules, of this program and of the libraries that the draws come from."""
    return {
        "ranking": RANKING,
        "statistics": STATISTICS,
        "evaluator": __version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
    }
