"""Rows into a matrix, and errors that name row and column."""

from typing import Any

import numpy as np
import pytest

from registry.errors import Invalid
from registry.serving import decoding

SCHEMA = [{"name": "AGEP"}, {"name": "SCHL"}]


def test_matrix_has_the_schema_order_and_nan_for_null() -> None:
    rows = decoding.matrix([{"SCHL": 2, "AGEP": 41.5}, {"AGEP": None, "SCHL": 1}], SCHEMA)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.array([[41.5, 2], [np.nan, 1]], dtype=np.float32))


def test_matrix_names_every_value_that_does_not_fit() -> None:
    with pytest.raises(Invalid) as caught:
        decoding.matrix([{"AGEP": 1, "SCHL": 1}, {"AGEP": "old", "SEX": 2}, {"AGEP": True, "SCHL": 1}], SCHEMA)
    assert [(problem.pointer, problem.detail) for problem in caught.value.problems] == [
        ("/rows/1/features/SCHL", "is missing"),
        ("/rows/1/features/SEX", "is not a column of this version"),
        ("/rows/1/features/AGEP", "is str, not a number"),
        ("/rows/2/features/AGEP", "is bool, not a number"),
    ]


def test_matrix_lists_twenty_problems_at_most() -> None:
    with pytest.raises(Invalid) as caught:
        decoding.matrix([{}] * 50, SCHEMA)
    assert len(caught.value.problems) == 20


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 1e39, -1e39, 10**400, -(10**400)])
def test_matrix_names_a_number_that_a_float_cannot_hold(value: float) -> None:
    with pytest.raises(Invalid) as caught:
        decoding.matrix([{"AGEP": 1, "SCHL": 1}, {"AGEP": value, "SCHL": 1}], SCHEMA)
    assert [(problem.pointer, problem.detail) for problem in caught.value.problems] == [
        ("/rows/1/features/AGEP", "is not finite or too large for a 32-bit float")
    ]


def test_matrix_takes_the_largest_float_there_is() -> None:
    rows = decoding.matrix([{"AGEP": decoding.LARGEST, "SCHL": -decoding.LARGEST}], SCHEMA)
    assert np.isfinite(rows).all()


def test_attributes_of_plain_values_pass() -> None:
    decoding.check_attributes([{"SEX": 2, "RAC1P": "1", "known": True, "age": 41.5, "none": None}, {}])


@pytest.mark.parametrize(
    ("attributes", "pointer"),
    [
        ({"a": {"b": 1}}, "/rows/1/attributes/a"),
        ({"a": [1]}, "/rows/1/attributes/a"),
        ({"a": float("inf")}, "/rows/1/attributes/a"),
        ({"a\nb": 1}, "/rows/1/attributes"),
        ({"": 1}, "/rows/1/attributes"),
        ({"\U0001f600": 1}, "/rows/1/attributes"),
        ({"a" * 101: 1}, "/rows/1/attributes"),
        ({str(number): 1 for number in range(21)}, "/rows/1/attributes"),
    ],
)
def test_attributes_that_the_log_cannot_commit_to_are_refused(attributes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        decoding.check_attributes([{"SEX": 1}, attributes])
    assert [problem.pointer for problem in caught.value.problems] == [pointer]
