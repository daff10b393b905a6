"""alibi-detect's tests of single columns; it sorts its reference at each call."""

from collections.abc import Callable

import numpy as np
from alibi_detect.cd import CVMDrift, KSDrift


def alibi_ks(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return predicting(KSDrift(reference, correction="fdr"), window)


def alibi_cramer_von_mises(reference: np.ndarray, window: np.ndarray) -> Callable[[], object]:
    return predicting(CVMDrift(reference, correction="fdr"), window)


def predicting(detector: KSDrift | CVMDrift, window: np.ndarray) -> Callable[[], object]:
    def work() -> object:
        data = detector.predict(window)["data"]
        return [[pair] for pair in zip(data["distance"].tolist(), data["p_val"].tolist(), strict=True)]

    return work
