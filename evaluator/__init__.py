"""The engine: runs submissions on scans, scores them, and turns scores into numbers with intervals."""

__version__ = "0.1.0"
