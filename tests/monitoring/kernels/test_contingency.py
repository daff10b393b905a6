"""Chi-square and G: statistics, and laws where the asymptotic one holds and where it does not."""

import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from monitoring.kernels import chi_square, contingency, g_test

cells = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=12)
tables = cells.map(np.array).filter(lambda table: bool((table.sum(axis=0) > 0).all()))
TESTS = [(chi_square, "pearson"), (g_test, "log-likelihood")]


@pytest.mark.parametrize(("kernel", "power"), TESTS)
@settings(max_examples=60, deadline=None)
@given(table=tables)
def test_statistic_equals_scipy(kernel: ModuleType, power: str, table: NDArray[np.int64]) -> None:
    used = table[table.sum(axis=1) > 0]
    expected = stats.chi2_contingency(used, correction=False, lambda_=power)
    found = kernel.statistic(*np.ascontiguousarray(table.T))
    assert found == pytest.approx(expected.statistic, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize(("kernel", "power"), TESTS)
def test_of_many_rows_equals_scipy(kernel: ModuleType, power: str) -> None:
    before, after = np.array([900, 50, 0, 30, 20]), np.array([400, 45, 0, 20, 8])
    used = before + after > 0
    expected = stats.chi2_contingency(np.array([before[used], after[used]]), correction=False, lambda_=power)
    found = kernel.test(before, after)
    assert (found.law, found.degrees) == ("asymptotic", expected.dof)
    assert (found.statistic, found.p_value) == (
        pytest.approx(expected.statistic, rel=1e-13),
        pytest.approx(expected.pvalue, rel=1e-11),
    )


@pytest.mark.parametrize(("before", "after"), [([3, 1], [1, 9]), ([5, 0], [0, 5]), ([100, 1], [90, 5])])
def test_of_two_cells_and_few_rows_is_that_of_fisher(before: list[int], after: list[int]) -> None:
    found = chi_square.test(np.array(before), np.array(after))
    assert found.law == "exact"
    assert found.p_value == pytest.approx(stats.fisher_exact([before, after]).pvalue, rel=1e-9)


@pytest.mark.parametrize("kernel", [chi_square, g_test])
def test_of_three_cells_and_few_rows_counts_every_table(kernel: ModuleType) -> None:
    before, after = np.array([0, 2, 3]), np.array([4, 1, 0])
    pooled, m = before + after, int(after.sum())
    extreme = whole = 0
    for taken in np.ndindex(*(pooled + 1)):
        if sum(taken) == m:
            ways = math.prod(math.comb(int(cell), one) for cell, one in zip(pooled, taken, strict=True))
            whole += ways
            value = kernel.statistic(pooled - np.array(taken), np.array(taken))
            extreme += ways * bool(value >= kernel.statistic(before, after) * (1 - 1e-9))
    assert kernel.test(before, after).p_value == pytest.approx(extreme / whole, rel=1e-12)


def test_of_many_sparse_cells_is_simulated_and_repeats_itself() -> None:
    random = np.random.default_rng(0)
    before, after = (random.multinomial(rows, np.full(200, 1 / 200)) for rows in (1_000, 300))
    found = chi_square.test(before, after)
    assert (found.law, found) == ("simulated", chi_square.test(before, after))
    assert found.p_value == pytest.approx(math.exp(contingency.log_p_value(found.statistic, found.degrees)), abs=0.1)


def test_p_values_of_sparse_tables_are_honest() -> None:
    random = np.random.default_rng(0)
    drawn = random.multinomial(20, [0.6, 0.2, 0.1, 0.05, 0.05], size=(600, 2))
    small = sum(chi_square.test(before, after).p_value <= 0.05 for before, after in drawn)
    assert small <= stats.binom.isf(1e-4, 600, 0.05)


@pytest.mark.parametrize("kernel", [chi_square, g_test])
def test_p_values_without_drift_are_uniform(kernel: ModuleType) -> None:
    random, shares = np.random.default_rng(4), [0.3, 0.25, 0.2, 0.15, 0.1]
    p_values = np.array([kernel.test(*random.multinomial([300, 200], shares)).p_value for _ in range(2_000)])
    for level in (0.01, 0.05, 0.1, 0.5):
        error = 4 * math.sqrt(level * (1 - level) / 2_000)
        assert float((p_values <= level).mean()) == pytest.approx(level, abs=error)


def test_of_one_cell_in_use_finds_nothing() -> None:
    assert chi_square.test(np.array([5, 0]), np.array([9, 0])).p_value == 1.0


@pytest.mark.parametrize(("value", "degrees"), [(0.5, 3), (3.0, 1), (20.0, 4), (60.0, 49), (1000.0, 7), (1400.0, 49)])
def test_log_p_value_equals_scipy(value: float, degrees: int) -> None:
    assert contingency.log_p_value(value, degrees) == pytest.approx(float(stats.chi2.logsf(value, degrees)), rel=1e-12)


def test_log_p_value_where_scipy_underflows_is_exact() -> None:
    # With two degrees of freedom the law is exponential: p = exp(-x / 2).
    assert stats.chi2.sf(1e6, 2) == 0.0
    assert contingency.log_p_value(1e6, 2) == pytest.approx(-5e5, rel=1e-15)


def test_joined_makes_one_cell_of_the_rare_and_keeps_all_rows() -> None:
    before, after = contingency.joined(np.array([90, 3, 2, 5]), np.array([80, 1, 6, 13]))
    assert (before.tolist(), after.tolist()) == ([5, 90, 5], [7, 80, 13])
