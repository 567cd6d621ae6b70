"""Columns of names as categories: each name is kept once, however many million rows carry it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def names(column: pd.Series[Any]) -> pd.Series[Any]:
    """Any column as categories of text in alphabetical order; what is missing is the empty text."""
    codes, values = pd.factorize(column)
    texts = np.array([*(str(value) for value in values), ""], dtype=object)
    distinct, at = np.unique(texts, return_inverse=True)
    # Missing is coded −1, which is the last text.
    categorical = pd.Categorical.from_codes(at[codes], categories=distinct.tolist())
    return pd.Series(categorical).cat.remove_unused_categories()


def numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Any column as numbers, NaN for what is none."""
    codes, values = pd.factorize(column)
    parsed = pd.to_numeric(pd.Series([*values, None], dtype=object), errors="coerce").to_numpy(dtype=float)
    return np.asarray(parsed[codes])


def present(column: pd.Series[Any]) -> tuple[list[str], NDArray[np.int64]]:
    """The names that occur, in order, and of each row which it is."""
    kept = column.cat.remove_unused_categories()
    return [str(name) for name in kept.cat.categories], np.asarray(kept.cat.codes, dtype=np.int64)


def blank(column: pd.Series[Any]) -> NDArray[np.bool_]:
    """Rows whose name is empty or nothing but spaces."""
    empty = np.array([not name.strip() for name in column.cat.categories], dtype=bool)
    return np.asarray(empty[column.cat.codes.to_numpy()])
