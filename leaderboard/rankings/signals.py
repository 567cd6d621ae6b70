"""News from this app to those above it; sent inside the transaction that makes it true."""

from __future__ import annotations

from django.dispatch import Signal

ranking_published = Signal()  # snapshot_id, final: for good, with its table of patients
