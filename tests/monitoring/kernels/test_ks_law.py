"""The law of Kolmogorov-Smirnov's distance: exact against scipy, in the body, and where scipy's p-value ends."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from monitoring.kernels import ks, ks_law
from tests.monitoring.kernels.columns import normal, paired


@pytest.mark.parametrize("sizes", [(1, 1), (1, 7), (4, 3), (7, 9), (20, 20), (30, 47), (200, 300), (5_000, 3)])
@pytest.mark.parametrize("seed", range(5))
def test_exact_p_value_is_scipys(sizes: tuple[int, int], seed: int) -> None:
    samples = normal(seed, sizes[0]), normal(seed + 100, sizes[1], seed / 3)
    expected = stats.ks_2samp(*samples, method="exact")
    found = math.exp(ks_law.log_p_value(expected.statistic, *sizes))
    assert found == pytest.approx(expected.pvalue, rel=1e-11)


@pytest.mark.parametrize(
    ("size", "digits"), [(100, 1e-11), (500, 3e-7), (5_000, 1e-9), (50_000, 1e-11), (500_000, 1e-11)]
)
def test_large_p_value_is_scipys(size: int, digits: float) -> None:
    for z in np.linspace(0.3, 8.0, 30).tolist():
        found = math.exp(ks_law._log_large(z / math.sqrt(size), 2 * size, 2 * size))
        assert found == pytest.approx(stats.kstwo.sf(z / math.sqrt(size), size), rel=digits), z


def test_published_critical_values_have_their_levels() -> None:
    # N. V. Smirnov, Ann. Math. Stat. 19 (1948), 279-281.
    for z, level in [(1.2238, 0.10), (1.3581, 0.05), (1.6276, 0.01), (1.9495, 0.001)]:
        assert math.exp(ks_law.log_p_value(z / 1_000, 2_000_000, 2_000_000)) == pytest.approx(level, rel=2e-3)


def test_log_p_value_where_scipy_underflows_falls_with_the_distance() -> None:
    logs = [ks_law.log_p_value(distance, 100_000, 100_000) for distance in (0.2, 0.5, 0.9, 0.99, 1.0)]
    assert stats.kstwo.sf(0.2, 50_000) == 0.0
    assert logs == sorted(logs, reverse=True)
    # Smirnov's limit, log 2 - 2 n d^2, is the leading term.
    assert logs[0] == pytest.approx(math.log(2) - 2 * 50_000 * 0.2**2, rel=0.02)
    assert all(map(math.isfinite, logs))


@pytest.mark.parametrize("size", [10, 600, 1_900, 3_000])
def test_log_p_value_falls_with_every_step_of_the_distance(size: int) -> None:
    logs = [ks_law.log_p_value(step / size, size, size) for step in range(0, size + 1, max(1, size // 200))]
    assert logs[0] == 0.0
    assert all(after <= before for before, after in itertools.pairwise(logs))


@pytest.mark.parametrize(("n", "m"), [(4, 3), (1, 1), (2_000, 1_500), (100_000, 7)])
def test_log_p_value_of_complete_separation_is_the_exact_one(n: int, m: int) -> None:
    ways = sum(math.log((n + k) / k) for k in range(1, m + 1))
    assert ks_law.log_p_value(1.0, n, m) == pytest.approx(min(0.0, math.log(2.0) - ways), rel=1e-9)


@pytest.mark.parametrize(("sizes", "law"), [((40, 25), "exact"), ((3_000, 2_000), "asymptotic")])
def test_p_values_without_drift_are_uniform(sizes: tuple[int, int], law: str) -> None:
    found = [ks.compare(paired(normal(2 * i, sizes[0]), normal(2 * i + 1, sizes[1]))) for i in range(600)]
    assert {one.law for one in found} == {law}
    p_values = np.array([one.p_value for one in found])
    for level in (0.01, 0.05, 0.1, 0.5):
        # Four standard errors; the exact law lives on a lattice and may fall short of the level.
        error = 4 * math.sqrt(level * (1 - level) / 600)
        share = float((p_values <= level).mean())
        assert level - error - (0.05 if law == "exact" else 0.0) <= share <= level + error
