"""Each step by hand: what is corrected, clipped, filled, derived and scaled."""

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from tests.workers.pipelines.preparation.made import prepared
from workers.pipelines.errors import TrainingRefused

NUMBERS = pa.table({"x": [1.0, 2.0, None, 4.0, 1000.0]})
DAYS = pa.table({"d": [date(2024, 2, 29), date(1969, 12, 31), None], "e": [date(2024, 3, 1), date(1970, 1, 1), None]})
MOMENTS = pa.table({"t": pa.array([datetime(1969, 12, 31, 23, 59, 59, 500_000), None], pa.timestamp("us"))})


@pytest.mark.parametrize(
    ("missing", "filled"),
    [
        ({"strategy": "median"}, 3.0),
        ({"strategy": "mean"}, 251.75),
        ({"strategy": "most_frequent"}, 1.0),
        ({"strategy": "constant", "value": -1}, -1.0),
    ],
)
def test_missing_number_is_filled_as_declared(missing: dict[str, object], filled: float) -> None:
    _, columns = prepared(NUMBERS, {"x": {"type": "numeric", "missing": missing}})
    assert columns == {"x": [1, 2, filled, 4, 1000]}


def test_missing_number_with_indicator_has_a_column_that_says_so() -> None:
    missing = {"strategy": "median", "indicator": True}
    _, columns = prepared(NUMBERS, {"x": {"type": "numeric", "missing": missing}})
    assert columns == {"x": [1, 2, 3, 4, 1000], "missing(x)": [0, 0, 1, 0, 0]}


def test_outliers_are_clipped_to_quantiles_of_the_rows_fitted_on() -> None:
    table = pa.table({"x": [float(i) for i in range(101)]})
    _, columns = prepared(table, {"x": "numeric"}, {"outliers": {"kind": "quantiles", "lower": 0.1, "upper": 0.9}})
    assert columns["x"] == np.clip(np.arange(101.0), 10, 90).tolist()


def test_outliers_are_clipped_to_the_reach_of_the_quartiles() -> None:
    _, columns = prepared(NUMBERS, {"x": "numeric"}, {"outliers": {"kind": "iqr", "factor": 1.5}})
    # Quartiles of 1, 2, 4, 1000: 1.75 and 253, so up to 253 + 1.5 * 251.25.
    assert columns["x"] == [1, 2, 3, 4, 629.875]


def test_corrections_swap_values_and_make_a_range_missing() -> None:
    corrections = [{"column": "x", "values": {"1": 2, "2": 1}}, {"column": "x", "above": 4, "to": None}]
    declared = {"x": {"type": "numeric", "missing": {"strategy": "constant", "value": -1}}}
    _, columns = prepared(NUMBERS, declared, {"corrections": corrections})
    assert columns == {"x": [2, 1, -1, 4, -1]}


def test_correction_of_a_number_by_a_word_is_refused() -> None:
    with pytest.raises(TrainingRefused, match="The correction of 'x' names 'old', and its values are numbers"):
        prepared(NUMBERS, {"x": "numeric"}, {"corrections": [{"column": "x", "values": {"old": None}}]})


def test_date_parts_are_those_of_the_calendar() -> None:
    parts = ["year", "quarter", "month", "day", "weekday", "is_weekend"]
    derived = [{"kind": "date_parts", "of": "d", "parts": parts}, {"kind": "days_between", "from": "d", "to": "e"}]
    _, columns = prepared(DAYS, {"d": {"type": "date", "keep": False}, "e": "date"}, {"derived": derived})
    assert columns == {
        "e": [19783, 0, 0],
        "year(d)": [2024, 1969, 1969],
        "quarter(d)": [1, 4, 4],
        "month(d)": [2, 12, 12],
        "day(d)": [29, 31, 31],
        "weekday(d)": [3, 2, 2],
        "is_weekend(d)": [0, 0, 0],
        "days(d, e)": [1, 1, 1],
    }


def test_timestamp_is_days_and_seconds_rounded_down_before_1970_too() -> None:
    derived = [{"kind": "date_parts", "of": "t", "parts": ["hour"]}]
    _, columns = prepared(MOMENTS, {"t": "timestamp"}, {"derived": derived})
    assert columns == {"t": [-1, -1], "t.seconds": [86399, 86399], "hour(t)": [23, 23]}


def test_date_parts_one_hot_and_on_the_circle() -> None:
    derived = [
        {"kind": "date_parts", "of": "d", "parts": ["quarter"], "encoding": encoding}
        for encoding in ("one_hot", "cyclic")
    ]
    _, columns = prepared(DAYS.slice(0, 2), {"d": {"type": "date", "keep": False}}, {"derived": derived})
    assert [columns[f"quarter(d)={quarter}"] for quarter in (1, 2, 3, 4)] == [[1, 0], [0, 0], [0, 0], [0, 1]]
    assert columns["quarter(d)=sin"] == [0, -1]
    assert columns["quarter(d)=cos"] == pytest.approx([1, 0], abs=1e-7)


def test_products_logarithms_and_bins_are_of_the_cleaned_numbers() -> None:
    table = pa.table({"a": [1.0, None, -3.0], "b": [2.0, 4.0, 8.0]})
    derived = [
        {"kind": "product", "of": ["a", "b"]},
        {"kind": "polynomial", "of": ["a", "b"]},
        {"kind": "log1p", "of": ["a"]},
        {"kind": "bins", "of": "b", "cut": "edges", "edges": [4, 8]},
        {"kind": "bins", "of": "b", "cut": "uniform", "count": 2, "encoding": "one_hot"},
    ]
    _, columns = prepared(table, dict.fromkeys("ab", "numeric"), {"derived": derived})
    assert columns["a"] == [1, -1, -3]
    assert columns["a*b"] == [2, -4, -24]
    assert (columns["a*a"], columns["b*b"]) == ([1, 1, 9], [4, 16, 64])
    assert columns["log1p(a)"] == pytest.approx([np.log(2), -np.log(2), -np.log(4)])
    assert columns["bin(b)"] == [0, 1, 2]
    assert (columns["bin(b)=0"], columns["bin(b)=1"]) == ([1, 1, 0], [0, 0, 1])


@pytest.mark.parametrize(
    ("scaling", "scaled"),
    [
        ("standard", [-1.414214, -0.707107, 0, 0.707107, 1.414214]),
        ("robust", [-1, -0.5, 0, 0.5, 1]),
        ("minmax", [0, 0.25, 0.5, 0.75, 1]),
        ("none", [1, 2, 3, 4, 5]),
    ],
)
def test_scaling_is_as_declared_whatever_the_estimator(scaling: str, scaled: list[float]) -> None:
    table = pa.table({"x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    for by_default in (True, False):
        _, columns = prepared(table, {"x": "numeric"}, {"scaling": scaling}, scaled=by_default)
        assert columns["x"] == pytest.approx(scaled, abs=1e-6)


def test_boolean_is_filled_with_the_most_frequent_and_never_scaled() -> None:
    table = pa.table({"b": [True, None, True, False]})
    _, columns = prepared(table, {"b": "boolean"}, scaled=True)
    assert columns == {"b": [1, 1, 1, 0]}


def test_product_too_large_for_float32_is_refused_by_name() -> None:
    with pytest.raises(TrainingRefused, match=r"gives 'x\*x' values too large for float32"):
        prepared(pa.table({"x": [1e30, 1.0]}), {"x": "numeric"}, {"derived": [{"kind": "polynomial", "of": ["x"]}]})
