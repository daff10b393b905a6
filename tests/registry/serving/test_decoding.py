"""Rows into a matrix, and errors that name row and column."""

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
