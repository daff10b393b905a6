"""alibi-detect's test of whole rows, with PyTorch: it computes the kernel of each permutation anew."""

from collections.abc import Callable

import numpy as np
import torch
from alibi_detect.cd import MMDDrift
from alibi_detect.utils.pytorch import GaussianRBF


def alibi_mmd(reference: np.ndarray, window: np.ndarray, *, bandwidth: float) -> Callable[[], object]:
    sigma = torch.tensor([bandwidth], dtype=getattr(torch, reference.dtype.name))
    detector = MMDDrift(reference, backend="pytorch", kernel=GaussianRBF(sigma), n_permutations=100)

    def work() -> object:
        data = detector.predict(window)["data"]
        return [float(data["distance"]), float(data["p_val"])]

    return work
