"""Wasserstein-1 against scipy, and at infinity, where scipy has no answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from monitoring.kernels import wasserstein

finite = st.floats(-1e6, 1e6, allow_subnormal=False)
samples = st.lists(finite | st.integers(-3, 3).map(float), min_size=1, max_size=60).map(lambda v: np.sort(np.array(v)))


@settings(max_examples=60, deadline=None)
@given(samples, samples)
def test_distance_equals_scipy(reference: NDArray[np.float64], window: NDArray[np.float64]) -> None:
    expected = stats.wasserstein_distance(reference, window)
    assert wasserstein.distance(reference, window) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(samples, st.integers(-1000, 1000))
def test_distance_of_a_moved_sample_is_the_move(sample: NDArray[np.float64], move: int) -> None:
    assert wasserstein.distance(sample, sample + move) == pytest.approx(abs(move), abs=1e-8)


@pytest.mark.parametrize(
    ("reference", "window", "distance"),
    [
        ([2.0] * 4, [2.0] * 9, 0.0),
        ([-np.inf, 1.0, 2.0, np.inf], [-np.inf, 1.0, 3.0, np.inf], 0.25),
        ([0.0, np.inf], [0.0, 1.0], np.inf),
        ([-np.inf, 0.0], [0.0], np.inf),
    ],
)
def test_distance_at_the_edges_is_exact(reference: list[float], window: list[float], distance: float) -> None:
    assert wasserstein.distance(np.array(reference), np.array(window)) == distance


@pytest.mark.parametrize("sample", [[], [0.0, np.nan]])
def test_distance_of_nothing_or_nan_is_refused(sample: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        wasserstein.distance(np.array(sample), np.array([0.0]))
