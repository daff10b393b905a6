"""Rows become the same matrix from a table and from JSON, and a probability each."""

import numpy as np
import pyarrow as pa
import pytest

from workers.pipelines import matrices, predict
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.training.trained import Trained


def test_matrix_from_table_and_from_rows_is_the_same() -> None:
    rows = [{"a": 1, "b": None, "c": True}, {"a": 2.5, "b": 4, "c": False}]
    table = pa.table({"c": [True, False], "b": [None, 4], "a": [1, 2.5]})
    expected = np.array([[1, np.nan, 1], [2.5, 4, 0]], dtype=np.float32)
    for source in (rows, table):
        matrix = matrices.matrix(source, ["a", "b", "c"])
        assert matrix.dtype == np.float32
        assert np.array_equal(matrix, expected, equal_nan=True)


def test_matrix_row_without_a_feature_is_refused() -> None:
    with pytest.raises(TrainingRefused, match="The data has no columns b"):
        matrices.matrix([{"a": 1, "b": 2}, {"a": 1}], ["a", "b"])


def test_score_of_bytes_and_of_session_is_the_probability(trained: Trained) -> None:
    rows = np.ones((3, 14), dtype=np.float32)
    score = predict.score(trained.onnx, rows)
    assert score.shape == (3,)
    assert np.array_equal(score, predict.score(predict.session(trained.onnx), rows))
    assert np.allclose(score, trained.pipeline.predict_proba(rows)[:, 1], atol=1e-6)
