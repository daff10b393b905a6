"""The tests of whole rows: maximum mean discrepancy and energy distance, against their definitions."""

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import cdist

from monitoring.kernels import energy, mmd, pairwise, rows, splits

Rows = NDArray[Any]
BOTH = pytest.mark.parametrize("test", [mmd, energy], ids=["mmd", "energy"])


def normal(seed: int, n: int, shift: float = 0.0, columns: int = 4) -> Rows:
    return np.random.default_rng(seed).normal(shift, 1.0, (n, columns))


def mmd_by_definition(first: Rows, second: Rows, bandwidth: float) -> float:
    """Lemma 6 of the paper, term by term."""
    within = []
    for sample in (first, second):
        kernel = np.exp(-cdist(sample, sample, "sqeuclidean") / (2.0 * bandwidth**2))
        within.append((kernel.sum() - np.trace(kernel)) / (len(sample) * (len(sample) - 1)))
    return float(sum(within) - 2.0 * np.exp(-cdist(first, second, "sqeuclidean") / (2.0 * bandwidth**2)).mean())


def energy_by_definition(first: Rows, second: Rows) -> float:
    return float(2.0 * cdist(first, second).mean() - cdist(first, first).mean() - cdist(second, second).mean())


@pytest.mark.parametrize(("n", "m"), [(2, 2), (7, 3), (300, 401), (pairwise.BLOCK, pairwise.BLOCK + 1)])
def test_values_equal_the_definitions(n: int, m: int) -> None:
    first, second = normal(1, n), normal(2, m, 0.3)
    reference = mmd.prepare(first, bandwidth=1.5)
    assert mmd.compare(reference, second).value == pytest.approx(mmd_by_definition(first, second, 1.5), abs=1e-13)
    found = energy.compare(energy.prepare(first), second)
    assert found.value == pytest.approx(energy_by_definition(first, second), abs=1e-12)


def test_sums_of_every_split_equal_the_definition() -> None:
    pooled = rows.pooled(rows.prepare(normal(1, 400)), normal(2, 350))
    drawn = splits.draw(400, 750, 20, seed=3)
    found = pairwise.sums(pooled.rows, -0.5, mmd._gauss, drawn)
    value = found.first / (400 * 399) + found.second / (350 * 349) - 2.0 * found.between / (400 * 350)
    expected = [mmd_by_definition(pooled.rows[one == 1], pooled.rows[one == 0], 1.0) for one in drawn.T]
    assert value == pytest.approx(expected, abs=1e-13)


def test_energy_of_one_column_is_scipys_squared() -> None:
    first, second = normal(1, 300, columns=1), normal(2, 200, 0.2, columns=1)
    expected = stats.energy_distance(first[:, 0], second[:, 0]) ** 2
    assert energy.compare(energy.prepare(first), second).value == pytest.approx(expected, rel=1e-10)


@BOTH
def test_single_precision_agrees_with_double(test: Any) -> None:
    first, second = normal(1, 700), normal(2, 600, 0.05)
    double = test.compare(test.prepare(first), second)
    single = test.compare(test.prepare(first.astype(np.float32)), second.astype(np.float32))
    assert single.value == pytest.approx(double.value, abs=1e-6)
    assert single.p_value == pytest.approx(double.p_value, abs=0.01)


@BOTH
def test_p_value_counts_the_splits_that_show_as_much(test: Any) -> None:
    found = test.compare(test.prepare(normal(1, 60)), normal(2, 50, 2.0), permutations=99)
    assert (found.p_value, found.log10_p, found.permutations, found.n, found.m) == (0.01, -2.0, 99, 60, 50)
    assert 0.3 < found.effect < 1.0


@BOTH
def test_p_values_without_drift_are_uniform(test: Any) -> None:
    found = [test.compare(test.prepare(normal(2 * i, 25)), normal(2 * i + 1, 20), seed=i).p_value for i in range(300)]
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert 0.025 <= np.mean(np.array(found) <= 0.05) <= 0.08


@BOTH
def test_joint_drift_that_no_column_shows_is_found(test: Any) -> None:
    first = normal(1, 400, columns=2)
    turned = np.random.default_rng(2).multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 400)
    assert all(stats.ks_2samp(first[:, one], turned[:, one]).pvalue > 0.05 for one in range(2))
    assert test.compare(test.prepare(first), turned).p_value == 1 / 200


@BOTH
def test_same_seed_gives_the_same_result_and_another_another(test: Any) -> None:
    reference, window = test.prepare(normal(1, 80)), normal(2, 80)
    results = [test.compare(reference, window, seed=seed) for seed in (1, 1, 2)]
    assert results[0] == results[1]
    assert (results[0].value, results[0].null_sd != results[2].null_sd) == (results[2].value, True)


