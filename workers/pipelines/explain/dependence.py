"""What the model answers on average as one feature moves and all else stays, with the spread of single rows.

References: J. Friedman, Ann. Stat. 29 (2001), 1189-1232 (partial dependence); A. Goldstein and others, J. Comput.
Graph. Stat. 24 (2015), 44-65 (individual conditional expectation).
"""

from typing import Any

import numpy as np

from workers.pipelines.explain.parts import Ids, Part, Pool

QUANTILES = (0.1, 0.5, 0.9)


def partial(pool: Pool, rows: Ids, *, points: int) -> list[dict[str, Any]]:
    """For each feature but images and texts: its values in use, at most `points`, with the mean answer at each.

    And quantiles of the rows' own answers. Of several classes each has its curve.
    """
    places = [place for place, part in enumerate(pool.parts) if part.type not in ("image", "text")]
    return [curve for place in places for curve in _curves(pool, rows, place, points)]


def grid(pool: Pool, rows: Ids, part: Part, points: int) -> Ids:
    """Rows of the pool that hold the values to try, ascending: each level, or evenly spread order statistics."""
    column = pool.column(part)[rows]
    known = column == column if column.dtype != object else column != ""
    _, first = np.unique(column[known], return_index=True)
    distinct = rows[np.flatnonzero(known)[first]]
    if len(distinct) > points and part.type != "categorical":
        distinct = distinct[np.unique(np.linspace(0, len(distinct) - 1, points).round().astype(np.int64))]
    return distinct[:points]


def _curves(pool: Pool, rows: Ids, place: int, points: int) -> list[dict[str, Any]]:
    part = pool.parts[place]
    holders = grid(pool, rows, part, points)
    if len(holders) < 2:
        return []
    answers = np.stack([_moved(pool, rows, place, int(holder)) for holder in holders])  # (points, rows, outputs)
    quantiles = np.quantile(answers, QUANTILES, axis=1)
    return [
        {
            "feature": part.name,
            "type": part.type,
            "output": output,
            "grid": [plain(value) for value in pool.column(part)[holders]],
            "mean": answers[:, :, one].mean(axis=1).tolist(),
            "quantiles": {str(share): quantiles[k, :, one].tolist() for k, share in enumerate(QUANTILES)},
            "n": len(rows),
        }
        for one, output in enumerate(pool.outputs)
    ]


def _moved(pool: Pool, rows: Ids, place: int, holder: int) -> Any:
    ids = pool.own(rows)
    ids[:, place] = holder
    return pool.answers(ids)


def plain(value: Any) -> float | str | None:
    """A value of an input as JSON has it; None where it is missing."""
    if isinstance(value, str):
        return value
    return None if value != value else float(value)
