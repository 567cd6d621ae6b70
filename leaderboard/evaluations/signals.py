"""News from this app to those above it; sent inside the transaction that makes it true."""

from __future__ import annotations

from django.dispatch import Signal

evaluation_done = Signal()  # evaluation_id, benchmark_id
evaluation_failed = Signal()  # evaluation_id
