"""NannyML's Jensen-Shannon distance and chi-square."""

from collections.abc import Callable

import nannyml
import numpy as np
import pandas as pd

from benchmarks.peers.nannyml.univariate import drift


def nannyml_jensen_shannon(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    work = drift(reference, window, "jensen_shannon")
    return lambda: [value for ((value, _),) in work()]


def nannyml_chi_square(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    names = [f"x{number}" for number in range(reference.shape[1])]
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=names, treat_as_categorical=names, categorical_methods=["chi2"], chunk_number=1
    ).fit(pd.DataFrame(reference, columns=names))
    frame = pd.DataFrame(window, columns=names)

    def work() -> object:
        found = calculator.calculate(frame).filter(period="analysis").to_df()
        return [float(found[(name, "chi2", "value")].iloc[0]) for name in names]

    return work
