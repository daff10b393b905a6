"""Columns that break statistics: ties, infinities, gaps, constants, one row; and the slow obvious way to compare
them."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitoring.kernels.pairs import Pair, pair
from monitoring.kernels.prepared import prepare

Floats = NDArray[np.float64]

# Eighths: many ties, and exact in floating point.
eighths = st.integers(-40, 40).map(lambda value: value / 8.0)
finite = st.lists(eighths | st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=60).map(np.array)
anything = st.lists(eighths | st.sampled_from([np.inf, -np.inf, np.nan]), min_size=1, max_size=60).map(np.array)
present = anything.filter(lambda column: not bool(np.isnan(column).all()))


def normal(seed: int, size: int, shift: float = 0.0) -> Floats:
    return np.random.default_rng(seed).normal(shift, 1.0, size)


def paired(reference: object, window: object) -> Pair:
    made = prepare(np.asarray(reference))
    return pair(made, prepare(np.asarray(window), like=made))


def shares(reference: Floats, window: Floats) -> tuple[Floats, Floats, Floats]:
    """All present values, ascending, and the share of each sample's present rows up to there."""
    one, two = reference[~np.isnan(reference)], window[~np.isnan(window)]
    points = np.unique(np.concatenate([one, two]))
    first, second = ((sample <= points[:, None]).mean(axis=1) for sample in (one, two))
    return points, first, second
