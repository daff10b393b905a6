"""Slices: each row in one, each slice measured by itself, together at the stated confidence."""

import numpy as np
from numpy.typing import NDArray

from monitoring.measures import intervals, slices
from monitoring.measures.estimate import Estimate

Rows = NDArray[np.bool_]


def shares(values: NDArray[np.float64]) -> slices.Measure:
    """A measure of tests: the share of ones, with its interval."""

    def measure(rows: Rows, confidence: float) -> list[Estimate]:
        n, k = int(rows.sum()), int(values[rows].sum())
        return [Estimate("share", k / n, *intervals.wilson(k, n, confidence), confidence, n, "Wilson")]

    return measure


def test_categories_are_measured_each_by_itself() -> None:
    region = np.array(["north"] * 40 + ["south"] * 60, dtype=object)
    found = slices.figures(
        slices.slicing("region", region), shares(np.repeat([1.0, 0.0], [50, 50])), confidence=0.95, least=30
    )
    assert [(one.attribute, one.group, one.value, one.n) for one in found] == [
        ("region", "north", 1.0, 40),
        ("region", "south", 10 / 60, 60),
    ]
    assert (found[1].low, found[1].high) == intervals.wilson(10, 60, 0.975)
    assert found[1].detail == {"share": 0.6, "simultaneous": True, "family_size": 2}


def test_small_slice_is_named_without_values() -> None:
    region = np.array(["north"] * 95 + ["south"] * 5, dtype=object)
    found = slices.figures(slices.slicing("region", region), shares(np.zeros(100)), confidence=0.95, least=30)
    small = found[1]
    assert (small.group, small.value, small.n, small.detail["reason"]) == ("south", None, 5, "5 rows, fewer than 30")
    assert (found[0].low, found[0].high) == intervals.wilson(0, 95, 0.95)


def test_declared_edges_make_ranges_that_hold_their_lower_edge() -> None:
    parts = slices.slicing("age", np.array([17.0, 18.0, 40.0, 65.0, np.nan]), edges=[18, 65])
    assert parts.levels == ["below 18", "18 to below 65", "65 and above", "unknown"]
    assert parts.codes.tolist() == [0, 1, 1, 2, 3]


def test_numbers_without_edges_are_cut_into_quarters() -> None:
    parts = slices.slicing("age", np.arange(100.0))
    assert np.bincount(parts.codes).tolist() == [24, 25, 25, 26]


def test_numbers_with_few_values_stay_categories() -> None:
    assert slices.slicing("sex", np.array([1, 2, 2, 1])).levels == ["1", "2"]


def test_empty_range_is_no_slice() -> None:
    parts = slices.slicing("age", np.array([20.0, 90.0]), edges=[18, 30, 65])
    assert (parts.levels, parts.codes.tolist()) == (["18 to below 30", "65 and above"], [0, 1])


def test_crossed_slices_name_both_levels() -> None:
    sex, age = (
        slices.slicing("sex", np.array([1, 2, 2])),
        slices.slicing("age", np.array([20.0, 70.0, 20.0]), edges=[65]),
    )
    parts = slices.crossed(sex, age)
    assert (parts.name, parts.levels) == ("sex+age", ["1+below 65", "2+below 65", "2+65 and above"])
