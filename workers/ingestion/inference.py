"""Which type each column of a CSV file has: the first of a chain that every value of the whole file can be read as.

The chain and the spellings are those of Arrow's own inference, which needs all rows at once; here they come in batches.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

TRUE_OR_FALSE = ["0", "1", "true", "false", "True", "False", "TRUE", "FALSE"]
#: In the order in which they are tried; text holds whatever nothing else does, times of day among it.
CHAIN: tuple[pa.DataType, ...] = (
    pa.null(),
    pa.int64(),
    pa.bool_(),
    pa.date32(),
    pa.timestamp("s"),
    pa.timestamp("ns"),
    pa.timestamp("s", "UTC"),
    pa.timestamp("ns", "UTC"),
    pa.float64(),
    pa.string(),
)


class Column:
    """What is still possible for one column after the values seen so far."""

    def __init__(self) -> None:
        self.possible = list(CHAIN)

    def see(self, values: pa.Array) -> None:
        """values: the column's text as it stands in the file, null where a value is missing."""
        if len(self.possible) == 1 or values.null_count == len(values):
            return
        present = values.drop_null()
        # Most text is told by its first value; only what that one allows is tried on the rest.
        for sample in (present.slice(0, 1), present):
            self.possible = [one for one in self.possible if _reads(one, sample)]

    @property
    def type(self) -> pa.DataType:
        """The narrowest type that is left."""
        return self.possible[0]


def _reads(wanted: pa.DataType, values: pa.Array) -> bool:
    reads = _SPECIAL.get(wanted.id)
    if reads:
        return reads(values)
    try:
        pc.ascii_trim(values, " \t").cast(wanted)
    except pa.ArrowException:
        return False
    return True


_SPECIAL: dict[int, Callable[[Any], bool]] = {
    pa.null().id: lambda values: False,
    pa.bool_().id: lambda values: bool(pc.all(pc.is_in(values, pa.array(TRUE_OR_FALSE))).as_py()),
    pa.string().id: lambda values: True,
}
