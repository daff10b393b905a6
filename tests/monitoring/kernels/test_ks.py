"""Kolmogorov-Smirnov's distance against its definition and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from monitoring.kernels import ks
from tests.monitoring.kernels.columns import Floats, normal, paired, present, shares


@settings(max_examples=200, deadline=None)
@given(present, present)
def test_statistic_on_anything_equals_the_definition(reference: Floats, window: Floats) -> None:
    _, before, after = shares(reference, window)
    found = ks.compare(paired(reference, window))
    assert found.statistic == pytest.approx(np.abs(before - after).max(), abs=1e-15)
    assert found.statistic == ks.compare(paired(window, reference)).statistic
    assert (found.n, found.missing) == (int((~np.isnan(window)).sum()), int(np.isnan(window).sum()))
    assert found.infinite == int(np.isinf(window).sum())


@pytest.mark.parametrize(
    ("reference", "window", "distance"),
    [
        ([3.0], [3.0], 0.0),
        ([3.0] * 5, [3.0] * 7, 0.0),
        ([3.0] * 5, [2.0] * 7, 1.0),
        ([-np.inf, 0.0, np.inf], [-np.inf, 0.0, np.inf], 0.0),
        ([0.0, 0.0], [0.0, np.inf], 0.5),
        ([np.inf] * 3, [np.inf] * 4, 0.0),
        ([np.inf] * 3, [-np.inf] * 4, 1.0),
        ([0.1 + 0.2] * 3 + [1.0], [0.1 + 0.2] * 6 + [1.0] * 2, 0.0),
    ],
)
def test_statistic_at_the_edges_is_exact(reference: list[float], window: list[float], distance: float) -> None:
    assert ks.compare(paired(reference, window)).statistic == distance


@pytest.mark.parametrize("sample", [[], [0.0, np.nan]])
def test_statistic_of_nothing_or_nan_is_refused(sample: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        ks.statistic(np.array(sample), np.array([0.0]))
    with pytest.raises(ValueError, match="sample"):
        ks.statistic(np.array([0.0]), np.array(sample))


@pytest.mark.parametrize("sizes", [(300, 200), (1_999, 2_000), (10_000, 500), (10_000, 10_000), (100_000, 50_000)])
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.1, 0.4])
def test_comparison_agrees_with_scipy(sizes: tuple[int, int], shift: float) -> None:
    reference, window = normal(1, sizes[0]), normal(2, sizes[1], shift)
    found = ks.compare(paired(reference, window))
    method = "exact" if found.law == "exact" else "asymp"
    expected = stats.ks_2samp(reference, window, method=method)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-15)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-8, abs=1e-300)


def test_one_gap_at_five_deviations_is_counted_and_the_drift_found() -> None:
    window = normal(1, 500, 5.0)
    window[0] = np.nan
    found = ks.compare(paired(normal(2, 500), window))
    assert (found.missing, found.n) == (1, 499)
    assert found.log10_p is not None
    assert found.log10_p < -200


@pytest.mark.parametrize("constant", [3.0, np.inf])
def test_constants_do_not_differ(constant: float) -> None:
    found = ks.compare(paired([constant] * 50, [constant] * 70))
    assert (found.statistic, found.p_value, found.log10_p) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("sizes", [(300, 120), (4_000, 3_000)])
def test_p_values_without_drift_are_uniform(sizes: tuple[int, int]) -> None:
    found = [ks.compare(paired(normal(2 * i, sizes[0]), normal(2 * i + 1, sizes[1]))) for i in range(1_000)]
    p_values = np.array([one.p_value for one in found])
    for level in (0.01, 0.05, 0.1, 0.5):
        error = 4 * float(np.sqrt(level * (1 - level) / 1_000))
        assert float((p_values <= level).mean()) == pytest.approx(level, abs=error)
