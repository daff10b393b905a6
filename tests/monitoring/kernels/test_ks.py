"""Kolmogorov-Smirnov against scipy, and where scipy's p-value ends."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from monitoring.kernels import ks

# Eighths: many ties, and exact in floating point.
samples = st.lists(st.integers(-40, 40), min_size=1, max_size=60).map(lambda eighths: np.sort(np.array(eighths) / 8.0))


def normal(seed: int, size: int, shift: float = 0.0) -> NDArray[np.float64]:
    return np.sort(np.random.default_rng(seed).normal(shift, 1.0, size))


@settings(max_examples=60, deadline=None)
@given(samples, samples)
def test_statistic_on_ties_equals_the_definition(reference: NDArray[np.float64], window: NDArray[np.float64]) -> None:
    points = np.concatenate([reference, window])
    shares = [(sample <= points[:, None]).mean(axis=1) for sample in (reference, window)]
    assert ks.statistic(reference, window) == pytest.approx(np.abs(shares[0] - shares[1]).max(), abs=1e-15)


@settings(max_examples=60, deadline=None)
@given(samples, samples)
def test_statistic_of_swapped_samples_is_the_same(reference: NDArray[np.float64], window: NDArray[np.float64]) -> None:
    assert ks.statistic(reference, window) == ks.statistic(window, reference)


@pytest.mark.parametrize(
    ("reference", "window", "distance"),
    [
        ([3.0], [3.0], 0.0),
        ([3.0] * 5, [3.0] * 7, 0.0),
        ([3.0] * 5, [2.0] * 7, 1.0),
        ([-np.inf, 0.0, np.inf], [-np.inf, 0.0, np.inf], 0.0),
        ([0.0, 0.0], [0.0, np.inf], 0.5),
        ([0.1 + 0.2] * 3 + [1.0], [0.1 + 0.2] * 6 + [1.0] * 2, 0.0),
    ],
)
def test_statistic_at_the_edges_is_exact(reference: list[float], window: list[float], distance: float) -> None:
    assert ks.statistic(np.array(reference), np.array(window)) == distance


@pytest.mark.parametrize("sample", [[], [0.0, np.nan]])
def test_statistic_of_nothing_or_nan_is_refused(sample: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        ks.statistic(np.array(sample), np.array([0.0]))
    with pytest.raises(ValueError, match="sample"):
        ks.statistic(np.array([0.0]), np.array(sample))


@pytest.mark.parametrize(("n", "m"), [(2, 5), (7, 9), (300, 200), (10_000, 500), (10_000, 100_000)])
@pytest.mark.parametrize("shift", [0.0, 0.1, 0.4])
def test_statistic_and_p_value_agree_with_scipy(n: int, m: int, shift: float) -> None:
    reference, window = normal(1, n), normal(2, m, shift)
    expected = stats.ks_2samp(reference, window, method="asymp")
    distance = ks.statistic(reference, window)
    assert distance == pytest.approx(expected.statistic, abs=1e-15)
    # Complete separation is more probable than the asymptotic law knows; ours never goes below it.
    least = 2 / math.comb(n + m, n) if n * m < 100 else 0.0
    assert math.exp(ks.log_p_value(distance, n, m)) == pytest.approx(max(expected.pvalue, least), rel=1e-9)


def test_log_p_value_where_scipy_underflows_grows_with_the_distance() -> None:
    logs = [ks.log_p_value(distance, 100_000, 100_000) for distance in (0.2, 0.5, 0.9, 1.0)]
    assert stats.kstwo.sf(0.2, 50_000) == 0.0
    assert logs == sorted(logs, reverse=True)
    # Smirnov's limit, log 2 - 2 n d^2, is the leading term.
    assert logs[0] == pytest.approx(math.log(2) - 2 * 50_000 * 0.2**2, rel=0.02)
    assert all(map(math.isfinite, logs))


def test_log_p_value_of_complete_separation_is_the_exact_one() -> None:
    assert ks.log_p_value(1.0, 4, 3) == pytest.approx(math.log(2 / math.comb(7, 3)))


def test_p_value_without_drift_is_rarely_small() -> None:
    values = [
        math.exp(ks.log_p_value(ks.statistic(normal(2 * i, 800), normal(2 * i + 1, 300)), 800, 300)) for i in range(400)
    ]
    assert 0.02 <= np.mean(np.array(values) <= 0.05) <= 0.08
