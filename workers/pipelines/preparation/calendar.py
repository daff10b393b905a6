"""The calendar in whole numbers: years, months and weekdays from days since 1970-01-01, as a graph can compute them.

The algorithm is civil_from_days of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013).
"""

from typing import Any

import numpy as np

from workers.pipelines.preparation.ops import Array, Ops

# From 0000-03-01, so that a leap day is the last day of its year.
SHIFT = 719_468
RANGES = {
    "quarter": (1, 4),
    "month": (1, 12),
    "day": (1, 31),
    "weekday": (0, 6),
    "is_weekend": (0, 1),
    "hour": (0, 23),
}


def parts(ops: Ops[Any], days: Any, seconds: Any | None) -> dict[str, Any]:
    """Each part as a column of whole numbers; Monday is 0. `seconds` of the day give the hour."""
    # Nothing before the year 0: whole numbers divide differently below zero.
    late = ops.where(ops.less(days, _float(-SHIFT)), _float(-SHIFT), days)
    shifted = ops.add(ops.integers(late), _whole(SHIFT))
    year, month, day = _civil(ops, shifted)
    weekday = ops.mod(ops.add(shifted, _whole(2)), _whole(7))
    found = {
        "year": year,
        "quarter": ops.div(ops.add(month, _whole(2)), _whole(3)),
        "month": month,
        "day": day,
        "weekday": weekday,
        "is_weekend": ops.div(weekday, _whole(5)),
    }
    return found if seconds is None else found | {"hour": ops.div(ops.integers(seconds), _whole(3600))}


def _civil(ops: Ops[Any], shifted: Any) -> tuple[Any, Any, Any]:
    era = ops.div(shifted, _whole(146_097))
    day_of_era = ops.mod(shifted, _whole(146_097))
    leaps = ops.sub(
        ops.add(ops.sub(day_of_era, ops.div(day_of_era, _whole(1460))), ops.div(day_of_era, _whole(36_524))),
        ops.div(day_of_era, _whole(146_096)),
    )
    year_of_era = ops.div(leaps, _whole(365))
    before = ops.sub(
        ops.add(ops.mul(year_of_era, _whole(365)), ops.div(year_of_era, _whole(4))),
        ops.div(year_of_era, _whole(100)),
    )
    day_of_year = ops.sub(day_of_era, before)
    from_march = ops.div(ops.add(ops.mul(day_of_year, _whole(5)), _whole(2)), _whole(153))
    first = ops.div(ops.add(ops.mul(from_march, _whole(153)), _whole(2)), _whole(5))
    day = ops.add(ops.sub(day_of_year, first), _whole(1))
    january = ops.div(from_march, _whole(10))  # 1 in January and February, which end the shifted year
    month = ops.sub(ops.add(from_march, _whole(3)), ops.mul(january, _whole(12)))
    year = ops.add(ops.add(year_of_era, ops.mul(era, _whole(400))), january)
    return year, month, day


def table(part: str, encoding: str) -> Array:
    """A row for each value of the part: one of its levels set, or its place on the circle as sine and cosine."""
    low, high = RANGES[part]
    count = high - low + 1
    if encoding == "one_hot":
        return np.eye(count, dtype=np.float32)
    angle = 2 * np.pi * np.arange(count) / count
    return np.stack([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


def _whole(value: int) -> Array:
    return np.array([value], dtype=np.int64)


def _float(value: float) -> Array:
    return np.array([value], dtype=np.float32)
