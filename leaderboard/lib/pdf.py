"""HTML to a tagged PDF, in a process of its own: it takes seconds of computing, and no other page waits behind it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from leaderboard.lib.errors import Refusal

CHILD = Path(__file__).with_name("pdf_child.py")
SECONDS = 280  # that one document may take, however busy the machine is; of computing it takes five

logger = logging.getLogger(__name__)


class NotPrinted(Refusal):
    """A document that could not be made."""

    status = 503


def render(html: str) -> bytes:
    """The document as PDF/UA. The same HTML is the same PDF.

    Raises
    ------
    NotPrinted
        The process failed or took too long.
    """
    # -P: the child finds installed packages, and none of the modules that happen to lie beside it.
    command = [sys.executable, "-P", str(CHILD)]
    same = os.environ | {"SOURCE_DATE_EPOCH": "0", "PYTHONHASHSEED": "0"}  # fonts carry a date, sets an order
    try:
        done = subprocess.run(command, input=html.encode(), capture_output=True, check=True, timeout=SECONDS, env=same)
    except subprocess.TimeoutExpired as error:
        raise NotPrinted("The PDF took too long to make.", next_step="Ask for it again later.") from error
    except subprocess.CalledProcessError as error:
        logger.exception("no PDF was made: %s", error.stderr.decode(errors="replace")[-2000:])
        raise NotPrinted("The PDF could not be made.", next_step="The organisers see why in the site’s log.") from error
    return done.stdout
