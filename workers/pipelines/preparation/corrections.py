"""Declared replacements of values: by value, by range, to another value or to a missing one."""

from typing import Any

import numpy as np

from workers.pipelines.errors import TrainingRefused
from workers.pipelines.preparation.layout import Layout
from workers.pipelines.preparation.numbers import Corrections

INFINITE = np.float32(np.inf)


def corrections(layout: Layout) -> Corrections:
    """Those of numbers and of coded categories, as layers over the input `features`."""
    made = Corrections(layout.features)
    for correction in layout.plan.document.get("corrections", []):
        entry = layout.entry(correction["column"])
        if entry["input"] == "features":
            for low, high, to in _ranges(correction):
                made.add(entry["position"], low, high, to)
        elif "values" not in correction:
            raise TrainingRefused(f"The texts of {entry['name']!r} have no range.", "Correct them by `values`.")
    return made


def replaced_texts(layout: Layout, name: str) -> dict[str, str]:
    """What replaces what in a category of texts; "" is a missing one."""
    replaced: dict[str, str] = {}
    for correction in layout.plan.document.get("corrections", []):
        if correction["column"] == name and layout.entry(name)["input"] == "texts":
            replaced |= {key: "" if to is None else str(to) for key, to in correction["values"].items()}
    return replaced


def _ranges(correction: dict[str, Any]) -> list[tuple[float, float, float | None]]:
    if "values" in correction:
        column = correction["column"]
        pairs = [(_number(column, key), None if to is None else _number(column, to)) for key, to in _pairs(correction)]
        return [(value, value, to) for value, to in pairs]
    ranges = []
    if "below" in correction:
        ranges.append((-np.inf, float(np.nextafter(np.float32(correction["below"]), -INFINITE)), correction["to"]))
    if "above" in correction:
        ranges.append((float(np.nextafter(np.float32(correction["above"]), INFINITE)), np.inf, correction["to"]))
    return ranges


def _pairs(correction: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(correction["values"].items())


def _number(column: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TrainingRefused(
            f"The correction of {column!r} names {value!r}, and its values are numbers.", "Name a number."
        ) from error
