"""Schemas and profiles: plain JSON values that describe groups and not persons."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workers.ingestion import files, profiles
from workers.ingestion.canonical import Rows

Store = Callable[[pa.Table], Rows]
CENSUS = Path(__file__).parents[3] / "mlops_server" / "demo" / "employment_ma.parquet"


@pytest.fixture
def stored(tmp_path: Path) -> Store:
    """A table as its canonical file."""

    def store(table: pa.Table) -> Rows:
        (tmp_path / "rows.parquet").write_bytes(files.canonicalise(table))
        return Rows(tmp_path / "rows.parquet")

    return store


def test_schema_names_types_and_nulls_in_column_order(stored: Store) -> None:
    table = pa.table({"b": [1, None], "a": ["x", "y"], "c": [True, False], "d": pa.nulls(2)})
    rows = stored(table)
    assert profiles.schema(rows, profiles.profile(rows)) == [
        {"name": "b", "type": "integer", "nullable": True},
        {"name": "a", "type": "string", "nullable": False},
        {"name": "c", "type": "boolean", "nullable": False},
        {"name": "d", "type": "empty", "nullable": True},
    ]


def test_profile_numbers_gives_the_whole_description(stored: Store) -> None:
    described = profiles.profile(stored(pa.table({"x": [1, 1, 2, 4, None]})))
    quantiles = {"0.01": 1.0, "0.05": 1.0, "0.25": 1.0, "0.5": 1.5, "0.75": 2.5, "0.95": 3.7, "0.99": 3.94}
    numbers = described["columns"]["x"].pop("quantiles")
    assert numbers.keys() == quantiles.keys()
    assert np.allclose(list(numbers.values()), list(quantiles.values()))
    assert described == {
        "rows": 5,
        "method": {"quantiles": "exact", "distinct": "exact up to 10000"},
        "columns": {
            "x": {
                "type": "integer",
                "missing": 1,
                "distinct": 3,
                "distinct_capped": False,
                "infinite": 0,
                "min": 1.0,
                "max": 4.0,
                "mean": 2.0,
                "std": float(np.std([1, 1, 2, 4], ddof=1)),
            }
        },
    }


def test_profile_few_values_lists_levels_most_frequent_first(stored: Store) -> None:
    described = profiles.profile(stored(pa.table({"x": ["b", "a", "a", "b", "c", None, "a"]})))
    assert described["columns"]["x"]["levels"] == [
        {"level": "a", "count": 3},
        {"level": "b", "count": 2},
        {"level": "c", "count": 1},
    ]


def test_profile_names_of_persons_lists_no_levels(stored: Store) -> None:
    described = profiles.profile(stored(pa.table({"x": ["Ann", "Bob", "Cy"]})))
    assert described["columns"]["x"] == {"type": "string", "missing": 0, "distinct": 3, "distinct_capped": False}


def test_profile_infinite_values_are_counted_and_left_out(stored: Store) -> None:
    described = profiles.profile(stored(pa.table({"x": [1.0, float("inf"), 3.0]})))["columns"]["x"]
    assert (described["infinite"], described["max"], described["mean"]) == (1, 3.0, 2.0)


def test_profile_of_census_is_json_and_agrees_with_numpy(stored: Store) -> None:
    census = files.read(CENSUS)
    described = json.loads(json.dumps(profiles.profile(stored(census)), allow_nan=False))
    ages = census["AGEP"].to_numpy()
    age = described["columns"]["AGEP"]
    assert described["rows"] == 20_000
    assert [age["min"], age["max"], age["mean"]] == [ages.min(), ages.max(), ages.mean()]
    assert {entry["level"]: entry["count"] for entry in described["columns"]["SEX"]["levels"]} == {
        sex: int((census["SEX"].to_numpy() == sex).sum()) for sex in (1, 2)
    }
