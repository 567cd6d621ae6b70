"""News from this app to those above it; sent inside the transaction that makes it true."""

from __future__ import annotations

from django.dispatch import Signal

submission_accepted = Signal()  # submission_id
submission_withdrawn = Signal()  # submission_id
submission_released = Signal()  # submission_id, benchmark_id
