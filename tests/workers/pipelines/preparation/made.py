"""A table of visitors with a column of each kind, and shortcuts from a declaration to a fitted pipeline."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from workers.pipelines import matrices, preparation
from workers.pipelines.matrices import Rows
from workers.pipelines.preparation import Layout, Preparation

Array = np.ndarray[Any, Any]
BINARY = "binary_classification"
EVERYTHING: dict[str, Any] = {
    "age": "numeric",
    "at": {"type": "timestamp", "keep": False},
    "born": "date",
    "city": {"type": "categorical", "rare": {"below_rows": 30}, "encoding": {"kind": "one_hot", "unknown": "rare"}},
    "code": {"type": "categorical", "encoding": {"kind": "target"}},
    "income": {
        "type": "numeric",
        "outliers": {"kind": "iqr", "factor": 1.5},
        "missing": {"strategy": "mean", "indicator": True},
    },
    "member": "boolean",
    "note": {"type": "text", "text": {"ngrams": 2}},
}
PREPARATION: dict[str, Any] = {
    "corrections": [
        {"column": "age", "below": 0, "to": None},
        {"column": "city", "values": {"Chur": "Bern"}},
        {"column": "code", "values": {"9": None, "1": 2, "2": 1}},
    ],
    "outliers": {"kind": "quantiles", "lower": 0.01, "upper": 0.99},
    "derived": [
        {"kind": "date_parts", "of": "born", "parts": ["year", "quarter", "month", "day", "weekday", "is_weekend"]},
        {"kind": "date_parts", "of": "at", "parts": ["hour", "weekday"], "encoding": "one_hot"},
        {"kind": "date_parts", "of": "at", "parts": ["month"], "encoding": "cyclic"},
        {"kind": "days_between", "from": "born", "to": "at"},
        {"kind": "product", "of": ["age", "member"]},
        {"kind": "polynomial", "of": ["age", "income"]},
        {"kind": "log1p", "of": ["age", "income"]},
        {"kind": "bins", "of": "age", "cut": "quantiles", "count": 4, "encoding": "one_hot"},
        {"kind": "bins", "of": "income", "cut": "uniform", "count": 5},
        {"kind": "words", "of": "note"},
    ],
}


def visitors(count: int = 400, seed: int = 0) -> pa.Table:
    """A column of each kind, one cell in twenty missing."""
    random = np.random.default_rng(seed)

    def holes(values: list[Any]) -> list[Any]:
        return [None if random.random() < 0.05 else value for value in values]

    words = ["gut", "Schlecht,", "STRASSE", "straße", "x-ray", "42", "ok!"]
    days = [date(1900, 1, 1) + timedelta(days=int(day)) for day in random.integers(0, 50_000, count)]
    moments = [datetime(2020, 1, 1) + timedelta(seconds=int(s)) for s in random.integers(-(10**9), 10**8, count)]
    cities = random.choice(["Zürich", "Bern", "Genf", "Basel", "Chur"], count, p=[0.5, 0.3, 0.15, 0.04, 0.01])
    return pa.table(
        {
            "age": pa.array(holes(random.normal(40, 20, count).round(2).tolist()), pa.float64()),
            "at": pa.array(holes(moments), pa.timestamp("us")),
            "born": pa.array(holes(days), pa.date32()),
            "city": pa.array(holes(cities.tolist()), pa.string()),
            "code": pa.array(holes(random.integers(0, 12, count).tolist()), pa.int64()),
            "income": pa.array(holes(np.exp(random.normal(8, 2, count)).tolist()), pa.float64()),
            "member": pa.array(holes((random.random(count) < 0.3).tolist()), pa.bool_()),
            "note": pa.array(holes([" ".join(random.choice(words, random.integers(0, 6))) for _ in range(count)])),
        }
    )


def answers(table: pa.Table) -> Array:
    """A label with something to learn in it."""
    older = np.nan_to_num(table["age"].to_numpy()) > 40
    return (older ^ (np.array(table["city"].to_pylist(), dtype=object) == "Bern")).astype(np.int64)


def laid(table: pa.Table, features: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Layout, Rows]:
    layout = preparation.bind(preparation.plan(features, document), table)
    return layout, matrices.inputs(table, layout.entries).rows


def prepared(
    table: pa.Table,
    features: Mapping[str, Any],
    document: Mapping[str, Any] | None = None,
    *,
    labels: Array | None = None,
    scaled: bool = False,
) -> tuple[Preparation, dict[str, list[float]]]:
    """The fitted preparation, and the prepared columns of the rows fitted on by name."""
    layout, rows = laid(table, features, document or {})
    step = Preparation(layout, task=BINARY, scaled=scaled, seed=0)
    matrix = step.fit_transform(rows, labels)
    return step, {name: matrix[:, place].tolist() for place, name in enumerate(step.names_)}


def pipeline(layout: Layout, estimator: BaseEstimator | None = None, *, task: str = BINARY) -> Pipeline:
    step = preparation.transformer(layout, task=task, scaled=True, seed=0)
    estimate = LogisticRegression(max_iter=1000) if estimator is None else estimator
    return Pipeline([("prepare", step), ("estimate", estimate)])
