"""Rates with intervals, strata, PPV at a prevalence, ROC, and what two models or a goal mean beside each other.

Each module validates, computes, and returns a frozen record that carries its counts, its interval and its method.
"""
