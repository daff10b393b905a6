"""What the fitted preparation changed, step by step, as plain JSON values."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from workers.pipelines import matrices
from workers.pipelines.matrices import Matrix, Rows
from workers.pipelines.preparation.corrections import replaced_texts
from workers.pipelines.preparation.layout import Layout
from workers.pipelines.preparation.ops import Array, Arrays
from workers.pipelines.preparation.transformer import Preparation

ARRAYS = Arrays()
Entry = dict[str, Any]


def report(pipeline: Pipeline, rows: Rows, layout: Layout) -> list[Entry]:
    """One entry a step and column that it changed or learned: {step, columns, ...counts and values}."""
    prepared = pipeline[0]
    if not isinstance(prepared, Preparation):
        return list(_plain(prepared, rows, layout))
    given = matrices.split(rows)
    corrected = prepared.fitted_.corrections.run(ARRAYS, given.features)
    return [
        *_corrected(prepared, given.features, corrected, given.texts),
        *_cleaned(prepared, corrected),
        *_derived(prepared),
        *_scaled(prepared),
        *_categories(prepared, corrected, given.texts),
        *_texts(prepared, given.texts),
        *_pictures(layout),
        {"step": "output", "columns": [], "count": len(prepared.names_), "rows": len(given)},
    ]


def _corrected(prepared: Preparation, before: Matrix, after: Matrix, texts: Any) -> Iterator[Entry]:
    for name in dict.fromkeys(one["column"] for one in prepared.layout.plan.document.get("corrections", [])):
        entry = prepared.layout.entry(name)
        if entry["input"] == "texts":
            changed = int(
                np.isin(texts[:, entry["position"]].astype(str), [*replaced_texts(prepared.layout, name)]).sum()
            )
            missing = set(replaced_texts(prepared.layout, name).values()) == {""}
            yield {"step": "corrections", "columns": [name], "cells": changed, "to_missing": changed if missing else 0}
            continue
        old, new = before[:, entry["position"]], after[:, entry["position"]]
        changed_cells = (old != new) & ~np.isnan(old)
        yield {
            "step": "corrections",
            "columns": [name],
            "cells": int(changed_cells.sum()),
            "to_missing": int((np.isnan(new) & ~np.isnan(old)).sum()),
        }


def _cleaned(prepared: Preparation, corrected: Matrix) -> Iterator[Entry]:
    for place, slot in enumerate(prepared.fitted_.slots):
        column = corrected[:, slot.position]
        low, high = prepared.fitted_.filled.low[0, place], prepared.fitted_.filled.high[0, place]
        if slot.outliers is not None:
            clipped = {"below": int((column < low).sum()), "above": int((column > high).sum())}
            bounds = {"low": _finite(low), "high": _finite(high)}
            yield {"step": "outliers", "columns": [slot.name], **slot.outliers, **bounds, **clipped}
        yield {
            "step": "missing",
            "columns": [slot.name],
            "strategy": slot.missing["strategy"],
            "value": float(prepared.fitted_.filled.fill[0, place]),
            "cells": int(np.isnan(column).sum()),
            "indicator": bool(slot.missing.get("indicator", False)),
        }


def _derived(prepared: Preparation) -> Iterator[Entry]:
    for one in prepared.fitted_.derived:
        learned = {"edges": one.edges} if one.document["kind"] == "bins" else {}
        yield {"step": "derived", **one.document, **learned}


def _scaled(prepared: Preparation) -> Iterator[Entry]:
    scales = prepared.fitted_.scales
    if scales is not None and (scales.center.any() or (scales.spread != 1).any()):
        count = scales.center.shape[1]
        yield {
            "step": "scaling",
            "columns": prepared.names_[:count],
            "center": scales.center[0].tolist(),
            "spread": scales.spread[0].tolist(),
        }


def _categories(prepared: Preparation, corrected: Matrix, texts: Any) -> Iterator[Entry]:
    for category in prepared.fitted_.categories:
        entry = prepared.layout.entry(category.name)
        column = (texts if category.texts else corrected)[:, [entry["position"]]]
        codes = category.coded(ARRAYS, column)[:, 0]
        counts = np.bincount(codes[codes >= 0].astype(int), minlength=len(category.levels)).tolist()
        yield {
            "step": "encoding",
            "columns": [category.name],
            "kind": category.kind,
            "levels": dict(zip(category.levels, counts, strict=True)),
            "missing": int(_missing(column).sum()),
            "unknown": int((codes < 0).sum()),
            "grouped_as_rare": [key if isinstance(key, str) else float(key) for key in category.rare],
            **({} if category.means is None else {"means": category.means[1:].tolist()}),
        }


def _texts(prepared: Preparation, texts: Any) -> Iterator[Entry]:
    for weighted in prepared.fitted_.weighted:
        column = texts[:, prepared.layout.entry(weighted.name)["position"]]
        empty = int((column == "").sum())
        yield {"step": "text", "columns": [weighted.name], "vocabulary": len(weighted.terms), "empty": empty}


def _pictures(layout: Layout) -> Iterator[Entry]:
    for entry in layout.entries:
        if entry["type"] == "image":
            shape = {key: entry[key] for key in ("width", "height", "mode")}
            yield {"step": "pixels", "columns": [entry["name"]], **shape, "low": 0.0, "high": 1.0}


def _plain(prepared: ColumnTransformer, rows: Rows, layout: Layout) -> Iterator[Entry]:
    """The same for the transformer of version 1: medians, and one column a level."""
    features = matrices.split(rows).features
    names = [entry["name"] for entry in layout.entries]
    for kind, fitted, positions in prepared.transformers_:
        if kind not in ("numeric", "categorical") or not len(positions):
            continue
        learned = fitted["impute"].statistics_ if kind == "numeric" else fitted["encode"].categories_
        for position, value in zip(positions, learned, strict=True):
            missing = int(np.isnan(features[:, position]).sum())
            yield {"columns": [names[position]], **_of(kind, value, features[:, position], missing)}


def _of(kind: str, learned: Any, column: Array, missing: int) -> Entry:
    if kind == "numeric":
        return {"step": "missing", "strategy": "median", "value": float(learned), "cells": missing, "indicator": False}
    levels, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    shown = {f"{level:g}": int(count) for level, count in zip(levels, counts, strict=True)}
    unknown = int(sum(count for level, count in zip(levels, counts, strict=True) if level not in learned))
    return {"step": "encoding", "kind": "one_hot", "levels": shown, "missing": missing, "unknown": unknown}


def _missing(column: Array) -> Array:
    return np.asarray(column == "" if column.dtype == object else np.isnan(column))


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
