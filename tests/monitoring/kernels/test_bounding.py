"""Windows that are never sorted against the same windows sorted."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.kernels import bounding, ks, wasserstein
from monitoring.kernels.prepared import prepare
from monitoring.kernels.results import Comparison
from tests.monitoring.kernels.columns import Floats, normal, paired, present


def sorted_after_all(reference: Floats, window: Floats) -> tuple[Comparison, Comparison]:
    samples = paired(reference, window)
    return ks.compare(samples), wasserstein.compare(samples)


def bounded(reference: Floats, window: Floats) -> tuple[Comparison, Comparison]:
    """Without a sort however few the rows; where the distances overflow there is no such way."""
    found = bounding._without_sorting(bounding.fence(prepare(reference)), window)
    return found or sorted_after_all(reference, window)


def agree(found: tuple[Comparison, Comparison], expected: tuple[Comparison, Comparison]) -> bool:
    close = math.isclose(found[1].statistic, expected[1].statistic, rel_tol=1e-11, abs_tol=1e-12)
    return found[0] == expected[0] and close and found[1].missing == expected[1].missing


@settings(max_examples=300, deadline=None)
@given(present, present)
def test_comparison_of_anything_is_that_of_the_sorted_window(reference: Floats, window: Floats) -> None:
    assert agree(bounded(reference, window), sorted_after_all(reference, window))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**6), st.sampled_from([1, 3, 40, 10**9]), st.integers(1, 3_000), st.integers(1, 3_000),
    st.sampled_from([0.0, 0.01, 0.3, 30.0]),
)  # fmt: skip
def test_comparison_of_many_cells_is_that_of_the_sorted_window(
    seed: int, levels: int, n: int, m: int, shift: float
) -> None:
    generator = np.random.default_rng(seed)
    reference = np.exp(generator.integers(0, levels, n) / levels * 20)
    window = np.exp(generator.integers(0, levels, m) / levels * 20 + shift)
    assert agree(bounded(reference, window), sorted_after_all(reference, window))


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("digits", [1, 15])
def test_comparison_of_a_large_window_is_scipys(shift: float, digits: int) -> None:
    reference, window = normal(1, 70_000).round(digits), normal(2, 50_000, shift).round(digits)
    found = bounding.compare(bounding.fence(prepare(reference)), window)
    expected = stats.ks_2samp(reference, window, method="asymp")
    assert found[0].statistic == pytest.approx(expected.statistic, abs=1e-15)
    assert found[0].p_value == pytest.approx(expected.pvalue, rel=1e-8)
    assert found[1].statistic == pytest.approx(stats.wasserstein_distance(reference, window), rel=1e-12)


def test_comparison_counts_what_is_missing_and_infinite() -> None:
    window = normal(2, bounding.LEAST)
    window[:3], window[3:5], window[5] = np.nan, np.inf, -np.inf
    found = bounding.compare(bounding.fence(prepare(normal(1, 1_000))), window)
    assert [(one.n, one.missing, one.infinite) for one in found] == [(bounding.LEAST - 3, 3, 3)] * 2
    assert found[1].statistic == math.inf


@pytest.mark.parametrize(
    "window", [np.ones(bounding.LEAST, np.float32), np.ones(5), np.full(bounding.LEAST, 1.7e308), np.arange(30_000)]
)
def test_comparison_of_windows_that_are_sorted_after_all_is_the_same(window: Floats) -> None:
    reference = np.array([-1.7e308, 0.1, 1.0, 1.0])
    found = bounding.compare(bounding.fence(prepare(reference)), window)
    assert agree(found, sorted_after_all(reference, window))


def test_ids_above_two_to_the_53_stay_distinct() -> None:
    reference = 1_700_000_000_000_000_000 + np.arange(bounding.LEAST)
    distance, width = bounding.compare(bounding.fence(prepare(reference)), reference + 1)
    assert (distance.statistic, width.statistic) == (1 / bounding.LEAST, 1.0)


def test_comparison_with_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        bounding.fence(prepare([np.nan]))
    fenced = bounding.fence(prepare([1.0]))
    for window in (np.zeros(0), np.full(bounding.LEAST, np.nan)):
        with pytest.raises(ValueError, match="empty"):
            bounding.compare(fenced, window)
