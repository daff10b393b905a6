"""Profiles: what they keep, the one spelling of their bytes, and what replay says of chance."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitoring.kernels import psi
from monitoring.measures import column_drift, profiles
from monitoring.measures.profiles import CategoricalColumn, Kind, NumericColumn, levels

Table = dict[str, NDArray[Any]]
KINDS: dict[str, Kind] = {
    "number": "numeric",
    "gaps": "numeric",
    "single": "numeric",
    "moment": "numeric",
    "infinite": "numeric",
    "name": "categorical",
    "code": "categorical",
    "nothing": "numeric",
}


def table(rows: int, seed: int = 0) -> Table:
    random = np.random.default_rng(seed)
    return {
        "number": random.lognormal(size=rows),
        "gaps": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
        "single": random.normal(size=rows).astype(np.float32),
        "moment": 1_700_000_000_000_000_000 + random.integers(0, 10**12, rows),
        "infinite": np.where(random.random(rows) < 0.1, np.inf, random.normal(size=rows)),
        "name": random.choice(np.array(["a", "b", None], object), rows),
        "code": random.zipf(1.3, rows) % 5_000,
        "nothing": np.full(rows, np.nan),
    }


@pytest.mark.parametrize("rows", [1, 3, 500, 20_000])
def test_profile_of_its_bytes_has_the_same_bytes(rows: int) -> None:
    raw = profiles.to_bytes(profiles.make(table(rows), KINDS))
    assert profiles.to_bytes(profiles.from_bytes(raw)) == raw
    assert profiles.to_bytes(profiles.make(table(rows), KINDS)) == raw


def test_profile_of_the_same_rows_in_another_order_is_the_same() -> None:
    rows = table(1_000)
    order = np.random.default_rng(0).permutation(1_000)
    mixed = {name: values[order] for name, values in rows.items()}
    assert profiles.to_bytes(profiles.make(mixed, KINDS)) == profiles.to_bytes(profiles.make(rows, KINDS))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 20_000), st.integers(0, 2**32 - 1))
def test_profile_of_a_table_in_parts_is_that_of_the_whole(place: int, seed: int) -> None:
    rows = table(20_000, seed)
    # Columns of few values keep them when the whole is there; parts are never sorted together.
    kinds: dict[str, Kind] = {"number": "numeric", "gaps": "numeric", "name": "categorical", "code": "categorical"}
    frames = profiles.frames(rows, kinds)
    parts = [{name: values[chosen] for name, values in rows.items()} for chosen in (slice(place, None), slice(place))]
    counted = sum((profiles.count(frames, part) for part in parts), start=profiles.nothing(frames))
    whole = profiles.make(rows, kinds)
    assert profiles.to_bytes(profiles.finish(frames, counted)) == profiles.to_bytes(whole)


@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-1], lambda raw: raw + b"\0", lambda raw: b"x" + raw[1:], lambda raw: b""]
)
def test_bytes_that_are_no_profile_are_refused(change: Any) -> None:
    with pytest.raises(ValueError, match="these bytes are no reference profile"):
        profiles.from_bytes(change(profiles.to_bytes(profiles.make(table(500), KINDS))))


def test_numeric_column_keeps_few_values_and_only_counts_of_many() -> None:
    (few,) = profiles.make({"x": np.array([3.0, np.nan, 1.0])}, {"x": "numeric"}).columns
    (many,) = profiles.make({"x": np.arange(16_385.0)}, {"x": "numeric"}).columns
    assert isinstance(few, NumericColumn)
    assert isinstance(many, NumericColumn)
    assert few.values is not None
    assert (few.values.tolist(), few.missing, few.rows) == ([1.0, 3.0], 1, 3)
    assert (many.values, int(many.counts.bins.sum())) == (None, 16_385)


def test_categorical_column_keeps_the_most_frequent_levels() -> None:
    values = np.concatenate([np.arange(1_200), np.arange(300), [None]])
    (column,) = profiles.make({"x": values}, {"x": "categorical"}).columns
    assert isinstance(column, CategoricalColumn)
    assert (len(column.levels), column.rare_levels, column.rare, column.missing) == (levels.MOST, 200, 200, 1)
    assert column.counts.tolist() == [2] * 300 + [1] * 700


@pytest.mark.parametrize("uneven", [{"x": [], "y": []}, {"x": [1], "y": [1, 2]}])
def test_profile_of_no_rows_or_uneven_columns_is_refused(uneven: dict[str, list[int]]) -> None:
    with pytest.raises(ValueError, match=r"rows|one length"):
        profiles.make(uneven, {"x": "numeric", "y": "numeric"})


def test_profile_of_an_absent_column_is_refused() -> None:
    with pytest.raises(KeyError, match="y"):
        profiles.make({"x": [1.0]}, {"y": "numeric"})


def test_profile_of_text_as_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match="numbers"):
        profiles.make({"x": np.array(["a", "b"])}, {"x": "numeric"})


@pytest.mark.parametrize("rows", [200, 1_000])
@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_replayed_quantile_is_exceeded_by_few_windows(kind: Kind, rows: int) -> None:
    random = np.random.default_rng(0)
    found = []
    for _ in range(20):
        reference, windows = random.zipf(1.5, 5_000), random.zipf(1.5, (50, rows))
        (column,) = profiles.make({"x": reference}, {"x": kind}).columns
        high = column.null.exceeded_by_chance(rows)
        assert high is not None
        found += [psi_of(column, window) > high for window in windows]
    # One in a hundred on average over references; levels of one row each make PSI coarse and their references unlike.
    assert np.mean(found) <= 0.05


def psi_of(column: profiles.Column, window: NDArray[np.int64]) -> float:
    frames = profiles.Frames((column.frame,))
    (counted,) = profiles.count(frames, {"x": window}).columns
    return column_drift.measure(column, counted).psi


def test_design_effect_of_rows_that_hang_together_is_large_in_order_only() -> None:
    random = np.random.default_rng(0)
    values = np.repeat(random.normal(size=100), 100) + 0.1 * random.normal(size=10_000)
    (ordered,) = profiles.make({"x": values}, {"x": "numeric"}, in_order=True).columns
    (drawn,) = profiles.make({"x": values}, {"x": "numeric"}).columns
    assert ordered.null.design_effect(500) > 20.0
    assert drawn.null.design_effect(500) == 1.0


def test_null_of_a_reference_too_small_to_replay_is_unknown() -> None:
    (column,) = profiles.make({"x": np.arange(300.0)}, {"x": "numeric"}).columns
    assert (column.null.expected(200), column.null.exceeded_by_chance(200), column.null.design_effect(200)) == (
        None,
        None,
        1.0,
    )
    assert psi.expected(column.counts.bins, column.counts.bins) > 0.0  # type: ignore[union-attr]
