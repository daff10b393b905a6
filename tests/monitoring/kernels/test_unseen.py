"""New categories: how many rows chance alone puts there."""

import math

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from monitoring.kernels import unseen


def test_one_category_that_is_new_has_its_hypergeometric_chance() -> None:
    found = unseen.test(np.array([10, 0]), np.array([7, 3]))
    # Of 20 rows, 10 of them in the window: all three rows of the category are among those ten.
    assert (found.rows, found.levels) == (3, 1)
    assert found.p_value == pytest.approx(hypergeom.pmf(3, 20, 3, 10), rel=1e-12)


def test_p_value_is_no_smaller_than_that_of_shuffled_rows() -> None:
    random = np.random.default_rng(0)
    rows = np.minimum(random.zipf(1.5, 800), 1_000)
    _, codes = np.unique(rows, return_inverse=True)
    width = int(codes.max()) + 1
    window = np.zeros(4_000, int)
    for draw in range(4_000):
        codes = random.permutation(codes)
        before = np.bincount(codes[:500], minlength=width)
        window[draw] = np.bincount(codes[500:], minlength=width)[before == 0].sum()
    before, after = (np.bincount(part, minlength=width) for part in (codes[:500], codes[500:]))
    found = unseen.test(before, after)
    assert found.expected == pytest.approx(window.mean(), rel=0.02)
    assert found.p_value >= (window >= found.rows).mean() - 0.03


def test_alarms_at_a_level_are_no_more_frequent() -> None:
    random = np.random.default_rng(0)
    small = 0
    for _ in range(500):
        _, codes = np.unique(random.zipf(1.5, 1_200), return_inverse=True)
        before, after = (np.bincount(part, minlength=int(codes.max()) + 1) for part in (codes[:1_000], codes[1_000:]))
        small += unseen.test(before, after).p_value <= 0.05
    assert small <= binom.isf(1e-4, 500, 0.05)


def test_no_new_category_is_no_finding() -> None:
    assert unseen.test(np.array([5, 1]), np.array([3, 0])).p_value == 1.0


def test_a_million_new_categories_are_certain_and_finite() -> None:
    ones, none = np.ones(200_000, int), np.zeros(200_000, int)
    found = unseen.test(np.append(ones, none), np.append(none, ones))
    # Half of all rows are in the window and each category has one: so many are expected.
    assert (found.rows, found.expected) == (200_000, pytest.approx(200_000))
    sure = unseen.test(np.array([10**6, 0]), np.array([10**6, 10**5]))
    assert (sure.p_value, math.isfinite(sure.log10_p), sure.log10_p < -10_000) == (0.0, True, True)


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="a sample is empty"):
        unseen.test(np.array([1]), np.array([0]))
