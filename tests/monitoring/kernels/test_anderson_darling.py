"""Anderson-Darling against its definition, scipy and published values."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from monitoring.kernels import anderson_darling, limit_laws
from tests.monitoring.kernels.columns import Floats, normal, paired, present


def by_definition(reference: Floats, window: Floats) -> float:
    """Scholz and Stephens' (7), before it is standardised."""
    samples = [sample[~np.isnan(sample)] for sample in (reference, window)]
    pooled = np.concatenate(samples)
    total, found = pooled.size, 0.0
    for value in np.unique(pooled):
        tied = (pooled == value).sum()
        below = (pooled < value).sum() + tied / 2
        spread = below * (total - below) - total * tied / 4
        for sample in samples:
            under = (sample < value).sum() + (sample == value).sum() / 2
            found += tied * (total * under - sample.size * below) ** 2 / max(spread, 1e-9) / sample.size
    return float(found) * (total - 1) / total**2


@settings(max_examples=200, deadline=None)
@given(present, present)
def test_statistic_on_anything_is_that_of_the_definition(reference: Floats, window: Floats) -> None:
    samples = paired(reference, window)
    assert anderson_darling._mean_square(samples) == pytest.approx(
        by_definition(reference, window), rel=1e-12, abs=1e-12
    )


@pytest.mark.parametrize("sizes", [(5, 5), (4, 60), (300, 200), (3_000, 40)])
@pytest.mark.parametrize("digits", [1, 15])
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_statistic_is_scipys_and_so_is_the_p_value_to_its_two_digits(
    sizes: tuple[int, int], digits: int, shift: float
) -> None:
    reference, window = normal(1, sizes[0]).round(digits), normal(2, sizes[1], shift).round(digits)
    with warnings.catch_warnings(action="ignore"):
        expected = stats.anderson_ksamp([reference, window], variant="midrank")
    found = anderson_darling.compare(paired(reference, window))
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    if 0.001 < expected.pvalue < 0.25 and found.law == "asymptotic":
        assert found.p_value == pytest.approx(expected.pvalue, rel=0.04)


def test_published_critical_values_of_the_limit_have_their_levels() -> None:
    # M. A. Stephens, J. Am. Stat. Assoc. 69 (1974), table 1.
    for value, level in [(1.248, 0.25), (1.933, 0.10), (2.492, 0.05), (3.857, 0.01)]:
        assert math.exp(limit_laws.log_anderson_darling(value)) == pytest.approx(level, rel=0.03)


def test_deviation_in_harmonic_numbers_is_the_published_double_sum() -> None:
    n, m = 9, 6
    total = n + m
    h = sum(1 / i for i in range(1, total))
    g = sum(1 / ((total - i) * j) for i in range(1, total - 1) for j in range(i + 1, total))
    s = 1 / n + 1 / m
    a, b = (4 * g - 6) + (10 - 6 * g) * s, (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * s - 8 * h + 4 * g - 6
    c, d = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * s + 4 * h, (2 * h + 6) * 4 - 8 * h
    variance = (a * total**3 + b * total**2 + c * total + d) / ((total - 1) * (total - 2) * (total - 3))
    assert anderson_darling._deviation(n, m) == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_exact_p_value_counts_the_arrangements() -> None:
    found = anderson_darling.compare(paired([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0]))
    assert (found.law, found.p_value) == ("exact", pytest.approx(2 / math.comb(7, 3)))


def test_fewer_than_four_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="four"):
        anderson_darling.compare(paired([1.0, 2.0], [3.0]))


@pytest.mark.parametrize("constant", [3.0, np.inf])
def test_constants_do_not_differ(constant: float) -> None:
    found = anderson_darling.compare(paired([constant] * 50, [constant] * 70))
    assert found.p_value == pytest.approx(1.0, abs=1e-3)


def test_log_p_value_of_any_statistic_is_finite() -> None:
    logs = [anderson_darling.log_p_value(value, 10**6, 10**6) for value in (-1.2, 0.0, 10.0, 1_000.0, 100_000.0)]
    assert logs == sorted(logs, reverse=True)
    assert math.isfinite(logs[-1])


@pytest.mark.parametrize(("sizes", "law"), [((8, 8), "exact"), ((300, 120), "asymptotic")])
def test_p_values_without_drift_are_uniform(sizes: tuple[int, int], law: str) -> None:
    found = [anderson_darling.compare(paired(normal(2 * i, sizes[0]), normal(2 * i + 1, sizes[1]))) for i in range(600)]
    assert {one.law for one in found} == {law}
    p_values = np.array([one.p_value for one in found])
    for level in (0.01, 0.05, 0.1, 0.5):
        error = 4 * math.sqrt(level * (1 - level) / 600)
        assert float((p_values <= level).mean()) == pytest.approx(level, abs=error)
