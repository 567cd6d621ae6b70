"""Is every document that a row names there, and what it was? And do rows still say what the audit log recorded?"""

from __future__ import annotations

from collections.abc import Iterator

from leaderboard.audit.models import Record
from leaderboard.evaluations.models import CohortResult, Received
from leaderboard.lib import documents
from leaderboard.rankings.models import EvaluationNumbers, Snapshot

DONE = "run.done"


def document_faults() -> Iterator[str]:
    """Sentences, each document read once; nothing where all is whole."""
    for digest, owner in named().items():
        try:
            documents.read(digest)
        except (documents.DocumentLost, documents.DocumentAltered) as fault:
            yield f"{owner}: {fault.what} {fault.why}"
    yield from row_faults()


def named() -> dict[str, str]:
    """Of every document the first row that names it."""
    found: dict[str, str] = {}
    for digest, run in CohortResult.objects.order_by("pk").values_list("document", "run").iterator():
        found.setdefault(digest, f"The cohort result of run {run}")
    for digest, pk in Received.objects.exclude(document="").values_list("document", "pk").iterator():
        found.setdefault(digest, f"Message {pk} of a hospital")
    for row in EvaluationNumbers.objects.only("answers", "report", "evaluation").iterator():
        for digest in filter(None, (row.answers, row.report)):
            found.setdefault(digest, f"The {row}")
    for snapshot in Snapshot.objects.select_related("benchmark").iterator(chunk_size=5):
        for digest in snapshot.document_digests:
            found.setdefault(digest, str(snapshot))
    return found


def row_faults() -> Iterator[str]:
    """A cohort result that is not the one which the audit log has, a ranking that is not what its digest says."""
    logged = dict(Record.objects.filter(act=DONE).order_by("number").values_list("about", "details__result"))
    for run, sha256 in CohortResult.objects.values_list("run", "sha256").iterator():
        if logged.get(f"run {run}", sha256) != sha256:
            yield f"The cohort result of run {run} is not the one that the audit log recorded."
    for snapshot in Snapshot.objects.select_related("benchmark").iterator(chunk_size=5):
        try:
            changed = snapshot.digest() != snapshot.sha256
        except (documents.DocumentLost, documents.DocumentAltered):
            continue  # said above
        if changed:
            yield f"{snapshot} does not say what it said when it was made."
