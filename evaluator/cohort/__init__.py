"""A hospital's folder of cases: read, checked, frozen by a fingerprint, revised; and PanTS brought into it."""

from evaluator.cohort.check import CohortCheck, check_cohort, read_cohort
from evaluator.cohort.counts import CohortCounts
from evaluator.cohort.layout import Cohort, CohortCase, CohortHeader, write_header
from evaluator.cohort.manifest import verify, write_manifest
from evaluator.cohort.overlap import LEAST_AGREEMENT, How, Match, Overlap, overlap, print_cohort
from evaluator.cohort.pants import PantsImport, import_pants
from evaluator.cohort.prints import PrintList, ScanPrint, print_folder, read_prints
from evaluator.cohort.revise import (
    DRAFT,
    Addition,
    Draft,
    Revision,
    read_draft,
    read_revision,
    write_next_version,
)
from evaluator.cohort.table import DESCRIBED, write_table

__all__ = [
    "DESCRIBED",
    "DRAFT",
    "LEAST_AGREEMENT",
    "Addition",
    "Cohort",
    "CohortCase",
    "CohortCheck",
    "CohortCounts",
    "CohortHeader",
    "Draft",
    "How",
    "Match",
    "Overlap",
    "PantsImport",
    "PrintList",
    "Revision",
    "ScanPrint",
    "check_cohort",
    "import_pants",
    "overlap",
    "print_cohort",
    "print_folder",
    "read_cohort",
    "read_draft",
    "read_prints",
    "read_revision",
    "verify",
    "write_header",
    "write_manifest",
    "write_next_version",
    "write_table",
]
