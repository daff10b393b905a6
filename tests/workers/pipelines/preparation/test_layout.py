"""Where features stand in the inputs, what the input schema says of them, and data that cannot be used."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from tests.workers.pipelines.preparation.made import EVERYTHING, laid, visitors
from workers.pipelines import matrices, preparation
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.matrices import Inputs


def places(layout: preparation.Layout) -> dict[str, tuple[str, int]]:
    return {entry["name"]: (entry["input"], entry["position"]) for entry in layout.entries}


def test_bind_gives_each_feature_its_place_and_a_timestamp_two() -> None:
    layout = preparation.bind(preparation.plan(EVERYTHING, {}), visitors(10))
    assert places(layout) == {
        "age": ("features", 0),
        "at": ("features", 1),
        "born": ("features", 3),
        "city": ("texts", 0),
        "code": ("features", 4),
        "income": ("features", 5),
        "member": ("features", 6),
        "note": ("texts", 1),
    }
    assert (layout.features, layout.texts) == (7, 2)


def test_bind_without_a_table_is_numbers_throughout() -> None:
    layout = preparation.bind(preparation.plan({"a": "numeric", "b": "categorical"}, {}))
    assert places(layout) == {"a": ("features", 0), "b": ("features", 1)}
    assert layout.plain


@pytest.mark.parametrize(
    ("kind", "values", "complaint"),
    [
        ("numeric", pa.array(["1"]), "holds string values"),
        ("date", pa.array([1]), "holds integer values"),
        ("text", pa.array([1]), "holds integer values"),
        ("categorical", pa.array([date(2024, 1, 1)]), "holds date values"),
    ],
)
def test_bind_column_of_another_type_is_refused(kind: str, values: pa.Array, complaint: str) -> None:
    with pytest.raises(TrainingRefused, match=f"The feature 'a' {complaint}"):
        preparation.bind(preparation.plan({"a": kind}, {}), pa.table({"a": values}))


def test_bind_absent_columns_are_named() -> None:
    with pytest.raises(TrainingRefused, match="The data has no columns b, c"):
        preparation.bind(preparation.plan(dict.fromkeys("abc", "numeric"), {}), pa.table({"a": [1]}))


def test_input_schema_tells_what_was_seen_of_every_type() -> None:
    table = pa.table({"born": [date(1970, 1, 2), date(1970, 1, 4)], "city": ["Genf", None], "yes": [True, False]})
    layout, rows = laid(table, {"born": "date", "city": "categorical", "yes": "boolean"}, {})
    nothing = {"minimum": None, "maximum": None, "allowed": None}
    assert preparation.input_schema(layout, rows) == [
        {"name": "born", "type": "date", "input": "features", "position": 0, **nothing, "minimum": 1, "maximum": 3},
        {"name": "city", "type": "categorical", "input": "texts", "position": 0, **nothing, "allowed": ["Genf"]},
        {"name": "yes", "type": "boolean", "input": "features", "position": 1, **nothing, "minimum": 0, "maximum": 1},
    ]


def test_inputs_from_the_registered_schema_are_those_of_the_layout() -> None:
    table = visitors(50)
    layout, rows = laid(table, EVERYTHING, {})
    again = matrices.inputs(table, preparation.input_schema(layout, rows))
    assert matrices.digest(again) == matrices.digest(rows)
    assert matrices.digest(matrices.inputs(table.to_pylist(), layout.entries)) == matrices.digest(rows)


def test_digest_of_rows_tells_apart_where_texts_end() -> None:
    nothing = np.empty((1, 0), dtype=np.float32)
    one, other = (Inputs(nothing, np.array([texts], dtype=object)) for texts in (["ab", "c"], ["a", "bc"]))
    assert matrices.digest(one) != matrices.digest(other)


def test_refuse_unusable_names_a_text_without_values() -> None:
    layout, rows = laid(pa.table({"city": pa.array([None, ""])}), {"city": "categorical"}, {})
    with pytest.raises(TrainingRefused, match="The feature 'city' holds no values"):
        preparation.refuse_unusable(layout, rows)
