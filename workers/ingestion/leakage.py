"""What a model could learn that it will not have: rows in both parts of a split, columns that give the label away.

Pure: a table and row numbers in, plain findings out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.profiles import numbers
from workers.ingestion.types import NUMERIC, kind

NEARLY_PERFECT = 0.99
TELLING = r"(^|_)({label}|target|label|outcome|y_true|ground_truth)(_|$)"
LEVELS_AT_MOST = 50
Index = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Leak:
    """One figure: how many rows, or how well a column alone predicts; suspect where it should worry somebody."""

    metric: str
    value: float
    n: int
    suspect: bool
    method: str
    column: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def find(
    table: pa.Table, *, label: str, features: Sequence[str], train: Index, holdout: Index, group: str = ""
) -> list[Leak]:
    """Duplicates within and across the split, groups in both parts, and columns that predict the label alone.

    train, holdout: row numbers of the recipe's split, shape (rows,). group: the column of people or places that the
    split keeps apart, or "". A single column's strength is measured on the rows of `train`.
    """
    return [
        *duplicates(table, features=features, label=label, train=train, holdout=holdout),
        *(overlap(table, group=group, train=train, holdout=holdout) if group else ()),
        *telling_names(label=label, features=features),
        *strengths(table.take(pa.array(train)), label=label, features=features),
    ]


def duplicates(table: pa.Table, *, features: Sequence[str], label: str, train: Index, holdout: Index) -> list[Leak]:
    """Rows that are equal in every feature and the label: within all rows, and held-out rows that were trained on.

    Where rows are few-valued many are equal by chance; so the figure is for a person to judge from 1 per cent on.
    """
    codes = _codes(table.select([*features, label]))
    within = len(codes) - len(np.unique(codes))
    across = int(np.isin(codes[holdout], codes[train]).sum())
    return [
        _share("duplicate_rows", within, len(codes), "rows equal to an earlier one in features and label"),
        _share("duplicates_across_split", across, len(holdout), "held-out rows equal to a training row"),
    ]


def overlap(table: pa.Table, *, group: str, train: Index, holdout: Index) -> list[Leak]:
    """Held-out rows whose group was trained on."""
    codes = _codes(table.select([group]))
    shared = np.isin(codes[holdout], codes[train])
    groups = len(np.intersect1d(codes[holdout], codes[train]))
    n = len(holdout)
    detail = {"groups": groups}
    return [
        Leak(
            "group_overlap", _of(int(shared.sum()), n), n, groups > 0, "held-out rows of trained groups", group, detail
        )
    ]


def telling_names(*, label: str, features: Sequence[str]) -> list[Leak]:
    """Features that are called like the label or like an outcome."""
    pattern = re.compile(TELLING.format(label=re.escape(label.casefold())))
    named = [name for name in features if pattern.search(name.casefold())]
    return [Leak("telling_name", 1.0, 0, True, "the column's name", name) for name in named]


def strengths(table: pa.Table, *, label: str, features: Sequence[str]) -> list[Leak]:
    """How well each column alone predicts the label: AUC for two classes, else the correlation's size (eta or r).

    All of them are reported; from 0.99 on one is suspect. Few rows per level would flatter categories, so a category
    counts only where its levels hold ten rows on average.
    """
    target = _encoded(table[label])
    found = []
    for name in features:
        column = table[name]
        known = ~np.isnan(target) & np.asarray(pc.is_valid(column))
        if known.sum() < 10 or len(np.unique(target[known])) < 2:
            continue
        figure = _strength(column, target, known)
        if figure is not None:
            value, method = figure
            found.append(Leak("single_column", value, int(known.sum()), value >= NEARLY_PERFECT, method, name))
    return found


def _strength(column: pa.ChunkedArray, target: Any, known: Any) -> tuple[float, str] | None:
    answers = target[known]
    classes = len(np.unique(answers))
    score = _score(column, target, known)
    if score is None:
        return None
    if classes == 2:
        area = _auc(answers == answers.max(), score)
        return max(area, 1 - area), "AUC of the column alone"
    if classes <= LEVELS_AT_MOST and kind(column.type) in NUMERIC:
        return max(
            _eta(answers, score), _eta(score, answers) if len(np.unique(score)) <= LEVELS_AT_MOST else 0.0
        ), "correlation ratio"
    return _correlation(answers, score), "correlation of the column alone"


def _score(column: pa.ChunkedArray, target: Any, known: Any) -> Any:
    """Numbers as they are; levels by the mean of the label in them."""
    if kind(column.type) in NUMERIC or kind(column.type) in ("date", "timestamp", "boolean"):
        return _encoded(column)[known]
    codes = _codes(pa.table({"level": column}))[known]
    levels, place = np.unique(codes, return_inverse=True)
    if 10 * len(levels) > len(codes):
        return None
    means = np.bincount(place, weights=target[known]) / np.bincount(place)
    return means[place]


def _auc(positive: Any, score: Any) -> float:
    """The share of pairs in the right order, ties as half (Mann and Whitney)."""
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    held, rest = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - held * (held + 1) / 2) / (held * rest))


def _eta(groups: Any, values: Any) -> float:
    """The correlation ratio: how much of the values' spread lies between the groups."""
    _, place = np.unique(groups, return_inverse=True)
    counts = np.bincount(place)
    means = np.bincount(place, weights=values) / counts
    total = float(((values - values.mean()) ** 2).sum())
    between = float((counts * (means - values.mean()) ** 2).sum())
    return float(np.sqrt(min(1.0, between / total))) if total > 0 else 0.0


def _correlation(one: Any, other: Any) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(min(1.0, abs(np.corrcoef(one, other)[0, 1])))


def _encoded(column: pa.ChunkedArray) -> Any:
    """Numbers as they are, days and moments as numbers, classes by their place; NaN where missing or infinite."""
    what = kind(column.type)
    if what == "date":
        column = column.cast(pa.int32())
    elif what == "timestamp":
        column = column.cast(pa.int64())
    elif what not in (*NUMERIC, "boolean"):
        codes = _codes(pa.table({"level": column})).astype(float)
        return np.where(np.asarray(pc.is_valid(column)), codes, np.nan)
    values = numbers(column)
    return np.where(np.isfinite(values), values, np.nan)


def _codes(table: pa.Table) -> Index:
    """A whole number a row, equal for equal rows; missing values equal each other. Shape (rows,)."""
    together = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        indices = column.combine_chunks().dictionary_encode(null_encoding="encode").indices
        codes = np.asarray(indices, dtype=np.int64)
        # Renumbered after each column, so that the product never overflows.
        _, together = np.unique(together * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return together


def _share(metric: str, rows: int, n: int, method: str) -> Leak:
    return Leak(metric, _of(rows, n), n, rows > 0.01 * n, method, detail={"rows": rows})


def _of(rows: int, n: int) -> float:
    return rows / n if n else 0.0
