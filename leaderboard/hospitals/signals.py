"""News from this app to those above it."""

from __future__ import annotations

from django.dispatch import Signal

hospital_switched = Signal()  # hospital_id, active; inside the transaction
hospital_joined = Signal()  # hospital_id; its own machine is there from now on
hospital_revoked = Signal()  # hospital_id; its own machine counts no more
alert_raised = Signal()  # alert_id; a new one, not the same again
