"""The kernels of counts: population stability, chi-square and Jensen-Shannon."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring.kernels import chi_square, jensen_shannon, psi

cells = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=12)
tables = cells.map(np.array).filter(lambda table: bool((table.sum(axis=0) > 0).all()))


def test_psi_counts_close_bins_on_the_right_and_keep_nan_apart() -> None:
    values = np.array([-np.inf, 0.0, 1.0, 1.5, 2.0, 2.1, np.inf, np.nan, np.nan])
    assert psi.counts(values, np.array([1.0, 2.0])).tolist() == [3, 2, 2, 2]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-5, 5), max_size=50), st.lists(st.floats(-5, 5), max_size=5, unique=True).map(sorted))
def test_psi_counts_equal_searchsorted(values: list[float], edges: list[float]) -> None:
    expected = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    assert psi.counts(np.array(values), np.array(edges)).tolist() == [*expected.tolist(), 0]


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


@pytest.mark.parametrize("kernel", [psi.index, chi_square.statistic, jensen_shannon.distance])
def test_kernels_of_counts_refuse_an_empty_sample(kernel: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="a sample is empty"):
        kernel(np.array([1, 2]), np.array([0, 0]))


def test_chi_square_counts_have_a_cell_for_unseen_and_one_for_missing() -> None:
    codes = np.array([0, 0, 2, 3, 99, -1, -1, -1])
    assert chi_square.counts(codes, 3).tolist() == [2, 0, 1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(tables)
def test_chi_square_equals_scipy(table: NDArray[np.int64]) -> None:
    statistic, degrees = chi_square.statistic(*np.ascontiguousarray(table.T))
    expected = stats.chi2_contingency(table[table.sum(axis=1) > 0], correction=False)
    assert degrees == expected.dof
    assert statistic == pytest.approx(expected.statistic, rel=1e-12, abs=1e-12)
    assert math.exp(chi_square.log_p_value(statistic, degrees)) == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize(("value", "degrees"), [(0.5, 3), (3.0, 1), (20.0, 4), (60.0, 49), (1000.0, 7), (1400.0, 49)])
def test_chi_square_log_p_value_equals_scipy(value: float, degrees: int) -> None:
    assert chi_square.log_p_value(value, degrees) == pytest.approx(float(stats.chi2.logsf(value, degrees)), rel=1e-12)


def test_chi_square_log_p_value_where_scipy_underflows_is_exact() -> None:
    # With two degrees of freedom the law is exponential: p = exp(-x / 2).
    assert stats.chi2.sf(1e6, 2) == 0.0
    assert chi_square.log_p_value(1e6, 2) == pytest.approx(-5e5, rel=1e-15)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_jensen_shannon_equals_scipy(table: NDArray[np.int64]) -> None:
    expected = jensenshannon(table[:, 0], table[:, 1], base=2)
    found = jensen_shannon.distance(*np.ascontiguousarray(table.T))
    # Distances are roots: where the divergence is 1e-16 of rounding, they differ by 1e-8.
    assert found**2 == pytest.approx(expected**2, abs=1e-14)


def test_jensen_shannon_of_disjoint_samples_is_one() -> None:
    assert jensen_shannon.distance(np.array([4, 0]), np.array([0, 9])) == 1.0
