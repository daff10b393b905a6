"""Cramer-von Mises against exact integers and scipy."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from monitoring.kernels import cramer_von_mises
from tests.monitoring.kernels.columns import Floats, normal, paired, present


def by_definition(reference: Floats, window: Floats) -> float:
    """n m / (n + m) times the squared gaps before and after each row, on average, in fractions."""
    one, two = reference[~np.isnan(reference)], window[~np.isnan(window)]
    n, m, total, before = one.size, two.size, Fraction(0), 0
    for value in np.unique(np.concatenate([one, two])):
        gap = int((one <= value).sum()) * m - int((two <= value).sum()) * n
        total += int((one == value).sum() + (two == value).sum()) * (before**2 + gap**2)
        before = gap
    return float(total / (2 * n * m * (n + m) ** 2))


def by_ranks(reference: Floats, window: Floats) -> float:
    """Anderson's T from ranks, in integers."""
    samples = [np.sort(reference), np.sort(window)]
    n, m = (sample.size for sample in samples)
    ranks = np.split(stats.rankdata(np.concatenate(samples)).astype(int), [n])
    sums = [sum(int(r - i) ** 2 for i, r in enumerate(of, 1)) for of in ranks]
    return float(Fraction(n * sums[0] + m * sums[1], n * m * (n + m)) - Fraction(4 * n * m - 1, 6 * (n + m)))


@settings(max_examples=200, deadline=None)
@given(present, present)
def test_statistic_on_anything_is_that_of_the_definition(reference: Floats, window: Floats) -> None:
    found = cramer_von_mises.compare(paired(reference, window))
    assert found.statistic == pytest.approx(by_definition(reference, window), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("sizes", [(20_000, 20_000), (30_000, 7_001), (40_000, 15)])
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_statistic_of_many_rows_is_andersons_and_does_not_cancel(sizes: tuple[int, int], shift: float) -> None:
    reference, window = normal(1, sizes[0]), normal(2, sizes[1], shift)
    found = cramer_von_mises.statistic(paired(reference, window))
    assert found == pytest.approx(by_ranks(reference, window), rel=1e-12)


def test_ties_in_samples_of_unequal_size_are_no_drift_where_scipy_sees_one() -> None:
    generator = np.random.default_rng(0)
    reference, window = generator.integers(0, 80, 100_000), generator.integers(0, 80, 1_000)
    assert stats.cramervonmises_2samp(reference, window, method="asymptotic").pvalue < 1e-6
    found = cramer_von_mises.compare(paired(reference, window))
    assert (found.statistic, found.p_value) == (pytest.approx(0.29927, abs=1e-5), pytest.approx(0.1359, abs=1e-3))


@pytest.mark.parametrize("sizes", [(5, 5), (7, 20), (20, 13), (21, 4), (300, 300), (50_000, 500)])
@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_p_value_is_scipys(sizes: tuple[int, int], shift: float) -> None:
    reference, window = normal(1, sizes[0]), normal(2, sizes[1], shift)
    found = cramer_von_mises.compare(paired(reference, window))
    expected = stats.cramervonmises_2samp(reference, window)
    assert found.law == ("exact" if max(sizes) <= 20 else "asymptotic")
    # Where p is small scipy's has an error of 1e-9.
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9, abs=5e-8 if shift else 0.0)


def test_published_exact_values() -> None:
    # T. W. Anderson (1962), table 2: P(T >= 0.34375) = 6/70 + 2/70 for two samples of four.
    assert math.exp(cramer_von_mises.log_p_value(0.6875, 4, 4)) == pytest.approx(2 / 70)


def test_log_p_value_where_scipys_grows_again_falls_with_the_statistic() -> None:
    logs = [cramer_von_mises.log_p_value(value, 10**6, 10**6) for value in (5.0, 16.7, 1108.0, 10_000.0)]
    assert logs == sorted(logs, reverse=True)
    assert logs[1] / math.log(10) == pytest.approx(-36.85, abs=0.01)


@pytest.mark.parametrize(("reference", "window"), [([3.0], [3.0]), ([3.0] * 50, [3.0] * 70), ([np.inf], [np.inf])])
def test_constants_do_not_differ(reference: list[float], window: list[float]) -> None:
    found = cramer_von_mises.compare(paired(reference, window))
    assert (found.statistic, found.p_value) == (0.0, 1.0)


def test_sizes_whose_third_power_overflows_are_computed() -> None:
    assert cramer_von_mises.log_p_value(0.1, 4_000_000, 4_000_000) == pytest.approx(math.log(0.5848734), rel=1e-5)


def test_p_values_without_drift_are_uniform() -> None:
    p_values = np.array(
        [cramer_von_mises.compare(paired(normal(2 * i, 300), normal(2 * i + 1, 120))).p_value for i in range(600)]
    )
    for level in (0.01, 0.05, 0.1, 0.5):
        error = 4 * math.sqrt(level * (1 - level) / 600)
        assert float((p_values <= level).mean()) == pytest.approx(level, abs=error)
