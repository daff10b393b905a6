"""Evidently's tests of single columns: the functions alone, and the report that its users call."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests.cramer_von_mises_stattest import cramer_von_mises
from evidently.legacy.calculations.stattests.ks_stattest import ks_stat_test
from evidently.legacy.calculations.stattests.wasserstein_distance_norm import wasserstein_stat_test
from evidently.presets import DataDriftPreset


def evidently_ks(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return by_column(reference, window, ks_stat_test)


def evidently_wasserstein(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return by_column(reference, window, wasserstein_stat_test)


def evidently_cramer_von_mises(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return by_column(reference, window, cramer_von_mises)


def by_column(reference: np.ndarray, window: np.ndarray, test: object) -> Callable[[], object]:
    frames = [(pd.Series(one), pd.Series(two)) for one, two in zip(reference.T, window.T, strict=True)]

    def work() -> object:
        return [[(None, test.func(one, two, "num", 0.05)[0])] for one, two in frames]

    return work


def report_ks(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return report(reference, window, "ks")


def report_wasserstein(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return report(reference, window, "wasserstein")


def report(reference: np.ndarray, window: np.ndarray, method: str) -> Callable[[], object]:
    names = [f"x{number}" for number in range(reference.shape[1])]
    definition = DataDefinition(numerical_columns=names)
    one, two = (Dataset.from_pandas(pd.DataFrame(part, columns=names), definition) for part in (reference, window))
    every = Report([DataDriftPreset(method=method)])

    def work() -> object:
        every.run(two, one)
        return None

    return work
