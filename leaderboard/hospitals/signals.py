"""News from this app to those above it."""

from __future__ import annotations

from django.dispatch import Signal

hospital_switched = Signal()  # hospital_id, active; inside the transaction
