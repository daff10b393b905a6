"""Reference profiles: what they keep, and how little is lost."""

import json

import numpy as np
import pytest

from monitoring.kernels import ks
from monitoring.measures import reference


def just_below(value: float) -> float:
    return float(np.nextafter(value, -np.inf))


def test_profile_of_a_small_table_keeps_counts_and_values() -> None:
    table = {"age": np.array([3.0, 1.0, np.nan, 1.0]), "job": np.array(["b", "a", None, "b"], object)}
    age, job = reference.profile(table, {"age": "numeric", "job": "categorical"})["columns"]
    assert age == {
        "name": "age",
        "kind": "numeric",
        "n": 4,
        "missing": 1,
        # Below 1, exactly 1, between, exactly 3, above 3, missing.
        "counts": [0, 2, 0, 1, 0, 1],
        "edges": [just_below(1.0), 1.0, just_below(3.0), 3.0],
        "sample": [1.0, 1.0, 3.0],
        "min": 1.0,
        "max": 3.0,
        "mean": pytest.approx(5 / 3),
    }
    assert job == {
        "name": "job",
        "kind": "categorical",
        "n": 4,
        "missing": 1,
        "counts": [1, 2, 0, 1],
        "levels": ["a", "b"],
    }


def test_profile_of_many_rows_has_even_bins_and_a_faithful_sample() -> None:
    values = np.random.default_rng(0).normal(size=123_456)
    (column,) = reference.profile({"x": values}, {"x": "numeric"})["columns"]
    assert max(column["counts"][:-1]) - min(column["counts"][:-1]) <= 1
    assert len(column["sample"]) == reference.SAMPLE
    assert ks.statistic(np.array(column["sample"]), np.sort(values)) <= 1 / 10_000


def test_profile_with_infinities_and_gaps_is_plain_json() -> None:
    table = {"x": np.array([np.inf, -np.inf, np.nan, 1.0]), "y": np.full(4, np.nan)}
    made = reference.profile(table, {"x": "numeric", "y": "numeric"})
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert [(column["min"], column["max"], column["missing"]) for column in made["columns"]] == [
        (1.0, 1.0, 1),
        (None, None, 4),
    ]


def test_profile_takes_the_columns_it_is_asked_for_in_order() -> None:
    table = {name: np.arange(3) for name in "abc"}
    assert [column["name"] for column in reference.profile(table, {"c": "numeric", "a": "categorical"})["columns"]] == [
        "c",
        "a",
    ]


@pytest.mark.parametrize("table", [{"x": [], "y": []}, {"x": [1], "y": [1, 2]}])
def test_profile_of_no_rows_or_uneven_columns_is_refused(table: dict[str, list[int]]) -> None:
    with pytest.raises(ValueError, match="rows"):
        reference.profile(table, {"x": "numeric", "y": "numeric"})


def test_profile_of_an_absent_column_is_refused() -> None:
    with pytest.raises(KeyError, match="y"):
        reference.profile({"x": [1.0]}, {"y": "numeric"})
