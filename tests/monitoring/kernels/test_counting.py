"""Values into bins, codes and cells, exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitoring.kernels import bins, codes, grid

floats = st.floats(width=64) | st.sampled_from([0.0, 1.0, 1.5, -0.0, 1e308, -1e308, 5e-324])
several = st.lists(floats, max_size=60).map(lambda values: np.array(values, np.float64))
cuts = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30, unique=True).map(
    lambda values: np.unique(np.array(values, np.float64))
)


def slow(values: NDArray[np.float64], edges: NDArray[np.float64]) -> list[int]:
    """Cells closed on the right, one above the last edge and one for NaN, by searching."""
    places = np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(places, minlength=edges.size + 2).tolist()


def test_bins_close_on_the_right_and_keep_nan_apart() -> None:
    values = np.array([-np.inf, 0.0, 1.0, 1.5, 2.0, 2.1, np.inf, np.nan, np.nan])
    assert bins.count(values, np.array([1.0, 2.0, np.inf])).tolist() == [3, 2, 2, 2]


@settings(max_examples=60, deadline=None)
@given(several, cuts)
def test_bins_count_equals_searching(values: NDArray[np.float64], edges: NDArray[np.float64]) -> None:
    found = bins.count(values, np.append(edges, np.inf)).tolist()
    assert found == slow(values, edges)


@settings(max_examples=60, deadline=None)
@given(several, cuts)
def test_grid_counts_equal_searching(values: NDArray[np.float64], edges: NDArray[np.float64]) -> None:
    assert grid.counts(values, grid.make(edges)).tolist() == slow(values, edges)


@pytest.mark.parametrize("sigma", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("offset", [0.0, 1.7e9, -1e300])
def test_grid_of_thousands_of_cuts_equals_searching(sigma: float, offset: float) -> None:
    random = np.random.default_rng(0)
    values = np.exp(sigma * random.normal(size=40_000)) * random.normal(size=40_000) + offset
    edges = np.unique(values[::10])
    assert grid.counts(values, grid.make(edges)).tolist() == slow(values, edges)


@pytest.mark.parametrize("edges", [[2.0, 1.0], [1.0, 1.0], [np.nan], [1.0, np.inf], np.arange(65_001.0)])
def test_grid_of_cuts_in_disorder_or_too_many_is_refused(edges: list[float]) -> None:
    with pytest.raises(ValueError, match="cuts must ascend"):
        grid.make(np.array(edges))


def test_edges_of_many_values_hold_as_many_rows_each() -> None:
    ordered = np.sort(np.random.default_rng(0).normal(size=123_456))
    counts = bins.count(ordered, bins.edges(ordered))[:-1]
    assert (counts.size, counts.max() - counts.min() <= 1) == (bins.BINS, True)


def test_edges_of_a_constant_tell_below_from_above() -> None:
    edges = bins.edges(np.full(100, 5.0))
    assert bins.count(np.array([4.0, 5.0, 5.0, 6.0]), edges).tolist() == [1, 2, 1, 0]


def test_edges_of_nothing_are_one_bin() -> None:
    assert bins.edges(np.array([])).tolist() == [np.inf]


@pytest.mark.parametrize("width", [np.int8, np.int16, np.int32, np.int64])
def test_codes_have_a_cell_for_unseen_and_one_for_missing(width: type[np.signedinteger]) -> None:
    assert codes.count(np.array([0, 0, 2, 3, 99, -1, -1, -128], width), 3).tolist() == [2, 0, 1, 2, 3]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 12), max_size=50), st.integers(0, 8))
def test_codes_count_equals_bincount(values: list[int], levels: int) -> None:
    array = np.array(values, np.int64)
    known = np.bincount(array[(array >= 0) & (array < levels)], minlength=levels).tolist()
    assert codes.count(array, levels).tolist() == [*known, int((array >= levels).sum()), int((array < 0).sum())]
