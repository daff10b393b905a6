"""Numbers made ready: corrected, clipped, filled, scaled; each statistic is that of the rows fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workers.pipelines.matrices import Matrix
from workers.pipelines.preparation.ops import Array, Arrays, Ops

ARRAYS = Arrays()


@dataclass(frozen=True)
class Slot:
    """One number column: its feature, its place in `features`, and how it is treated."""

    name: str
    feature: str
    position: int
    whole: bool
    missing: Mapping[str, Any]
    outliers: Mapping[str, Any] | None
    scaling: str
    keep: bool


@dataclass
class Corrections:
    """Declared replacements over the whole matrix, in layers: one rule a column in each.

    Where a column has no rule, its range is empty: from infinity to minus infinity. All rules look at the value that
    came in, so that 1 -> 2 and 2 -> 1 swap and never chain.
    """

    width: int
    layers: list[tuple[Matrix, ...]] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)

    def add(self, position: int, low: float, high: float, to: float | None) -> None:
        """Replace the values from low to high in one column."""
        layer = self.used.get(position, 0)
        self.used[position] = layer + 1
        if layer == len(self.layers):
            ends = (np.full((1, self.width), end, dtype=np.float32) for end in (np.inf, -np.inf, np.nan))
            self.layers.append(tuple(ends))
        for values, value in zip(self.layers[layer], (low, high, np.nan if to is None else to), strict=True):
            values[0, position] = value

    def run(self, ops: Ops[Any], came: Any) -> Any:
        held = came
        for low, high, to in self.layers:
            inside = ops.both(ops.negate(ops.less(came, low)), ops.negate(ops.less(high, came)))
            # A missing value is neither below nor above, and no rule is about it.
            applies = ops.both(inside, ops.equal(came, came))
            held = ops.where(applies, to, held)
        return held


@dataclass
class Filled:
    """Clipped to what was usual and filled where missing, a vector over the columns for each."""

    low: Matrix
    high: Matrix
    fill: Matrix

    @classmethod
    def fit(cls, slots: Sequence[Slot], values: Matrix) -> "Filled":
        bounds = [_bounds(slot.outliers, values[:, place]) for place, slot in enumerate(slots)]
        low, high = (np.array([[one[end] for one in bounds]], dtype=np.float32) for end in (0, 1))
        clipped = _clip(ARRAYS, values, low, high)
        fill = [_fill(slot, clipped[:, place]) for place, slot in enumerate(slots)]
        return cls(low, high, np.array([fill], dtype=np.float32))

    def run(self, ops: Ops[Any], values: Any) -> Any:
        clipped = _clip(ops, values, self.low, self.high)
        return ops.where(ops.is_nan(clipped), self.fill, clipped)


@dataclass
class Scaled:
    """Each column less its center, over its spread."""

    center: Matrix
    spread: Matrix

    @classmethod
    def fit(cls, kinds: Sequence[str], values: Matrix) -> "Scaled":
        with np.errstate(invalid="ignore", over="ignore"):
            pairs = [_scale(kind, values[:, place].astype(np.float64)) for place, kind in enumerate(kinds)]
        center, spread = (np.array([[one[end] for one in pairs]], dtype=np.float32) for end in (0, 1))
        spread[spread == 0] = 1
        return cls(center, spread)

    def run(self, ops: Ops[Any], values: Any) -> Any:
        if not self.center.any() and (self.spread == 1).all():
            return values
        return ops.div(ops.sub(values, self.center), self.spread)


def _clip(ops: Ops[Any], values: Any, low: Matrix, high: Matrix) -> Any:
    if np.isinf(low).all() and np.isinf(high).all():
        return values
    # Not Min and Max: how they treat NaN is not the same everywhere.
    raised = ops.where(ops.less(values, low), low, values)
    return ops.where(ops.less(high, raised), high, raised)


def _bounds(outliers: Mapping[str, Any] | None, column: Array) -> tuple[float, float]:
    present = column[~np.isnan(column)].astype(np.float64)
    if outliers is None or not present.size:
        return -np.inf, np.inf
    if outliers["kind"] == "quantiles":
        low, high = np.quantile(present, [outliers["lower"], outliers["upper"]])
        return float(low), float(high)
    first, third = np.quantile(present, [0.25, 0.75])
    reach = outliers["factor"] * (third - first)
    return float(first - reach), float(third + reach)


def _fill(slot: Slot, column: Array) -> float:
    present = column[~np.isnan(column)].astype(np.float64)
    strategy = slot.missing["strategy"]
    if strategy == "constant":
        return float(slot.missing["value"])
    if not present.size:
        return 0.0
    if strategy == "most_frequent":
        levels, counts = np.unique(present, return_counts=True)
        return float(levels[np.argmax(counts)])
    if strategy == "mean":
        return float(np.floor(present.mean()) if slot.whole else present.mean())
    # Days and seconds stay whole: half a day would be another date.
    return float(np.quantile(present, 0.5, method="lower") if slot.whole else np.median(present))


def _scale(kind: str, column: Array) -> tuple[float, float]:
    if kind == "standard":
        return float(column.mean()), float(column.std())
    if kind == "robust":
        first, middle, third = np.quantile(column, [0.25, 0.5, 0.75])
        return float(middle), float(third - first)
    if kind == "minmax":
        return float(column.min()), float(column.max() - column.min())
    return 0.0, 1.0
