"""Evidently's distances of bins and its chi-square: the functions alone, and the report that its users call."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests.chisquare_stattest import chi_stat_test
from evidently.legacy.calculations.stattests.jensenshannon import jensenshannon_stat_test
from evidently.legacy.calculations.stattests.psi import psi_stat_test
from evidently.legacy.core import ColumnType

from benchmarks.peers.evidently.univariate import report


def evidently_psi(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return by_column(reference, window, psi_stat_test, ColumnType.Numerical)


def evidently_jensen_shannon(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return by_column(reference, window, jensenshannon_stat_test, ColumnType.Numerical)


def report_psi(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return report(reference, window, "psi")


def evidently_chi_square(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return by_column(reference, window, chi_stat_test, ColumnType.Categorical)


def by_column(reference: np.ndarray, window: np.ndarray, test: object, kind: ColumnType) -> Callable[[], object]:
    frames = [(pd.Series(one), pd.Series(two)) for one, two in zip(reference.T, window.T, strict=True)]
    return lambda: [float(test.func(one, two, kind, 0.05)[0]) for one, two in frames]
