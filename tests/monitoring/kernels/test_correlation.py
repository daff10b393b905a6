"""Rank correlations of all pairs, and whether one changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, spearmanr

from monitoring.kernels import correlation, grid

Floats = NDArray[np.float64]


def frames(table: Floats) -> list[tuple[grid.Grid, correlation.Scores]]:
    """A grid and its scores for each column of a reference."""
    found = []
    for column in np.ascontiguousarray(table.T):
        ordered = np.sort(column[~np.isnan(column)])
        one = grid.make(np.unique(ordered[np.arange(1, 1_024) * ordered.size // 1_024]))
        found.append((one, correlation.scores(grid.counts(column, one))))
    return found


def scored(table: Floats, kept: list[tuple[grid.Grid, correlation.Scores]]) -> correlation.Scores:
    columns = np.ascontiguousarray(table.T)
    return np.stack([each[grid.cells(one, of)] for one, (of, each) in zip(columns, kept, strict=True)], axis=1)


def drawn(random: np.random.Generator, rows: int, kind: str) -> Floats:
    mixing = np.random.default_rng(1).normal(size=(5, 5))
    normal = random.normal(size=(rows, 5)) @ mixing.T
    if kind == "heavy":
        return normal / np.sqrt(random.chisquare(3, rows) / 3)[:, None]
    if kind == "flags":
        return (normal > np.linspace(0.0, 1.0, 5)).astype(np.float64)
    return np.where(random.random(normal.shape) < 0.2, np.nan, normal) if kind == "gaps" else normal


def test_matrix_is_that_of_spearman() -> None:
    table = drawn(np.random.default_rng(0), 5_000, "normal")
    found = correlation.matrix(correlation.moments(scored(table, frames(table))))
    assert np.abs(found - spearmanr(table).statistic).max() < 2e-4


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 300))
def test_moments_of_parts_add_to_those_of_the_whole(seed: int, place: int) -> None:
    scores = np.random.default_rng(seed).integers(-128, 128, (300, 3)).astype(np.int8)
    added = correlation.moments(scores[place:]) + correlation.moments(scores[:place])
    assert (added.sums == correlation.moments(scores).sums).all()


def test_moments_of_more_rows_than_a_block_are_exact_integers() -> None:
    scores = np.full((40_000, 2), 127, np.int8)
    sums = correlation.moments(scores).sums
    for (first, second), found in zip(correlation.ORDERS, sums[:, 0, 1].tolist(), strict=True):
        assert found == 40_000 * 127 ** (first + second)


@pytest.mark.parametrize("kind", ["normal", "heavy", "flags", "gaps"])
def test_shift_without_drift_alarms_no_more_often_than_its_level(kind: str) -> None:
    random = np.random.default_rng(0)
    small = 0
    for _ in range(150):
        reference, window = drawn(random, 2_000, kind), drawn(random, 500, kind)
        kept = frames(reference)
        moments = [correlation.moments(scored(table, kept)) for table in (reference, window)]
        log10_p = correlation.shift(*moments).log10_p
        assert log10_p is not None
        small += log10_p <= np.log10(0.05)
    assert small <= binom.isf(1e-4, 150, 0.05)


def test_shift_finds_the_pair_that_turned() -> None:
    random = np.random.default_rng(0)
    reference = drawn(random, 2_000, "normal")
    kept = frames(reference)
    window = drawn(random, 500, "normal")
    window[:, 1] = -window[:, 1]
    found = correlation.shift(*(correlation.moments(scored(table, kept)) for table in (reference, window)))
    assert found.pair is not None
    assert (1 in found.pair, found.pairs, found.log10_p is not None and found.log10_p < -5) == (True, 10, True)


def test_shift_of_constant_columns_compares_nothing() -> None:
    flat = correlation.moments(np.zeros((100, 2), np.int8))
    assert correlation.shift(flat, flat) == correlation.Shift(None, None, None, None, 0, None)
