"""NannyML's drift of single columns: from 10,000 rows on a histogram of 10,000 bins, without p-values."""

from collections.abc import Callable

import nannyml
import numpy as np
import pandas as pd


def nannyml_ks(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return drift(reference, window, "kolmogorov_smirnov")


def nannyml_wasserstein(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return drift(reference, window, "wasserstein")


def drift(reference: np.ndarray, window: np.ndarray, method: str) -> Callable[[], object]:
    names = [f"x{number}" for number in range(reference.shape[1])]
    calculator = nannyml.UnivariateDriftCalculator(column_names=names, continuous_methods=[method], chunk_number=1).fit(
        pd.DataFrame(reference, columns=names)
    )
    frame = pd.DataFrame(window, columns=names)

    def work() -> object:
        found = calculator.calculate(frame).filter(period="analysis").to_df()
        return [[(float(found[(name, method, "value")].iloc[0]), None)] for name in names]

    return work
