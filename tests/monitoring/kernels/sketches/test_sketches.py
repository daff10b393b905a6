"""Sketches: parts add to the whole, and the stated bounds hold."""

import math
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from monitoring.kernels.sketches import counts, distances, exact, ruler
from monitoring.kernels.sketches.counts import Sketch
from monitoring.kernels.sketches.ruler import Ruler

Floats = NDArray[np.float64]

values = st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float) | st.sampled_from([np.nan, np.inf, -np.inf, 1e300])
several = st.lists(values, min_size=1, max_size=80).map(lambda found: np.array(found, np.float64))
finite = st.lists(st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float), min_size=1, max_size=80).map(
    lambda found: np.array(found, np.float64)
)
SHAPES = ["normal", "lognormal", "ties", "heavy", "constant"]


def shape(name: str, rows: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    drawn = {
        "normal": random.normal(size=rows),
        "lognormal": random.lognormal(0.0, 2.0, rows),
        "ties": random.normal(size=rows).round(1),
        "heavy": random.standard_t(2, rows),
        "constant": np.full(rows, 3.0),
    }
    return drawn[name]


def measured(reference: Floats, cuts: int) -> Ruler:
    return ruler.make(ruler.inner_cuts(np.sort(reference[np.isfinite(reference)]), cuts))


def slow_ks(reference: Floats, window: Floats) -> float:
    places = np.concatenate([reference, window])
    upto = (np.searchsorted(np.sort(side), places, side="right") / side.size for side in (reference, window))
    return float(np.abs(next(upto) - next(upto)).max())


def same(one: Sketch, other: Sketch) -> bool:
    return one.rows.tolist() == other.rows.tolist() and one.steps.tolist() == other.steps.tolist()


@settings(max_examples=60, deadline=None)
@given(several, several, st.lists(st.integers(0, 80), max_size=4))
def test_sketches_of_parts_in_any_order_add_to_that_of_the_whole(
    reference: Floats, window: Floats, places: list[int]
) -> None:
    one = measured(reference, 16)
    parts = np.split(window, np.sort(np.array(places, int)))
    added = reduce(add, (counts.sketch(part, one) for part in reversed(parts)), counts.empty(one))
    assert same(added, counts.sketch(window, one))


def test_sketch_counts_gaps_apart_and_infinities_with_the_values() -> None:
    one = measured(np.arange(10.0), 4)
    found = counts.sketch(np.array([np.nan, 1.0, np.inf, -np.inf, np.nan]), one)
    assert (found.n, found.missing, found.rows[0], found.rows[-2]) == (3, 2, 1, 1)


@settings(max_examples=100, deadline=None)
@given(finite, finite)
def test_distances_lie_within_their_bounds(reference: Floats, window: Floats) -> None:
    one = measured(reference, 8)
    before, after = counts.sketch(reference, one), counts.sketch(window, one)
    distance, area = (
        slow_ks(reference, window),
        stats.wasserstein_distance(reference, window),
    )
    near, around = distances.ks(before, after, one), distances.wasserstein(before, after, one)
    assert near.low - 1e-12 <= distance <= near.high + 1e-12
    # Cells outside the reference's range are wide, and a sum is rounded to 2^-30 of its cell.
    assert around.low <= area * (1 + 1e-9) + 1e-6
    assert around.high >= area * (1 - 1e-9) - 1e-6


@pytest.mark.parametrize("shift", [0.0, 0.02, 30.0])
@pytest.mark.parametrize("name", SHAPES)
def test_ks_interval_is_never_wider_than_the_share_of_rows_in_a_cell(name: str, shift: float) -> None:
    reference, window = shape(name, 50_000, 0), shape(name, 30_000, 1) + shift
    one = measured(reference, 1_024)
    before, after = counts.sketch(reference, one), counts.sketch(window, one)
    near = distances.ks(before, after, one)
    widest = (before.rows[~one.single] / before.n).max()
    assert near.high - near.low <= widest + 1e-12
    # One even step between cuts, and a value that stands in less than two of them.
    assert widest <= 2 / 1_000
    assert near.low - 1e-12 <= slow_ks(reference, window) <= near.high + 1e-12


@pytest.mark.parametrize("shift", [0.0, 0.02, 30.0])
@pytest.mark.parametrize("name", SHAPES)
def test_second_look_at_few_rows_makes_both_distances_exact(name: str, shift: float) -> None:
    reference, window = shape(name, 50_000, 0), shape(name, 30_000, 1) + shift
    one = measured(reference, 1_024)
    before, after = counts.sketch(reference, one), counts.sketch(window, one)
    open_cells = exact.open_for_ks(before, after, one)
    few = [exact.kept(side, open_cells, one) for side in (reference, window)]
    assert few[1].size < 0.5 * window.size
    assert exact.ks((before, few[0]), (after, few[1]), open_cells) == pytest.approx(
        slow_ks(reference, window), abs=1e-14
    )
    open_cells = exact.open_for_wasserstein(before, after, one)
    few = [exact.kept(side, open_cells, one) for side in (reference, window)]
    assert exact.wasserstein((before, few[0]), (after, few[1]), open_cells, one) == pytest.approx(
        stats.wasserstein_distance(reference, window), rel=1e-6, abs=1e-9
    )


def test_ks_of_no_more_values_than_cuts_is_exact() -> None:
    reference, window = shape("normal", 500, 0), shape("normal", 700, 1)
    one = measured(reference, 1_024)
    near = distances.ks(counts.sketch(reference, one), counts.sketch(window, one), one)
    assert near.low == pytest.approx(slow_ks(reference, window), abs=1e-15)


def test_wasserstein_is_infinite_where_shares_at_an_infinity_differ() -> None:
    reference, window = np.array([1.0, 2.0, np.inf, 3.0]), np.array([1.0, 2.0])
    one = measured(reference, 4)
    before, after = counts.sketch(reference, one), counts.sketch(window, one)
    assert distances.wasserstein(before, after, one) == distances.Bounds(math.inf, math.inf)
    assert distances.wasserstein(before, before, one).low == 0.0


@pytest.mark.parametrize("distance", [distances.ks, distances.wasserstein])
def test_distances_of_a_sketch_without_values_are_refused(distance: object) -> None:
    one = measured(np.arange(9.0), 4)
    some, none = counts.sketch(np.arange(9.0), one), counts.sketch(np.array([np.nan]), one)
    with pytest.raises(ValueError, match="a sample is empty"):
        distance(some, none, one)  # type: ignore[operator]