@BOTH
def test_rows_with_nan_or_infinity_are_left_out_and_counted(test: Any) -> None:
    first, second = normal(1, 50), normal(2, 40, 0.5)
    spoiled = np.vstack([first, [[np.nan, 0, 0, 0], [0, np.inf, 0, 0]]]), np.vstack([[[0, 0, -np.inf, 0]], second])
    clean, found = (test.compare(test.prepare(one), other) for one, other in ((first, second), spoiled))
    assert (found.dropped_reference, found.dropped_window) == (2, 1)
    assert (found.value, found.p_value, found.n, found.m) == (clean.value, clean.p_value, 50, 40)


@BOTH
def test_equal_constants_have_no_distance_and_a_p_value_of_one(test: Any) -> None:
    found = test.compare(test.prepare(np.full((30, 3), 0.1)), np.full((20, 3), 0.1))
    assert (found.value, found.p_value) == (pytest.approx(0.0, abs=1e-14), 1.0)


@BOTH
def test_constants_apart_are_found(test: Any) -> None:
    found = test.compare(test.prepare(np.full((30, 3), 0.1)), np.full((20, 3), 5.0))
    assert (found.p_value, found.effect > 0.5) == (1 / 200, True)


@BOTH
def test_ties_of_permuted_splits_are_counted_in(test: Any) -> None:
    # Two values only: many splits have exactly the observed counts, summed in another order.
    first, second = np.repeat([0.1, 0.7], 10)[:, None], np.repeat([0.1, 0.7], [9, 11])[:, None]
    assert test.compare(test.prepare(first), second).p_value > 0.5


@BOTH
def test_distance_far_from_the_origin_keeps_its_digits(test: Any) -> None:
    first, second = normal(1, 100), normal(2, 100, 0.5)
    near, far = (test.compare(test.prepare(first + move), second + move) for move in (0.0, 1e6))
    assert far.value == pytest.approx(near.value, rel=1e-7)


def test_mmd_of_single_precision_with_outliers_agrees_with_double() -> None:
    first = normal(1, 100).astype(np.float32)
    first[:2] = 1e4
    window = normal(2, 100).astype(np.float32)
    double = mmd.compare(mmd.prepare(first.astype(np.float64)), window.astype(np.float64))
    assert mmd.compare(mmd.prepare(first), window).value == pytest.approx(double.value, abs=1e-6)


@BOTH
def test_scale_divides_the_columns(test: Any) -> None:
    first, second, scale = normal(1, 60), normal(2, 60, 0.4), np.array([1.0, 10.0, 0.1, 3.0])
    plain = test.compare(test.prepare(first), second)
    scaled = test.compare(test.prepare(first * scale, scale=scale), second * scale)
    assert scaled.value == pytest.approx(plain.value, rel=1e-12)


def test_median_heuristic_is_half_the_median_squared_distance() -> None:
    sample = normal(1, 90)
    squared = cdist(sample, sample, "sqeuclidean")[np.triu_indices(90, 1)]
    assert mmd.prepare(sample).bandwidth == pytest.approx(math.sqrt(float(np.median(squared)) / 2), rel=1e-12)
    assert mmd.prepare(np.repeat([[0.0], [2.0]], [99, 1], axis=0)).bandwidth == pytest.approx(math.sqrt(2.0))
    assert mmd.prepare(np.zeros((5, 2))).bandwidth == 1.0


@BOTH
@pytest.mark.parametrize(
    "window", [np.zeros(4), np.zeros((3, 0)), np.zeros((9, 3)), np.zeros((1, 4)), np.full((9, 4), np.nan)]
)
def test_windows_that_do_not_fit_are_refused(test: Any, window: Rows) -> None:
    with pytest.raises(ValueError, match="sample"):
        test.compare(test.prepare(normal(1, 9)), window)


@pytest.mark.parametrize(
    "make",
    [
        lambda: mmd.prepare(normal(1, 9), bandwidth=0.0),
        lambda: mmd.prepare(normal(1, 9), scale=[1.0, 0.0, 1.0, 1.0]),
        lambda: energy.prepare(normal(1, 9), scale=[1.0]),
        lambda: energy.compare(energy.prepare(normal(1, 9)), normal(2, 9), permutations=0),
    ],
)
def test_settings_that_mean_nothing_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        make()


def test_drawn_splits_hold_the_first_sample_and_every_row_equally_often() -> None:
    drawn = splits.draw(3, 10, 20_000, seed=5)
    assert drawn[:, 0].tolist() == [1] * 3 + [0] * 7
    assert set(drawn.sum(axis=0).tolist()) == {3}
    assert drawn[:, 1:].mean(axis=1) == pytest.approx(np.full(10, 0.3), abs=0.015)
    together = drawn[:, 1:].astype(float) @ drawn[:, 1:].T / 20_000
    assert together[np.triu_indices(10, 1)] == pytest.approx(np.full(45, 3 * 2 / 90), abs=0.01)


def test_peak_memory_of_ten_thousand_rows_stays_below_fifty_megabytes() -> None:
    reference, window = mmd.prepare(normal(1, 5_000, columns=2)), normal(2, 5_000, columns=2)
    mmd.compare(reference, window[:20], permutations=2)
    tracemalloc.start()
    mmd.compare(reference, window, permutations=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
