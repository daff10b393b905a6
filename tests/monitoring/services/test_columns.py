"""The same values, stored in a table and sent in a request, are the same columns."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitoring.measures import categories
from monitoring.services import columns

SCHEMA = [
    {"name": "n", "type": "numeric"},
    {"name": "yes", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "timestamp"},
    {"name": "job", "type": "categorical"},
    {"name": "said", "type": "text"},
    {"name": "seen", "type": "image"},
]
STORED: dict[str, list[Any]] = {
    "n": [1, None, -3],
    "yes": [True, None, False],
    "day": [date(1970, 1, 11), None, date(1969, 12, 31)],
    "at": [datetime(1970, 1, 2, 12), None, datetime(1970, 1, 1)],
    "job": ["cook", None, "7"],
    "said": ["a", "b", "c"],
    "seen": [b"", b"", b""],
}
SENT = [
    {"n": 1, "yes": True, "day": "1970-01-11", "at": "1970-01-02T12:00:00", "job": "cook", "said": "a"},
    {},
    {"n": -3.0, "yes": False, "day": "1969-12-31", "at": "1970-01-01T01:00:00+01:00", "job": 7, "said": "c"},
]
EXPECTED: dict[str, list[Any]] = {
    "n": [1.0, np.nan, -3.0],
    "yes": [1.0, np.nan, 0.0],
    "day": [10.0, np.nan, -1.0],
    "at": [1.5, np.nan, 0.0],
}


def test_kinds_are_of_columns_with_a_distribution() -> None:
    assert columns.kinds(SCHEMA) == {
        "n": "numeric", "yes": "numeric", "day": "numeric", "at": "numeric", "job": "categorical",
    }  # fmt: skip


@pytest.mark.parametrize("found", [columns.of_table(pa.table(STORED), SCHEMA), columns.of_rows(SENT, SCHEMA)])
def test_columns_are_the_same_however_they_came(found: dict[str, Any]) -> None:
    assert list(found) == ["n", "yes", "day", "at", "job"]
    for name, values in EXPECTED.items():
        assert found[name].dtype == np.float64
        assert np.array_equal(found[name], values, equal_nan=True), name
    levels, codes = categories.factorise(found["job"])
    assert [None if code == categories.MISSING else levels[code] for code in codes] == ["cook", None, "7"]


def test_moments_of_a_table_with_a_zone_are_in_utc() -> None:
    at = pa.array([datetime(1970, 1, 2, tzinfo=UTC)], pa.timestamp("ns", "UTC"))
    assert columns.of_table(pa.table({"at": at}), [{"name": "at", "type": "timestamp"}])["at"].tolist() == [1.0]


def test_numbers_that_are_stored_as_decimals_or_with_fewer_bits_are_numbers() -> None:
    table = pa.table({"n": pa.array([1, 2, None], pa.int8())})
    assert np.array_equal(
        columns.of_table(table, [{"name": "n", "type": "numeric"}])["n"], [1, 2, np.nan], equal_nan=True
    )
