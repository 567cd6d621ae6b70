"""A hospital's folder of cases: read, checked, frozen by a fingerprint; and the PanTS layout brought into it."""

from evaluator.cohort.check import CohortCheck, check_cohort, read_cohort
from evaluator.cohort.counts import CohortCounts
from evaluator.cohort.layout import Cohort, CohortCase, CohortHeader, write_header
from evaluator.cohort.manifest import verify, write_manifest
from evaluator.cohort.pants import PantsImport, import_pants
from evaluator.cohort.table import write_table

__all__ = [
    "Cohort",
    "CohortCase",
    "CohortCheck",
    "CohortCounts",
    "CohortHeader",
    "PantsImport",
    "check_cohort",
    "import_pants",
    "read_cohort",
    "verify",
    "write_header",
    "write_manifest",
    "write_table",
]
