"""What can be done with a hospital, its cohorts, and the machine of its own that it may have."""

from __future__ import annotations

from leaderboard.hospitals.services.alerts import alert_acknowledge, alert_raise
from leaderboard.hospitals.services.checks import (
    cohort_check_request,
    cohort_check_run,
    cohort_checks_reconcile,
    cohort_recheck_request,
)
from leaderboard.hospitals.services.cohorts import cohort_import, freeze, hospital_set_active, overlap_check
from leaderboard.hospitals.services.enrol import (
    Enrolled,
    hospital_enrol,
    hospital_joined,
    hospital_revoke,
    next_serial,
    platform_key,
    presence_keep,
)
from leaderboard.hospitals.services.offers import offer_accept, offer_keep
from leaderboard.hospitals.services.people import hospital_save, hospital_set_approves

__all__ = [
    "Enrolled",
    "alert_acknowledge",
    "alert_raise",
    "cohort_check_request",
    "cohort_check_run",
    "cohort_checks_reconcile",
    "cohort_import",
    "cohort_recheck_request",
    "freeze",
    "hospital_enrol",
    "hospital_joined",
    "hospital_revoke",
    "hospital_save",
    "hospital_set_active",
    "hospital_set_approves",
    "next_serial",
    "offer_accept",
    "offer_keep",
    "overlap_check",
    "platform_key",
    "presence_keep",
]
