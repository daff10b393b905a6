"""alibi-detect's chi-square of categories; it counts its reference at each call."""

from collections.abc import Callable

import numpy as np
from alibi_detect.cd import ChiSquareDrift


def alibi_chi_square(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    detector = ChiSquareDrift(reference, correction="fdr")

    def work() -> object:
        data = detector.predict(window)["data"]
        return list(zip(data["distance"].tolist(), data["p_val"].tolist(), strict=True))

    return work
