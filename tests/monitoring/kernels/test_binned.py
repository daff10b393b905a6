"""The distances of counts: population stability, Jensen-Shannon and Hellinger."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from monitoring.kernels import chi_square, g_test, hellinger, jensen_shannon, psi

cells = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=12)
tables = cells.map(np.array).filter(lambda table: bool((table.sum(axis=0) > 0).all()))


def test_psi_index_equals_the_textbook_formula() -> None:
    before, after = np.array([50, 30, 20]), np.array([40, 40, 20])
    expected = (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.4 - 0.3) * math.log(0.4 / 0.3)
    assert psi.index(before, after) == pytest.approx(expected, rel=1e-14)


def test_psi_index_of_an_empty_cell_counts_half_a_row_but_no_less_than_the_floor() -> None:
    small = psi.index(np.array([50, 50]), np.array([100, 0]))
    assert small == pytest.approx((1.0 - 0.5) * math.log(2) + (0.005 - 0.5) * math.log(0.005 / 0.5))
    large = psi.index(np.array([50_000, 50_000]), np.array([100_000, 0]))
    assert large == pytest.approx((1.0 - 0.5) * math.log(2) + (1e-4 - 0.5) * math.log(1e-4 / 0.5))


def test_psi_without_drift_is_expected_on_average() -> None:
    drawn = np.random.default_rng(0).multinomial(1_000, [0.1] * 10, size=(400, 2))
    indexes = [psi.index(before, after) for before, after in drawn]
    assert np.mean(indexes) == pytest.approx(psi.expected(*drawn[0]), rel=0.1)


@pytest.mark.parametrize(
    "kernel", [psi.index, chi_square.test, g_test.test, jensen_shannon.distance, hellinger.distance]
)
def test_kernels_of_counts_refuse_an_empty_sample(kernel: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="a sample is empty"):
        kernel(np.array([1, 2]), np.array([0, 0]))


@settings(max_examples=60, deadline=None)
@given(tables)
def test_jensen_shannon_equals_scipy(table: NDArray[np.int64]) -> None:
    expected = jensenshannon(table[:, 0], table[:, 1], base=2)
    found = jensen_shannon.distance(*np.ascontiguousarray(table.T))
    # Distances are roots: where the divergence is 1e-16 of rounding, they differ by 1e-8.
    assert found**2 == pytest.approx(expected**2, abs=1e-14)


def test_jensen_shannon_of_disjoint_samples_is_one() -> None:
    assert jensen_shannon.distance(np.array([4, 0]), np.array([0, 9])) == 1.0


@settings(max_examples=60, deadline=None)
@given(tables)
def test_hellinger_equals_its_definition(table: NDArray[np.int64]) -> None:
    before, after = np.ascontiguousarray(table.T)
    roots = np.sqrt(before / before.sum()) - np.sqrt(after / after.sum())
    assert hellinger.distance(before, after) ** 2 == pytest.approx(float((roots**2).sum() / 2), abs=1e-15)


def test_hellinger_of_disjoint_samples_is_one() -> None:
    assert hellinger.distance(np.array([4, 0]), np.array([0, 9])) == 1.0


DISTANCES = [psi.index, jensen_shannon.distance, hellinger.distance, chi_square.statistic, g_test.statistic]


@pytest.mark.parametrize("distance", DISTANCES)
def test_distances_of_equal_shares_are_exactly_zero(distance: Callable[..., float]) -> None:
    shares = np.array([1, 3, 7, 0, 11])
    assert distance(shares * 3, shares * 700_001) == 0.0


@pytest.mark.parametrize("distance", DISTANCES)
def test_distances_of_counts_beyond_products_of_64_bits_stay_right(distance: Callable[..., float]) -> None:
    before, after = np.array([4 * 10**12, 6 * 10**12]), np.array([5 * 10**12, 5 * 10**12])
    few = distance(before // 10**9, after // 10**9)
    scale = 10**9 if distance in (chi_square.statistic, g_test.statistic) else 1
    assert distance(before, after) / scale == pytest.approx(few, rel=1e-12)
