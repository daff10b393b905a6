"""What a column is counted in: bins and cells of a numeric one; of a categorical one its name alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import bins, correlation, prepared
from monitoring.kernels.sketches import counts, ruler
from monitoring.kernels.sketches.ruler import Ruler

Floats = NDArray[np.float64]
Kind = Literal["numeric", "categorical"]

CUTS = 4_096  # of a numeric column: distribution functions are known to within 2 / CUTS everywhere
CORRELATED = 100  # columns at most, the first numeric ones


@dataclass(frozen=True, eq=False)
class Numeric:
    """Bin edges, cell cuts and rank scores of a numeric column, in its own precision and less its offset."""

    name: str
    dtype: str
    offset: int
    edges: Floats
    cuts: Floats
    scores: correlation.Scores

    @cached_property
    def ruler(self) -> Ruler:
        return ruler.make(self.cuts)

    def numbers(self, values: ArrayLike) -> Floats:
        """A window's values as float64, less the offset, in the coarser of both precisions; None becomes NaN.

        Raises ValueError or TypeError on what is not a number.
        """
        array = _numeric_array(values)
        floats = prepared.floats(array, self.offset)
        known, given = prepared.digits(self.dtype), prepared.digits(array.dtype.name)
        if known < given:
            with np.errstate(over="ignore"):
                floats = floats.astype(self.dtype).astype(np.float64)
        elif given < known and array.dtype.kind == "f" and given < prepared.digits("float64"):
            # The shortest decimal that is this float32: 0.1 again, and not 0.10000000149, which no reference holds.
            floats = array.astype(str).astype(np.float64)
        return np.ascontiguousarray(floats)


@dataclass(frozen=True, slots=True)
class Categorical:
    """A column of categories."""

    name: str


@dataclass(frozen=True, eq=False)
class Frames:
    """The columns of a table in order, and the places of the numeric ones whose correlations are followed."""

    columns: tuple[Numeric | Categorical, ...]

    @cached_property
    def correlated(self) -> tuple[int, ...]:
        places = [place for place, column in enumerate(self.columns) if isinstance(column, Numeric)][:CORRELATED]
        return tuple(places) if len(places) > 1 else ()


def frames(table: Mapping[str, ArrayLike], kinds: Mapping[str, Kind]) -> Frames:
    """Frames from all rows of a reference, or from enough of them. Raises KeyError on a column that the table lacks."""
    return Frames(
        tuple(numeric(name, table[name]) if kind == "numeric" else Categorical(name) for name, kind in kinds.items())
    )


def numeric(name: str, values: ArrayLike) -> Numeric:
    array = _numeric_array(values)
    offset = prepared.offset_of(array)
    floats = prepared.floats(array, offset)
    return numeric_of(name, array.dtype.name, offset, np.sort(floats[~np.isnan(floats)]))


def numeric_of(name: str, dtype: str, offset: int, ordered: Floats) -> Numeric:
    """The frame that ascending values give, infinities among them."""
    cuts = ruler.inner_cuts(ordered[np.isfinite(ordered)], CUTS)
    scores = correlation.scores(counts.sketch(ordered, ruler.make(cuts)).rows)
    return Numeric(name, dtype, offset, bins.edges(ordered), cuts, scores)


def _numeric_array(values: ArrayLike) -> NDArray[np.generic]:
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = array.astype(np.float64)
    if array.dtype.kind not in "biuf" or array.ndim != 1:
        raise TypeError(f"a numeric column has numbers in one dimension, not {array.dtype} in {array.ndim}")
    return array
