"""A profile as bytes: a line that says what follows, a canonical header, then arrays of little-endian numbers.

The same table gives the same bytes on every machine, so their digest names them. A numeric column that keeps its values
keeps nothing that follows from them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tlog import canonical
from audit.tlog.errors import CanonicalError
from monitoring.kernels import bins
from monitoring.kernels.correlation import ORDERS, Moments
from monitoring.kernels.sketches.counts import Sketch, sketch
from monitoring.measures.profiles import framing
from monitoring.measures.profiles.counting import NumericCounts
from monitoring.measures.profiles.framing import Categorical, Frames, Numeric
from monitoring.measures.profiles.profile import CategoricalColumn, Column, NumericColumn, Profile
from monitoring.measures.profiles.replays import Null

Array = NDArray[Any]
Fields = dict[str, Any]

MAGIC = b"mlops reference profile 3\n"
LENGTH = 8


def to_bytes(profile: Profile) -> bytes:
    """Raises CanonicalError on a column or level whose name has no canonical spelling (NUL, lone surrogates)."""
    arrays: list[Array] = [profile.moments.sums.ravel()]
    columns = [_numeric_to(column, arrays) if isinstance(column, NumericColumn) else _categorical_to(column, arrays)
               for column in profile.columns]  # fmt: skip
    sizes = [int(array.size) for array in arrays]
    header = canonical.encode({"rows": profile.rows, "columns": columns, "sizes": sizes})
    little = [np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes() for array in arrays]
    return b"".join([MAGIC, len(header).to_bytes(LENGTH, "little"), header, *little])


def from_bytes(raw: bytes) -> Profile:
    """The profile that `to_bytes` wrote. Raises ValueError on anything else, one byte more or less included."""
    try:
        profile = _read(raw)
    except (CanonicalError, KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"these bytes are no reference profile: {problem}") from problem
    if to_bytes(profile) != raw:
        raise ValueError("these bytes are no reference profile, or not in its one spelling")
    return profile


class _Arrays:
    """The arrays after the header, one after another."""

    def __init__(self, raw: bytes, start: int, sizes: list[int]) -> None:
        self.raw, self.place, self.sizes = raw, start, iter(sizes)

    def take(self, dtype: str) -> Any:
        array = np.frombuffer(self.raw, np.dtype(dtype).newbyteorder("<"), next(self.sizes, 0), self.place)
        self.place += array.nbytes
        # A copy of this machine's own kind: kernels are compiled for arrays that may be written to.
        return array.astype(dtype)


def _read(raw: bytes) -> Profile:
    start = len(MAGIC) + LENGTH
    if raw[: len(MAGIC)] != MAGIC:
        raise ValueError("not of a known version")
    body = start + int.from_bytes(raw[len(MAGIC) : start], "little")
    header: Any = canonical.decode(raw[start:body])
    arrays = _Arrays(raw, body, header["sizes"])
    sums = arrays.take("int64")
    width = int((sums.size // len(ORDERS)) ** 0.5)
    columns = tuple(_column_from(fields, header["rows"], arrays) for fields in header["columns"])
    frames = Frames(tuple(column.frame for column in columns))
    return Profile(header["rows"], columns, Moments(sums.reshape(len(ORDERS), width, width)), frames)


def _numeric_to(column: NumericColumn, arrays: list[Array]) -> Fields:
    frame, counts = column.frame, column.counts
    if column.values is not None:
        arrays.append(column.values)
    else:
        arrays += [frame.edges, frame.cuts, frame.scores, counts.bins, counts.sketch.rows, counts.sketch.steps]
    _null_to(column.null, arrays)
    return {
        "kind": "numeric",
        "name": frame.name,
        "dtype": frame.dtype,
        "offset": str(frame.offset),
        "missing": column.missing,
        "values": column.values is not None,
    }


def _categorical_to(column: CategoricalColumn, arrays: list[Array]) -> Fields:
    arrays.append(column.counts)
    _null_to(column.null, arrays)
    return {
        "kind": "categorical",
        "name": column.name,
        "levels": list(column.levels),
        "rare_levels": column.rare_levels,
        "rare": column.rare,
        "missing": column.missing,
    }


def _column_from(fields: Fields, rows: int, arrays: _Arrays) -> Column:
    if fields["kind"] == "categorical":
        counts = arrays.take("int64")
        rare = fields["rare_levels"], fields["rare"], fields["missing"]
        frame = Categorical(fields["name"])
        return CategoricalColumn(frame, rows, tuple(fields["levels"]), counts, *rare, _null_from(arrays))
    identity = fields["name"], fields["dtype"], int(fields["offset"])
    if fields["values"]:
        values = arrays.take("float64")
        numeric = framing.numeric_of(*identity, values)
        counted = NumericCounts(bins.count(values, numeric.edges), sketch(values, numeric.ruler))
        for cells in (counted.bins, counted.sketch.rows):
            cells[-1] = fields["missing"]
        return NumericColumn(numeric, rows, counted, values, _null_from(arrays))
    numeric = Numeric(*identity, arrays.take("float64"), arrays.take("float64"), arrays.take("int8"))
    counted = NumericCounts(arrays.take("int64"), Sketch(arrays.take("int64"), arrays.take("int64")))
    return NumericColumn(numeric, rows, counted, None, _null_from(arrays))


def _null_to(null: Null, arrays: list[Array]) -> None:
    arrays += [null.sizes, null.median, null.high, null.design]


def _null_from(arrays: _Arrays) -> Null:
    return Null(arrays.take("int64"), *(arrays.take("float64") for _ in range(3)))
