"""Wasserstein-1 against scipy, and at infinity, where scipy has no answer."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.kernels import wasserstein
from tests.monitoring.kernels.columns import Floats, finite, normal, paired


def distance(reference: object, window: object) -> float:
    return wasserstein.compare(paired(reference, window)).statistic


@settings(max_examples=200, deadline=None)
@given(finite, finite)
def test_distance_equals_scipy(reference: Floats, window: Floats) -> None:
    expected = stats.wasserstein_distance(reference, window)
    assert distance(reference, window) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    "sizes", [(1, 1), (2, 1), (1, 5), (1_000, 1_000), (1_000, 999), (999, 1_000), (7_001, 13), (13, 7_001)]
)
@pytest.mark.parametrize("offset", [0.0, 1.7e9])
def test_distance_without_ties_of_any_sizes_equals_scipy(sizes: tuple[int, int], offset: float) -> None:
    reference, window = normal(1, sizes[0]) + offset, normal(2, sizes[1], 0.1) + offset
    expected = stats.wasserstein_distance(reference, window)
    assert distance(reference, window) == pytest.approx(expected, rel=1e-12 if offset == 0.0 else 1e-6)


@settings(max_examples=50, deadline=None)
@given(finite, st.integers(-1000, 1000))
def test_distance_of_a_moved_sample_is_the_move(sample: Floats, move: int) -> None:
    assert distance(sample, sample + move) == pytest.approx(abs(move), abs=1e-8)


@pytest.mark.parametrize(
    ("reference", "window", "expected"),
    [
        ([2.0] * 4, [2.0] * 9, 0.0),
        ([-np.inf, 1.0, 2.0, np.inf], [-np.inf, 1.0, 3.0, np.inf], 0.25),
        ([-np.inf, 1.0, 1.0, np.inf] * 2, [-np.inf, 1.0, 3.0, np.inf], 0.5),
        ([0.0, np.inf], [0.0, 1.0], np.inf),
        ([-np.inf, 0.0], [0.0], np.inf),
        ([np.inf, np.inf], [np.inf], 0.0),
        ([np.inf], [-np.inf], np.inf),
        # Neither differences nor sums overflow on the way.
        ([-1.7e308, 0.0], [0.0, 1.7e308], 1.7e308),
        ([-1.7e308] * 4, [-1.7e308, -1.7e308, -1.7e308, 1.7e308], 0.85e308),
        ([1e300] * 1_000, [2e300] * 1_000, 1e300),
        ([5e-324], [1e-323], 5e-324),
    ],
)
def test_distance_at_the_edges_is_exact(reference: list[float], window: list[float], expected: float) -> None:
    found = distance(reference, window)
    assert found == expected or math.isclose(found, expected, rel_tol=1e-14)


def test_comparison_has_no_test_and_counts_what_it_left_out() -> None:
    found = wasserstein.compare(paired([0.0, 1.0], [1.0, 2.0, np.nan]))
    assert (found.statistic, found.p_value, found.log10_p, found.law) == (1.0, None, None, None)
    assert (found.n, found.missing, found.infinite) == (2, 1, 0)


@pytest.mark.parametrize("sample", [[], [0.0, np.nan]])
def test_distance_of_nothing_or_nan_is_refused(sample: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        wasserstein.distance(np.array(sample), np.array([0.0]))
