"""What each step changed, as plain values."""

import json

import numpy as np
import pyarrow as pa

from tests.workers.pipelines.preparation.made import EVERYTHING, PREPARATION, answers, laid, pipeline, visitors
from workers.pipelines import preparation

LABELS = np.array([0, 1, 0, 1])


def test_report_tells_what_every_step_changed() -> None:
    table = pa.table({"age": [-1.0, 30.0, None, 90.0], "city": ["Bern", "Bern", None, "Genf"]})
    document = {
        "corrections": [{"column": "age", "below": 0, "to": None}, {"column": "city", "values": {"Genf": "Bern"}}],
        "outliers": {"kind": "quantiles", "lower": 0, "upper": 0.5},
        "scaling": "none",
    }
    layout, rows = laid(table, {"age": "numeric", "city": "categorical"}, document)
    reported = preparation.report(pipeline(layout).fit(rows, LABELS), rows, layout)
    assert reported == [
        {"step": "corrections", "columns": ["age"], "cells": 1, "to_missing": 1},
        {"step": "corrections", "columns": ["city"], "cells": 1, "to_missing": 0},
        {
            "step": "outliers",
            "columns": ["age"],
            "kind": "quantiles",
            "lower": 0,
            "upper": 0.5,
            "low": 30.0,
            "high": 60.0,
            "below": 0,
            "above": 1,
        },
        {"step": "missing", "columns": ["age"], "strategy": "median", "value": 45.0, "cells": 2, "indicator": False},
        {
            "step": "encoding",
            "columns": ["city"],
            "kind": "one_hot",
            "levels": {"missing": 1, "Bern": 3},
            "missing": 1,
            "unknown": 0,
            "grouped_as_rare": [],
        },
        {"step": "output", "columns": [], "count": 3, "rows": 4},
    ]


def test_report_of_everything_is_json_and_names_each_step() -> None:
    layout, rows = laid(visitors(), EVERYTHING, PREPARATION)
    reported = preparation.report(pipeline(layout).fit(rows, answers(visitors())), rows, layout)
    assert json.loads(json.dumps(reported)) == reported
    steps = list(dict.fromkeys(entry["step"] for entry in reported))
    assert steps == ["corrections", "outliers", "missing", "derived", "scaling", "encoding", "text", "output"]


def test_report_of_a_version_1_recipe_tells_medians_and_levels() -> None:
    table = pa.table({"age": [10.0, 30.0, None, 90.0], "code": [1, 1, None, 2]})
    layout, rows = laid(table, {"age": "numeric", "code": "categorical"}, {})
    assert preparation.report(pipeline(layout).fit(rows, LABELS), rows, layout) == [
        {"step": "missing", "columns": ["age"], "strategy": "median", "value": 30.0, "cells": 1, "indicator": False},
        {
            "step": "encoding",
            "columns": ["code"],
            "kind": "one_hot",
            "levels": {"1": 2, "2": 1},
            "missing": 1,
            "unknown": 0,
        },
    ]
